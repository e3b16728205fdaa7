"""WebShop (Yao et al., 2022): find and buy the product that an instruction asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, ClassVar

from skillflow_gym.actions import Action
from skillflow_gym.core import Outcome, Score, SkillEnv
from skillflow_gym.envs.webshop import engine
from skillflow_gym.envs.webshop.catalogue import Catalogue
from skillflow_gym.envs.webshop.goals import Goals, HumanGoals, SyntheticGoals
from skillflow_gym.envs.webshop.nouns import Nouns
from skillflow_gym.envs.webshop.pages import BUY, NEXT
from skillflow_gym.envs.webshop.proposals import shop_proposals
from skillflow_gym.envs.webshop.session import WINDOW, Session, find
from skillflow_gym.envs.webshop.splits import indices
from skillflow_gym.envs.webshop.tasks import GoalTasks, goal_of
from skillflow_gym.scoring.webshop import matches, reward
from skillflow_gym.sources import Source, SourceError
from skillflow_gym.tasks import Task, TaskSet
from skillflow_gym.trajectory import Context

MODES = ("text", "text_rich")


class WebShopEnv(SkillEnv):
    """The original's simulated shop with its pages, search engine, goals and reward, byte for byte.

    Description: the task is an instruction. ``act("search[words]")`` finds products on any page, ``act("click[text]")``
    follows a button, a product or an option of the present page; anything else changes nothing. ``click[buy now]``
    ends the episode with the original's reward; ``accept`` ends it with 0, nothing is bought.

    Arguments beyond SkillEnv's: ``observation_mode`` is ``text`` or ``text_rich``. ``human_goals`` takes people's
    instructions instead of synthetic ones. ``goal_seed`` seeds the generator from which the original draws prices and
    price bounds (``random.seed(goal_seed)`` before it is constructed). ``split="all"`` has every goal: there
    ``options={"index": i}`` is the original's session i; the other splits are documented in ``splits``.
    ``fixed_options=True`` compares option values where the original compares pairs, so that buying exactly what was
    asked for always earns 1; figures are then not comparable. ``nouns`` is ``auto`` (the table ``name_nouns.json``
    beside the catalogue, else spaCy if it is installed, else rules), ``rules``, ``spacy`` or the path of a table;
    ``details`` says which it is.

    Rewards: the original's, in [0, 1]; its parts are in ``info["score"]``. Success: the reward is 1.

    Source: ``file:PATH`` is a folder with ``items_shuffle.json`` or ``items_shuffle_1000.json``, the attribute file of
    the same ending beside it (``items_ins_v2*.json``) and perhaps ``items_human_ins.json``, or the product file itself.
    """

    metrics: ClassVar[tuple[str, ...]] = ("score", "r_type", "r_att", "r_option", "r_price")
    default_executor: ClassVar[str] = "direct"

    def __init__(
        self,
        benchmark: str,
        split: str = "train",
        source: str = "auto",
        observation_mode: str = "text",
        human_goals: bool = False,
        goal_seed: int = 0,
        fixed_options: bool = False,
        nouns: str = "auto",
        **kwargs: Any,
    ) -> None:
        """See the class; the other arguments are SkillEnv's.

        Raises:
            ValueError: an argument is none of those it may be.
        """
        if observation_mode not in MODES:
            raise ValueError(f"observation_mode {observation_mode!r} is none of {MODES}")
        everything = split == "all"
        super().__init__(benchmark, "train" if everything else split, str(engine.resolve(source)), **kwargs)
        self.split = "all" if everything else self.split
        self.observation_mode, self.human_goals = observation_mode, human_goals
        self.goal_seed, self.fixed_options = goal_seed, fixed_options
        self._nouns = Nouns(nouns, self.source)

    def tasks(self) -> TaskSet:
        """The goals of the split; the catalogue behind them is opened once per process."""
        return _tasks(self._catalogue, self.human_goals, self.goal_seed, self.split, self.source)

    def begin(self, task: Task) -> str:
        """Open the search page."""
        self._shop = Session(self._catalogue, task.prompt, task.id.rpartition("-")[2], self.np_random)
        return self._page()

    def act(self, text: str) -> Outcome:
        """Do what the command says; only a purchase is scored."""
        result = self.executor.run(text, self.situation(search, click))
        score: list[Score] = []

        def value(asin: str, options: Mapping[str, str]) -> float:
            score.append(self._value(asin, options))
            return score[0].reward

        self._shop.act(result.text, value)
        return Outcome(self._page(), score[0] if score else None, usage={"calls": 1, **result.usage})

    def score(self, answer: str) -> Score:
        """Nothing was bought."""
        return self.unfinished()

    def admissible(self) -> tuple[str, ...]:
        """The page's clicks; none on the search page, where any search may be typed."""
        return self._shop.commands()

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """The page's clicks, or searches made of the instruction's words."""
        return shop_proposals(context)

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """Search the goal's product by name, leaf to it, choose the options that were asked for, and buy it.

        Earns 1 on every goal for which the exact purchase does in the original.
        """
        gold = self.taskset.gold(task.id)
        product = self._catalogue.product(self._catalogue.number(gold.record["asin"]))
        name = " ".join(product.title.translate(_BRACKETS).split())
        for query in (name, f"<q> {product.query}"):
            found = find(self._catalogue, query.lower().split(" "), self.np_random).tolist()
            if (number := self._catalogue.number(product.asin)) in found:
                break
        clicks = [NEXT] * (found.index(number) // WINDOW)
        clicks += [product.asin, *_choices(gold.record["options"], product.options), BUY]
        return tuple(map(Action.act, (f"search[{query.lower()}]", *(f"click[{click.lower()}]" for click in clicks))))

    def details(self) -> dict[str, str]:
        """How the nouns of product names are found: ``table``, ``spacy`` or ``rules``."""
        return {"nouns": self._nouns.kind}

    @cached_property
    def _catalogue(self) -> Catalogue:
        return engine.open_catalogue(self.source)

    def _page(self) -> str:
        return self._shop.text() if self.observation_mode == "text" else self._shop.rich_text()

    def _value(self, asin: str, options: Mapping[str, str]) -> Score:
        """What buying ``asin`` with ``options`` earns."""
        goal, number = goal_of(self.task, self.gold), self._catalogue.number(asin)
        product = self._catalogue.product(number)
        parts = reward(
            product,
            goal,
            float(_goals(self._catalogue, self.human_goals, self.goal_seed).prices[number]),
            options,
            self._nouns.of(asin, product.title),
            self._nouns.of(goal.asin, goal.title),
            self.fixed_options,
        )
        metrics = {name: float(parts.get(name, 1.0)) for name in self.metrics if name != "score"}
        return Score(parts["reward"], parts["reward"] == 1.0, {"score": parts["reward"], **metrics})


@lru_cache(maxsize=8)
def _goals(catalogue: Catalogue, human: bool, seed: int) -> Goals:
    if not human:
        return SyntheticGoals(catalogue, seed)
    if catalogue.human is None:
        raise SourceError(f"human_goals needs {engine.HUMAN[0]} beside the product file; synthetic goals do not")
    return HumanGoals(catalogue, catalogue.human, seed)


@lru_cache(maxsize=32)
def _tasks(catalogue: Catalogue, human: bool, seed: int, split: str, source: Source) -> GoalTasks:
    goals = _goals(catalogue, human, seed)
    full = Path(source.location).name == engine.FULL
    positions = indices(goals.instructions, split, full)
    return GoalTasks(goals, positions, "human" if human else "synthetic", split, str(source))


def _choices(wanted: Mapping[str, str] | Sequence[str], options: Mapping[str, Sequence[str]]) -> list[str]:
    """The values to click for the wanted options; a human's words stand for the value that matches them."""
    if isinstance(wanted, Mapping):
        return list(wanted.values())
    values = [value for group in options.values() for value in group]
    alike = (
        next((v for v in values if v == words), next((v for v in values if matches(v, words)), "")) for words in wanted
    )
    return [value for value in alike if value]


_BRACKETS = dict.fromkeys(map(ord, "[]"), " ")


def search(keywords: str) -> str:
    """Search the shop for products."""
    return f"search[{keywords}]"


def click(text: str) -> str:
    """Click a button, a product or an option of the page."""
    return f"click[{text}]"
