"""Patterns: what belongs to the task becomes a slot that says where it comes from; the rest stays."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, ActionKind, Context, Turn
from skillflow_gym.policy import UniformPolicy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.skills.pattern import around, pattern
from skillflow_gym.text import content_words
from tests.contract.harness import QA, make, taskset

TASK = 'In which year was Ada Lovelace, of "the analytical engine", older than 12?'
OLDER = "[1] Charles Babbage\nCharles Babbage was an inventor. He met Ada at Turin."
NEWER = "[1] Countess of Lovelace\nAda King was born on 10 December 1815 in London.\n[2] Engine\nIt had 1,000 wheels."


def context(task: str, *observations: str, admissible: tuple[str, ...] = (), skill: str = "") -> Context:
    turns = [Turn(Action.act(f"search: {i}"), shown) for i, shown in enumerate(observations)]
    if skill:
        turns.append(Turn(Action.skill("s"), skill))
    return Context(task, "", "Tools:\nsearch: query - The passages.", tuple(turns), admissible, (), len(turns), 8)


@pytest.mark.parametrize(
    ("action", "expected"),
    {
        Action.skill("follow-up"): "skill: follow-up",
        Action.act(f"search: {TASK}"): "search: {the task}",
        Action.act("search: Ada Lovelace"): "search: {name in the task}",
        Action.act("search: ada lovelace"): "search: {name in the task}",
        Action.act("search: the analytical engine"): "search: {quote in the task}",
        Action.act("search: Ada Lovelace older"): "search: {name in the task} {words in the task}",
        Action.act("search: Ada Lovelace birth place"): "search: {name in the task} birth place",
        Action.act("search: Ada Lovelace birth place street house"): "search: {name in the task} {words}",
        Action.act("search: Countess of Lovelace"): "search: {title just shown}",
        Action.act("search: Charles Babbage"): "search: {title shown before}",
        Action.act("search: Turin"): "search: {name in what was found}",
        Action.act("search: Xanadu 42"): "search: {name} {number}",
        Action.act("lookup: wheels"): "lookup: {words in what was found}",
        Action.act("look around"): "look around",
        Action.act("Describe Charles Babbage"): "describe {title shown before}",
        Action.act(""): "{nothing}",
        Action.act("skill: x"): "act skill: x",
        Action.accept("1815"): "accept: {number in what was found}",
        Action.accept("1,000"): "accept: {number in what was found}",
        Action.accept("10 December 1815"): "accept: {date in what was found}",
        Action.accept("London"): "accept: {name in what was found}",
        Action.accept("12"): "accept: {number in the task}",
        Action.accept("yes"): "accept: {yes or no}",
        Action.accept("No."): "accept: {yes or no}",
        Action.accept("an unknown thing"): "accept: unknown thing",
        Action.accept("x " * 500): "accept: {words}",
        Action.accept(""): "accept: {nothing}",
    }.items(),
)
def test_open_actions(action: Action, expected: str) -> None:
    assert pattern(action, context(TASK, OLDER, NEWER)) == expected


def after(*steps: tuple[str, str]) -> Context:
    """What is seen after the given acts and what each showed."""
    turns = [Turn(Action.act(act), shown) for act, shown in steps]
    return Context(TASK, "", "Tools:\nsearch: query - The passages.", tuple(turns), (), (), len(turns), 8)


def found_by(*steps: tuple[str, str]) -> dict[str, str]:
    """The slot of each of some answers."""
    texts = ["Turin", "inventor", "Charles Babbage", "Ada Lovelace", "1,000", "London", "Countess of Lovelace"]
    shown = after(*steps)
    return {text: pattern(Action.accept(text), shown).removeprefix("accept: ") for text in texts}


def test_the_passage_that_was_asked_for() -> None:
    babbage = ("search: Charles Babbage", OLDER)
    slots = found_by(babbage)
    assert (
        slots["Turin"] == "{name in the passage asked for}" and slots["inventor"] == "{words in the passage asked for}"
    )
    assert slots["Charles Babbage"] == "{name in the passage asked for}", "its text names it"
    assert slots["Ada Lovelace"] == "{name in the task}", "the task comes first"
    slots = found_by(babbage, ("search: wheels of the engine", NEWER))
    assert slots["1,000"] == "{number in the passage asked for}", "Engine, of two that were found"
    assert slots["London"] == "{name in what was found}" and slots["Countess of Lovelace"] == "{title just shown}"
    assert slots["Turin"] == "{name in what was found}", "it was asked for before"


def test_what_asks_for_a_passage() -> None:
    def asks(act: str, shown: str = NEWER) -> bool:
        return found_by((act, shown))["London"] == "{name in the passage asked for}"

    assert (
        asks("search: Countess of Lovelace") and asks("lookup: lovelace, countess of") and asks("Countess of Lovelace")
    )
    assert not asks("search: Countess"), "all words of its title"
    assert not asks("search: 1815 London") and not asks("search: Engine")
    assert not asks("search: London", "[1] …\nShe was born in London."), "a title without words cannot be asked for"
    asked = ("search: Countess of Lovelace", NEWER)
    for later in (("search: x", "Nothing found."), ("look", "You see London.")):
        assert found_by(asked, later)["London"] == "{name in the passage asked for}", "nothing new was found"
    reading = replace(after(asked), turns=(*after(asked).turns, Turn(Action.skill("s"), f"{OLDER}\n\nSkill s:\nx")))
    assert pattern(Action.accept("London"), reading) == "accept: {name in the passage asked for}"


def test_what_stands_around_a_text() -> None:
    """Four words on each side in its sentence, without stop words and its own."""
    shown = "[1] Bridges\nThe long iron bridge of Turin opened late in 1815.\n[2] Ada King\nAda King was born in 1815."
    assert around(after(("search: bridge", shown)), "1815") == {"turin", "opened", "late"}, "the first place"
    assert around(after(("search: Ada King", shown)), "1815") == {"king", "born"}, "the passage asked for"
    assert around(after(("search: Ada King", shown)), "iron bridge") == {"long", "turin", "opened", "late"}
    newer = "[1] Dates\nIn 1815 a war ended."
    assert around(after(("search: bridge", shown), ("search: wars", newer)), "1815") == {"war", "ended"}, "the newest"
    assert around(after(("search: Ada King", shown), ("search: wars", newer)), "Turin") == {
        "long", "iron", "bridge", "opened", "late", "1815"
    }  # fmt: skip
    assert around(after(("look", "The 1815 bottle is here.")), "1815") == {"bottle", "here"}, "no passages"
    for text in ("", "…", "Xanadu", "King Ada"):
        assert around(after(("search: bridge", shown)), text) == frozenset()


KITCHEN = "You are in a room with a cabinet 3, a drawer 3, a fridge 1 and a table 2. On the table 2 is a apple 1."


@pytest.mark.parametrize(
    ("command", "expected"),
    {
        "open drawer 3": "open {thing in what was found}",
        "take apple 1 from table 2": "take {thing in the task} from {thing in what was found}",
        "put apple 1 in/on fridge 1": "put {thing in the task} in/on {thing in the task}",
        "go to fridge 1": "go to {thing in the task}",
        "pick up soap bar 4": "pick up {thing}",
        "look": "look",
        "look around": "look around",
        "wait 3": "wait {number}",
        "click[buy now]": "click[buy now]",
        "click[apple]": "click[{words in the task}]",
        "click[b09xyz]": "click[{number}]",
        "search[hot apple]": "search[{words in the task}]",
    }.items(),
)
def test_commands_of_a_closed_set(command: str, expected: str) -> None:
    shown = context("Put a hot apple in the fridge.", KITCHEN, admissible=("look", "inventory"))
    assert pattern(Action.act(command), shown) == expected


def test_the_body_of_a_skill_is_not_what_was_found() -> None:
    without, read = context(TASK, NEWER), context(TASK, NEWER, skill=f"{NEWER}\n\nSkill s:\nAsk for Xanadu.")
    for action in (Action.act("search: Xanadu"), Action.act("search: Engine"), Action.accept("London")):
        assert pattern(action, read) == pattern(action, without)


def test_names_do_not_matter() -> None:
    actions = ["search: Ada Lovelace", "search: Charles Babbage", "search: Turin", "lookup: Ada Lovelace older"]
    other = [TASK, OLDER, NEWER, *actions]
    for old, new in {"Ada Lovelace": "Tvelmund Ø'Donnell", "Charles Babbage": "Évora Remen", "Turin": "Qalat"}.items():
        other = [text.replace(old, new) for text in other]
    for action, renamed in zip(actions, other[3:], strict=True):
        assert pattern(Action.act(action), context(TASK, OLDER, NEWER)) == pattern(
            Action.act(renamed), context(*other[:3])
        )


@pytest.mark.parametrize("name", QA)
def test_real_candidates(name: str) -> None:
    """All proposals of real rollouts become few patterns, with no word of the tasks in them."""
    jobs = [Job(f"{i}", task.id, "g", (0, i)) for i, task in enumerate(taskset(name, "train")[:12])]
    collector = Collector(lambda: make(name))
    trajectories = collector.collect(UniformPolicy(), jobs).trajectories
    collector.close()
    contexts = [shown for trajectory in trajectories for shown in trajectory.contexts()]
    patterns = {pattern(action, shown) for shown in contexts for action in shown.proposals}
    assert 10 < len(patterns) < 80
    slots = "task name number date quote title shown before found passage asked words nothing just yes no".split()
    said = {word for made in patterns for word in content_words(made)}
    assert said <= {"search", "lookup", "accept", *slots}
    for shown in contexts[:20]:
        copy = replace(shown, proposals=())
        assert [pattern(a, copy) for a in shown.proposals] == [pattern(a, shown) for a in shown.proposals]


def test_it_is_cheap() -> None:
    shown = context(TASK, OLDER, NEWER)
    actions = [Action.act(f"search: {word}") for word in (TASK + OLDER + NEWER).split()]
    spans = []
    for _ in range(5):
        start = time.perf_counter()
        for action in actions:
            pattern(action, shown)
        spans.append(time.perf_counter() - start)
    assert min(spans) / len(actions) < 50e-6, "ten times what it should take"


TRAPS = [
    *"` {} [1] [] : search: accept: skill: click[ ] Ada Lovelace 1815 yes no … ﷺ ½ 's “Ada”".split(),
    *("\u0345", "\ud800", "\u2028", "\x85", "\x1c", "\x00", "\n", "\r\n", "[1] Ada\n", '"', "a" * 300, "word " * 30),
]
texts = st.lists(st.sampled_from(TRAPS) | st.text(max_size=6), max_size=8).map(" ".join) | st.lists(
    st.sampled_from(TRAPS), max_size=5
).map("".join)
actions = st.builds(Action, st.sampled_from(ActionKind), texts)
contexts = st.builds(
    lambda task, shown, admissible, body: context(task, *shown, admissible=admissible, skill=body),
    texts,
    st.lists(texts, max_size=3),
    st.sampled_from([(), ("look",)]),
    texts,
)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(actions, contexts)
@example(Action.skill("a\n`b`" * 99), context(""))
@example(Action.act("ﷺ: ﷺ ½"), context("ﷺ ½"))
def test_any_text_gives_one_short_line(action: Action, shown: Context) -> None:
    made = pattern(action, shown)
    assert made and made.splitlines() == [made] and made == made.strip() and "`" not in made
    made.encode()
    assert pattern(action, replace(shown)) == made
