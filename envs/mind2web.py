"""Mind2Web (Deng et al., 2023): predict the next action on recorded pages of real web sites."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar

from skillflow_gym.actions import Action
from skillflow_gym.core import Outcome, Score, SkillEnv
from skillflow_gym.envs.mind2web_pages import View
from skillflow_gym.envs.mind2web_proposals import CANDIDATES, mind2web_proposals
from skillflow_gym.envs.mind2web_records import OPERATIONS, SCHEMA, PageStore, parse_record
from skillflow_gym.envs.mini import mind2web as mini
from skillflow_gym.registration import Stanza, stanza
from skillflow_gym.scoring.mind2web import FAILED, METRICS, StepScore, score_step, score_task
from skillflow_gym.sources import Source, load_records, record_file
from skillflow_gym.tasks import Task, TaskSet, from_records
from skillflow_gym.trajectory import Context

TEST_SETS = ("test_task", "test_website", "test_domain")
"""The benchmark's test splits: new tasks on known sites, new sites of known domains, new domains."""
EXTRA_STEPS = 10
"""How many actions an episode may have beyond its recorded steps."""

_PREDICTION = re.compile(rf"\s*({'|'.join(OPERATIONS)})\s*\[([0-9]{{1,6}})\]\s*(.*)", re.DOTALL)


