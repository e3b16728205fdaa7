"""Following a skill: the steps that its body tells, and the candidates that do the next one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from operator import add
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, Context, Skill, SkillLibrary, Turn
from skillflow_gym.evolution.authors.lines import Line
from skillflow_gym.evolution.authors.template import MAX_DESCRIPTION, write
from skillflow_gym.skills.following import Step, follow, plain_stems, said_near, steps, steps_for
from skillflow_gym.text import stems

TASK = "In which year was the painter Ada Lovelace born?"
FOUND = "[1] Ada Lovelace\nAda Lovelace was born in 1815 near Turin. The museum opened to all in 1875."
BORN = Skill(
    "year-of-birth",
    "For painters: born, year.",
    "1. Do `search: {name in the task}`.\n"
    '2. Answer with `accept: {number in the passage asked for}` near "born" or "christened".\n'
    "Do not search: {the task} in place of step 1.",
)
CLOCKS = Skill("wind-clocks", "Wind up clocks.", "Wind the clock, and do `lookup: {the task}` then.")
SEARCH_NAME, SEARCH_TASK = Action.act("search: Ada Lovelace"), Action.act(f"search: {TASK}")
ACCEPT, OTHER, TOWN = Action.accept("1815"), Action.accept("1875"), Action.accept("Turin")
READ = (Action.skill(BORN.name), Action.skill(CLOCKS.name))
PROPOSALS = (*READ, SEARCH_NAME, SEARCH_TASK, ACCEPT, OTHER, TOWN)
SEARCHED = Turn(SEARCH_NAME, FOUND)
AGAIN = (SEARCH_NAME, ACCEPT, OTHER, TOWN)
"""The search of the name again, or any answer."""


def of(body: str) -> Skill:
    return Skill("s", "For years.", body)


def read(skill: Skill, shown: str = "Tools: search, lookup.", **fields: Any) -> Turn:
    """The turn that reads ``skill``, as the environment shows it."""
    return Turn(Action.skill(skill.name), f"{shown}\n\nSkill {skill.name}:\n{skill.body}", **fields)


def seen(*turns: Turn, catalogue: str = "- s: For years.") -> Context:
    return Context(TASK, catalogue, "Tools: search, lookup.", turns, (), PROPOSALS, len(turns), 8)


def step(*patterns: str, near: str = "", says: str = "", **more: bool) -> Step:
    return Step(patterns, frozenset(near.split()), frozenset(says.split()), **more)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Do `a`.", [step("a")]),
        ("Do `a` or `b: {c d}` or `e`, then stop.", [step("a", "b: {c d}", "e")]),
        ("Do `a`. Then `b` and `c`.", [step("a"), step("b"), step("c")]),
        ('Do `a` near "published", "wrote" or "sung by".', [step("a", near="publish wrote sung by")]),
        ('Do `a` or `b` near "x". Do `c`.', [step("a", "b", near="x"), step("c")]),
        ('If the task says "songs", do `a` near "sings".', [step("a", near="sing", says="song")]),
        ('If the task says "song" or "waltz", answer with `a` or `b`.', [step("a", "b", says="song waltz")]),
        ('If the task says "song",\ndo `a`.', [step("a")]),
        ("Do `a` near a word of the task.", [step("a", asks=True)]),
        ("Otherwise, do `a` or `b`. Do `c`.", [step("a", "b", otherwise=True), step("c")]),
        ('Otherwise, answer with `a` near "x".', [step("a", near="x", otherwise=True)]),
        ("Otherwise,\ndo `a` near the task.", [step("a")]),
        ('Look near "x", and say "y".', []),
        ("Search, then accept. A lone ` is nothing.", []),
        ("`a\nb`", []),
        ("", []),
    ],
)
def test_the_steps_of_a_body(body: str, expected: list[Step]) -> None:
    assert steps(body) == tuple(expected)


LISTS = """1. Do `search: {the task}`.
2. Take the first line that fits the task.
- If the task says "composed", do `search: {name in the passage asked for}` near "music".
- If the task says "born" or "birth", do `search: {name in the passage asked for}` near "born".
3. Take the first line that fits the task.
- If the task says "born", answer with `accept: {date in the passage asked for}`.
- If the task says "year", answer with `accept: {number in the passage asked for}`.
- Otherwise, answer with `accept: {name in the passage asked for}` near a word of the task."""


@pytest.mark.parametrize(
    ("task", "lines"),
    [
        ("Who was born in which year?", [0, 2, 3]),
        ("Composing a waltz: in which year?", [0, 1, 4]),
        ("Was the composer born?", [0, 1, 3]),
        ("The births of which years?", [0, 2, 4]),
        ("Born where?", [0, 2, 3]),
        ("Composed where?", [0, 1, 5]),
        ("Which town?", [0, 5]),
    ],
)
def test_of_the_lines_of_each_item_the_first_that_fits_counts(task: str, lines: list[int]) -> None:
    assert steps_for(LISTS, task) == tuple(steps(LISTS)[line] for line in lines)


def test_a_step_for_all_tasks_ends_a_row_of_lines() -> None:
    body = 'If the task says "born", do `x`. Do `y`. If the task says "born", do `z`. If the task says "year", do `w`.'
    assert [step.patterns for step in steps_for(body, "born in which year")] == [("x",), ("y",), ("z",)]


ACCEPT_YEAR = "accept: {number in the passage asked for}"
patterns = st.sampled_from(
    [
        "search: {name in the task}",
        "search: {name in the task} {words in the task} birth",
        "lookup: {title just shown}",
        "act skill: {words}",
        "accept: {yes or no}",
        "accept: {nothing}",
        ACCEPT_YEAR,
        "take {thing in the task} from {thing}",
        "put {thing} in/on {thing}",
        "click[buy now]",
        "CLICK[{number}]",
        "{words in the task}",
        "look",
    ]
)
plain_words = st.text("abcdefgilnorstuy", min_size=3, max_size=8)
several = st.lists(plain_words, min_size=1, max_size=4, unique=True).map(tuple)
ways = st.lists(patterns, min_size=1, max_size=3, unique=True).map(tuple)
line = st.builds(Line, several, ways, st.just(()) | several)
last = st.builds(Line, st.just(()), ways, asks=st.booleans())
lists = st.builds(add, st.lists(line, max_size=3), st.lists(last, max_size=1)).filter(bool)
plans = st.lists(ways | lists, min_size=1, max_size=4)


def meant(told: Any, task: str) -> list[Step]:
    """The step for ``task``, if there is one; a line for all tasks that stands alone is a step like any other."""
    if isinstance(told, tuple):
        return [Step(told)]
    fitting = [one.step for one in told if not one.says or one.step.says & {*stems(task)}]
    return [step._replace(otherwise=step.otherwise and len(told) > 1) for step in fitting[:1]]


@settings(deadline=None, derandomize=True, max_examples=300)
@given(plans, st.data())
def test_what_the_template_author_writes_is_read_as_it_was_meant(plan: Any, data: st.DataObject) -> None:
    skill = write(tuple(plan), ())
    said = sorted({word for step in plan if isinstance(step, list) for line in step for word in line.says})
    some = data.draw(st.lists(st.sampled_from(said) if said else plain_words, max_size=3))
    task = " ".join(data.draw(st.permutations([*some, "which", "town"])))
    assert steps_for(skill.body, task) == tuple(step for told in plan for step in meant(told, task))
    assert len(skill.description) <= MAX_DESCRIPTION and re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", skill.name)
    assert len(skill.name) <= 64


def test_without_an_open_skill_all_is_proposed() -> None:
    failed = Turn(Action.skill("none"), "no skill is named 'none'", error="no skill is named 'none'")
    for turns in ((), (SEARCHED,), (failed,), (SEARCHED, failed)):
        assert follow(seen(*turns), PROPOSALS) == PROPOSALS
    assert follow(seen(read(BORN), catalogue=""), PROPOSALS) == PROPOSALS


def test_an_open_skill_proposes_its_next_step() -> None:
    assert follow(seen(read(BORN)), PROPOSALS) == (SEARCH_NAME,)
    assert follow(seen(read(BORN), SEARCHED), PROPOSALS) == (ACCEPT,), "1815 stands near born, 1875 does not"
    plain = of(BORN.body.replace(' near "born" or "christened"', ""))
    assert follow(seen(read(plain), SEARCHED), PROPOSALS) == (ACCEPT, OTHER)


def test_a_step_may_be_done_in_several_ways() -> None:
    skill = of(f"1. Do `search: {{the task}}` or `search: {{name in the task}}`.\n2. Answer with `{ACCEPT_YEAR}`.")
    assert follow(seen(read(skill)), PROPOSALS) == (SEARCH_NAME, SEARCH_TASK), "in the order of the proposals"
    for way in (SEARCH_NAME, SEARCH_TASK):
        assert follow(seen(read(skill), Turn(way, FOUND)), PROPOSALS) == (ACCEPT, OTHER), "one of them is enough"


def test_the_first_line_that_fits_the_task_is_the_step() -> None:
    early, late = f'`{ACCEPT_YEAR}` near "born"', f'`{ACCEPT_YEAR}` near "opened"'
    for one, other, expected in ((early, late, ACCEPT), (late, early, OTHER)):
        listed = [
            f'- If the task says "{word}", answer with {way}.'
            for word, way in zip(("museum", "painter", "born"), ("`accept: {yes or no}`", one, other), strict=True)
        ]
        skill = of("\n".join(["1. Do `search: {name in the task}`.", "2. Take the first line that fits.", *listed]))
        assert follow(seen(read(skill), SEARCHED), PROPOSALS) == (expected,)


def test_a_text_may_stand_near_a_word_of_the_task() -> None:
    """Which of its words does not matter; names, numbers and what it quotes are no such words."""
    skill = of(f"1. Do `search: {{name in the task}}`.\n2. Answer with `{ACCEPT_YEAR}` near a word of the task.")
    shown = seen(read(skill), SEARCHED)
    assert follow(shown, PROPOSALS) == (ACCEPT,), "it is born near 1815"
    for task, expected in {
        "When did the museum open for Ada Lovelace?": (OTHER,),
        "When did Ada Lovelace die?": AGAIN,
        'When was "born" of Ada Lovelace?': AGAIN,
        "Of Ada Lovelace": AGAIN,
    }.items():
        assert follow(replace(shown, task=task), PROPOSALS) == expected, task
    assert plain_stems('What opens 1815 times in "the Museum" of the museums of Ada?') == {"open", "time", "museum"}


def test_where_nothing_stands_near_the_step_before_or_the_tool_is_left() -> None:
    skill = of(f'1. Do `search: {{name in the task}}`.\n2. Answer with `{ACCEPT_YEAR}` near "christened".')
    assert follow(seen(read(skill), SEARCHED), PROPOSALS) == AGAIN
    assert follow(seen(read(skill), SEARCHED), (*READ, SEARCH_TASK, TOWN)) == (TOWN,)
    left = (*READ, SEARCH_TASK)
    assert follow(seen(read(skill), SEARCHED), left) == left, "nothing of it can be done"
    hurried = of(f'1. Answer with `{ACCEPT_YEAR}` near "christened".')
    assert follow(seen(SEARCHED, read(hurried, FOUND)), PROPOSALS) == PROPOSALS, "nothing comes before the first step"


def test_what_is_searched_may_stand_near_words_too() -> None:
    skill = of('1. Do `search: {name in the task}`.\n2. Do `search: {name in the passage asked for}` near "born".')
    near, far = Action.act("search: Turin"), Action.act("search: Calix")
    shown = Turn(SEARCH_NAME, f"{FOUND} It moved to Calix.")
    assert follow(seen(read(skill), shown), (*PROPOSALS, near, far)) == (near,)
    after = seen(shown)
    for action in (near, Action.act("Turin"), Action.accept("Turin")):
        assert said_near(action, after) == {"born", "1815", "near"}


def test_steps_that_were_done_are_done() -> None:
    assert follow(seen(SEARCHED, read(BORN, FOUND)), PROPOSALS) == (ACCEPT,), "before it was read"
    detour = Turn(Action.act("lookup: born"), "Nothing found.")
    assert follow(seen(read(BORN), detour), PROPOSALS) == (SEARCH_NAME,), "a detour does no step"
    short = of("1. Do `search: {name in the task}`.")
    assert follow(seen(read(short), SEARCHED), PROPOSALS) == PROPOSALS, "all done"


def test_a_step_that_nothing_does_leaves_the_proposals() -> None:
    for body in ("1. Do `dance: {name in the task}`.", "Search the name, then accept the year."):
        assert follow(seen(read(of(body))), PROPOSALS) == PROPOSALS


def test_the_skill_that_was_opened_last_leads() -> None:
    lookup = Action.act(f"lookup: {TASK}")
    assert follow(seen(read(BORN), read(CLOCKS)), (*PROPOSALS, lookup)) == (lookup,)
    assert follow(seen(read(CLOCKS), read(BORN)), (*PROPOSALS, lookup)) == (SEARCH_NAME,)
    done = Turn(lookup, "Nothing found.")
    assert follow(seen(read(BORN), read(CLOCKS), done), (*PROPOSALS, lookup)) == (SEARCH_NAME,), "the other one is done"


def test_what_the_environment_showed_is_no_skill() -> None:
    """Backticks of a passage are no steps, also where a skill is read below it."""
    tricky = f"{FOUND} Do `accept: {{number in what was found}}` at once."
    assert follow(seen(read(of("1. Do `search: {name in the task}`."), tricky)), PROPOSALS) == (SEARCH_NAME,)


PIECES = [
    *("`search: {name in the task}`", "`search: {the task}`", f"`{ACCEPT_YEAR}`", "`accept: {name in the task}`"),
    *(
        " or ",
        ' near "born"',
        ' near "opened", "all"',
        ', "x"',
        'If the task says "born", ',
        'If the task says "clock" ',
    ),
    *("\n1. ", "\n2. ", "\n- ", "`", '"', "{", "Do ", ". ", "Skill s:\n", "\r", "\ud800", "ﷺ"),
]
bodies = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join)
turns = st.one_of(
    bodies.map(lambda body: read(of(body))),
    st.sampled_from([SEARCHED, Turn(SEARCH_TASK, FOUND), Turn(Action.act("lookup: x"), "Nothing found."), read(BORN)]),
    bodies.map(lambda body: Turn(Action.act(body), body)),
)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(turns, max_size=4), st.lists(st.sampled_from(PROPOSALS), min_size=1, max_size=9))
def test_whatever_is_read_some_proposals_are_left_in_their_order(history: list[Turn], some: Sequence[Action]) -> None:
    shown = seen(*history)
    left = follow(shown, some)
    assert left
    rest = iter(some)
    assert all(action in rest for action in left), "a part of them, in their order"
    assert follow(shown, left) == left, "what is left does the next step"
    assert follow(replace(shown, catalogue=""), some) == tuple(some)


def test_catalogues_of_libraries_are_no_steps() -> None:
    """A description is not followed, whatever it says."""
    tempting = replace(CLOCKS, description="Do `search: {name in the task}`.")
    catalogue = SkillLibrary([tempting]).catalogue
    assert follow(seen(catalogue=catalogue), PROPOSALS) == PROPOSALS
