"""Proposals for mathematics: what is read from a text, what is made of results, and the share of problems solved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, ActionKind, Context, SkillEnv, Turn
from skillflow_gym.envs import math_operations, math_proposals, math_text
from skillflow_gym.envs.math_proposals import MAX_ANSWERS, MAX_CALLS, MAX_FOLLOW_UPS
from skillflow_gym.envs.math_text import Formula, formulas, integers, points, read
from skillflow_gym.envs.mini.aime import GENERATORS as AIME
from skillflow_gym.envs.mini.math_hard import GENERATORS as MATH
from tests.contract.harness import core, make

propose = math_proposals.math_proposals


def context(task: str, turns: Sequence[Turn] = ()) -> Context:
    return Context(task, "Tools:", "", tuple(turns), (), (), len(turns), 8)


def shown(*results: str) -> list[Turn]:
    return [Turn(Action.act(f"calculate: {i}"), result) for i, result in enumerate(results)]


def acts(task: str, turns: Sequence[Turn] = ()) -> list[str]:
    return [a.argument for a in propose(context(task, turns)) if a.kind is ActionKind.ACT]


def answers(task: str, *results: str) -> list[str]:
    return [a.argument for a in propose(context(task, shown(*results))) if a.kind is ActionKind.ACCEPT]


# --- reading


@pytest.mark.parametrize(
    ("latex", "sides", "relations"),
    [
        (r"\frac{3}{5} + \frac12 \cdot 6", ("(3/5) + (1/2)*6",), ()),
        ("x^2 - 5x + 6 = 0", ("x**2 - 5*x + 6", "0"), ("=",)),
        (r"|x - 28| \le 30", ("Abs(x - 28)", "30"), ("<=",)),
        (r"\left(x + 3\right)^{12}", ("(x + 3)**12",), ()),
        (r"1 \le k < 537", ("1", "k", "537"), ("<=", "<")),
        (r"\sqrt{12} - \sqrt[3]{x+1}", ("sqrt(12) - root(x + 1, 3)",), ()),
        (r"(2 + 3i)(1 - i)", ("(2 + 3*I)*(1 - I)",), ()),
        (r"\binom{9}{2}!", ("factorial(binomial(9, 2))",), ()),
        (r"2\pi r", ("2*pi*r",), ()),
        (r"10{,}000", ("10000",), ()),
        ("-x", ("-x",), ()),
    ],
)
def test_formulas(latex: str, sides: tuple[str, ...], relations: tuple[str, ...]) -> None:
    assert read(latex) == Formula(sides, relations)


@pytest.mark.parametrize(
    "latex", ["", "(3,4)", "a_1", "f(x)", r"\frac{1}{", "x +", r"\triangle ABC", "(" * 200, "9" * 400]
)
def test_what_is_not_read(latex: str) -> None:
    assert read(latex) is None


@settings(deadline=None)
@given(st.text(r"x12+-*/^(){}[]\ =<,!i|" + "fracsqt", max_size=40))
def test_any_formula_is_read_or_not(latex: str) -> None:
    formula = read(latex)
    assert formula is None or len(formula.sides) == len(formula.relations) + 1
    assert all(number >= 0 for number in integers(f"${latex}$ {latex}"))


def test_quantities() -> None:
    text = r"From $1$ to $1{,}553$, 12 or 1,200 of $x^2 - 5x$, 3.5 and $7^{10}$; $(-1,9)$."
    assert integers(text) == (1, 1553, 12, 1200, 7, 10, 1, 9)
    assert integers("$x^2 - 5x$ of three") == (2, 5), "where there are no others, coefficients are quantities"
    assert integers("Twenty five knights, three of them and twelve-year-olds of thirty-one.") == (25, 3, 12, 31)
    assert points(text) == ((-1, 9),)
    assert formulas(text)[-1] == Formula(("7**10",), ())


# --- what is proposed


@pytest.mark.parametrize(
    ("task", "call"),
    [
        ("Find the remainder when $7^{50}$ is divided by $1000$.", "calculate: Mod(7**50, 1000)"),
        ("How many positive divisors has 360?", "calculate: divisor_count(360)"),
        ("Evaluate $\\frac{1}{2} + \\frac{1}{3}$.", "calculate: simplify((1/2) + (1/3))"),
        ("Solve $x^2 = 5$.", "calculate: solve(x**2 - (5), x)"),
        ("Find the sum of 3, 4 and 5.", "calculate: Add(3, 4, 5)"),
        ("Expand $(x+1)(x+2)$.", "calculate: expand((x + 1)*(x + 2))"),
    ],
)
def test_operations_that_the_words_call_for(task: str, call: str) -> None:
    assert call in acts(task)[:10]


def test_results_are_quantities() -> None:
    task = "Find $m+n$, where $\\frac{m}{n}$ is the sum, modulo $1000$."
    assert "calculate: Add(61, 84)" in acts(task, shown("61/84"))
    assert "calculate: Mul(23, 17)" in acts(task, shown("{x: 23, y: 17}"))
    assert "calculate: Mod(123456, 1000)" in acts(task, shown("123456"))
    assert "calculate: Add(7, 5)" in acts(task, shown("5", "7"))
    assert acts(task, shown("[(1, 2), (3, 4)]")) == acts(task), "a list of pairs holds no numbers"


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ("42", "42"),
        ("61/84", "61/84"),
        ("[2, 3]", "2, 3"),
        ("{-1, 4}", "-1, 4"),
        ("[(1, 2), (3, 4)]", "(1, 2), (3, 4)"),
        ("{x: -6, y: 4}", "(-6, 4)"),
        ("Interval.open(-5, 10)", "(-5, 10)"),
        ("Interval(2 - sqrt(3), 58)", "[2 - sqrt(3), 58]"),
        ("Interval.Ropen(0, oo)", "[0, oo)"),
        ("(4, 25/2)", "(4, 25/2)"),
        ("15*x - 6", "15*x - 6"),
    ],
)
def test_results_are_answers(result: str, answer: str) -> None:
    assert answers("Find it.", result) == [answer]
    assert answers("Find it.", result, "7")[:2] == ["7", answer], "the newest first"


@pytest.mark.parametrize("result", ["", "Nothing printed.", "x" * 200, "1\n2"])
def test_what_is_no_answer(result: str) -> None:
    assert answers("Are there 3 or 5?", result) == ["3", "5", "0"]


def test_no_answer_before_anything_was_tried_if_there_is_anything_to_try() -> None:
    assert not any(action.kind is ActionKind.ACCEPT for action in propose(context("Find 3 + 4.")))
    assert propose(context("Who was first?")) == (Action.accept("0"),)


@settings(deadline=None)
@given(st.text(max_size=120), st.lists(st.text(max_size=60), max_size=6))
def test_any_text_has_proposals_within_the_bounds(task: str, results: list[str]) -> None:
    proposals = propose(context(task, shown(*results)))
    assert len(set(proposals)) == len(proposals) <= MAX_CALLS + MAX_FOLLOW_UPS + MAX_ANSWERS
    assert proposals


def test_the_grammar_names_no_generator() -> None:
    for module in (math_operations, math_proposals, math_text):
        assert module.__file__ is not None
        source = Path(module.__file__).read_text(encoding="utf-8")
        assert "envs.mini" not in source
        assert not [g.name for g in (*AIME, *MATH) if "_" in g.name and re.search(rf"\b{g.name}\b", source)]


# --- what they reach


def solved(env: SkillEnv, task_id: str) -> bool:
    """Whether one call, or one call and another over its result, shows an answer that is right."""
    turns: dict[str, str] = {}
    task = env.taskset.by_id(task_id)

    def run(act: Action) -> Turn:
        if act.argument not in turns:
            env.reset(options={"task_id": task_id})
            turns[act.argument] = env.step(act)[0]["observation"]
        return Turn(act, turns[act.argument])

    def right(history: list[Turn]) -> bool:
        offered = propose(context(task.prompt, history))
        return any(a.kind is ActionKind.ACCEPT and env.score(a.argument).success for a in offered)

    first = [a for a in propose(context(task.prompt)) if a.kind is ActionKind.ACT]
    for act in first:
        if right([run(act)]):
            return True
    for act in first:
        history = [run(act)]
        more = [a for a in propose(context(task.prompt, history)) if a.kind is ActionKind.ACT and a not in first]
        if any(right([*history, run(other)]) for other in more):
            return True
    return False


@pytest.mark.parametrize("name", ["AIME-2026", "MATH-Hard"])
def test_some_problems_are_within_reach_and_some_are_not(name: str) -> None:
    env = core(make(name))
    found = [solved(env, task.id) for task in env.taskset[:6]]
    assert sum(found) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("name", ["AIME-2026", "MATH-Hard"])
def test_two_in_five_problems_are_within_reach(name: str, split: str) -> None:
    env = core(make(name, split=split))
    found = [solved(env, task.id) for task in env.taskset]
    assert 0.4 <= sum(found) / len(found) < 1.0