class Mind2WebEnv(SkillEnv):
    """Mind2Web, teacher-forced as the benchmark defines it: recorded pages, no live site.

    Description: the observation is the present page pruned around its candidates in MindAct's notation, the recorded
    actions that led to it, and the candidates, ``[number]`` and their first words. ``act("CLICK [3]")``,
    ``act("TYPE [3] text")`` or ``act("SELECT [3] option")`` is the prediction for this page. Whatever was predicted,
    the next page is the recorded one, and the history holds the recorded action. A text that is no prediction, or
    names no candidate, counts as a wrong one; what it lacks is said above the next page.

    Arguments beyond SkillEnv's: ``top_k``: candidates shown, by the rank that the record gives them, or by
    ``mind2web_ranking.rank`` where it gives none; 0 for all. ``split`` may also be ``test_website`` or ``test_domain``;
    ``test`` is ``test_task``. ``step_limit``: 0 for the recorded steps and EXTRA_STEPS more, for skills.

    Rewards: the fraction of recorded steps that succeed, at the end; success if all do. Steps without a positive
    candidate among those shown fail, as in the benchmark. ``accept`` ends the episode; the steps that remain fail.

    Information: ``score`` holds the task's figures so far (means over all its steps, those not taken counting 0, so
    that their mean over tasks is the paper's macro average) and, as ``last_...``, those of the step just taken.
    """

    metrics: ClassVar[tuple[str, ...]] = (*METRICS, *(f"last_{name}" for name in StepScore._fields))
    schema: ClassVar[Mapping[str, Any]] = SCHEMA
    default_executor: ClassVar[str] = "direct"

    def __init__(
        self, benchmark: str, split: str = "train", top_k: int = 50, step_limit: int = 0, **kwargs: Any
    ) -> None:
        """See the class; the other arguments are SkillEnv's.

        Raises:
            ValueError: ``top_k`` is below 0.
        """
        if top_k < 0:
            raise ValueError(f"top_k must be at least 0 (all candidates), got {top_k}")
        self._test_set = split if split in TEST_SETS else TEST_SETS[0]
        super().__init__(benchmark, split=split, step_limit=step_limit, **kwargs)
        self.top_k = top_k
        self._fixed_limit = step_limit

    @property
    def stanza(self) -> Stanza:
        """The registry's stanza, whose test split is the chosen one of the three."""
        return self._stanza

    @stanza.setter
    def stanza(self, registered: Stanza) -> None:
        self._stanza = _with_test_set(registered, self._test_set)

    def tasks(self) -> TaskSet:
        """The annotated tasks of the split; loaded once per process and shared by all environments that play them."""
        tasks, self._pages = _load(self.stanza.name, self._test_set, self.split, self.source, self._file_version())
        return tasks

    def begin(self, task: Task) -> str:
        """Open the first recorded page."""
        self._done: list[StepScore] = []
        self.step_limit = self._fixed_limit or len(task.record["steps"]) + EXTRA_STEPS
        return self._show()

    def act(self, text: str) -> Outcome:
        """Judge the prediction for the present page and turn to the next one."""
        result = self.executor.run(text, self.situation())
        step, problem = self._judge(result.text)
        self._done.append(step)
        over = len(self._done) == len(self.task.record["steps"])
        shown = "\n\n".join(filter(None, (problem, "" if over else self._show())))
        present = self._present()
        usage = {"calls": max(result.calls, 1), **result.usage}
        return Outcome(shown, present if over else None, present.metrics, usage)

    def score(self, answer: str) -> Score:
        """The episode as it stands; the steps that were not taken count 0."""
        return self._present()

    def unfinished(self) -> Score:
        """As ``accept`` would have scored it."""
        return self._present()

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """Clicks on the candidates, phrases of the task in text fields, options of lists."""
        return mind2web_proposals(context)

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """The recorded actions; they earn less than 1.0 where no right element is among the candidates shown."""
        return tuple(Action.act(self._gold_text(task, step)) for step in range(len(task.record["steps"])))

    def _gold_text(self, task: Task, step: int) -> str:
        gold = self.taskset.gold(task.id).record["steps"][step]
        candidates = self._view(task, step).candidates
        number = next((candidates.index(name) for name in gold["elements"] if name in candidates), 0)
        return f"{gold['op']} [{number}]" + ("" if gold["op"] == "CLICK" else f" {gold['value']}")

    def _judge(self, text: str) -> tuple[StepScore, str]:
        """The figures of a prediction for the present page, and what is wrong with its form."""
        if (match := _PREDICTION.fullmatch(text)) is None:
            return FAILED, "not understood: expected CLICK [number], TYPE [number] text or SELECT [number] option"
        candidates = self._view(self.task, len(self._done)).candidates
        op, number, value = match[1], int(match[2]), match[3]
        if number >= len(candidates):
            return FAILED, f"no candidate has the number {number}"
        gold = self.gold.record["steps"][len(self._done)]
        positives = [name for name in gold["elements"] if name in candidates]
        return score_step(candidates[number], op, value, positives, gold["op"], gold["value"]), ""

    def _present(self) -> Score:
        figures = score_task(self._done, len(self.task.record["steps"]))
        last = self._done[-1] if self._done else FAILED
        figures.update({f"last_{name}": value for name, value in last._asdict().items()})
        return Score(figures["step_success"], figures["task_success"] == 1.0, figures)

    def _show(self) -> str:
        step = len(self._done)
        view = self._view(self.task, step)
        history = "\n".join(self.gold.record["reprs"][:step]) or "None"
        choices = "\n".join(f"[{number}] {choice}" for number, choice in enumerate(view.choices))
        return f"{view.html}\n\nPrevious actions:\n{history}\n{CANDIDATES}{choices}"

    def _view(self, task: Task, step: int) -> View:
        return self._pages.step_view(task, step, self.top_k)

    def _file_version(self) -> tuple[tuple[int, int], ...]:
        """Changes when the files do, so that a task set in the cache is never stale."""
        if self.source.kind != "file":
            return ()
        found = record_file(self.stanza, self.source.location, self.split)
        status = [path.stat() for path in (sorted(found.glob("*.json")) if found.is_dir() else (found,))]
        return tuple((each.st_mtime_ns, each.st_size) for each in status)


def _with_test_set(registered: Stanza, test_set: str) -> Stanza:
    return replace(registered, splits={**registered.splits, "test": test_set})


@lru_cache(maxsize=8)
def _load(
    benchmark: str, test_set: str, split: str, source: Source, version: tuple[tuple[int, int], ...]
) -> tuple[TaskSet, PageStore]:
    chosen = _with_test_set(stanza(benchmark), test_set)
    pages = PageStore()
    records = load_records(chosen, source, split, lambda split: mini.records(chosen.splits[split]))
    tasks = from_records(records, lambda record, index: parse_record(record, index, pages), split, str(source))
    return tasks, pages
