r"""MATH's score: answers that are equivalent to the gold, and those that only look so."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.scoring.math_hard import MAX_LENGTH, clean, gold_answer, rational, settle, split_unit
from skillflow_gym.scoring.math_worker import equivalent
from skillflow_gym.scoring.plain_math import to_latex
from tests.envs.math_files import needs, read
from tests.scoring.math_pairs import DIFFERENT, EQUIVALENT

pytest.importorskip("math_verify", reason="needs the reasoning extra")

MISSED: set[tuple[str, str]] = set()
"""Pairs of tests/scoring/math_pairs.py that are judged wrongly."""


def test_there_are_enough_pairs() -> None:
    for pairs in (EQUIVALENT, DIFFERENT):
        every = [pair for trap in pairs.values() for pair in trap]
        assert len(every) == len(set(every)) >= 150


@pytest.mark.parametrize("trap", EQUIVALENT)
def test_equivalent_answers_are_right(trap: str) -> None:
    wrong = {pair for pair in EQUIVALENT[trap] if not equivalent(*pair)}
    assert wrong == MISSED & set(EQUIVALENT[trap])


@pytest.mark.parametrize("trap", DIFFERENT)
def test_different_answers_are_wrong(trap: str) -> None:
    right = {pair for pair in DIFFERENT[trap] if equivalent(*pair)}
    assert right == MISSED & set(DIFFERENT[trap])


def test_fewer_than_one_in_a_hundred_is_missed() -> None:
    every = sum(map(len, (*EQUIVALENT.values(), *DIFFERENT.values())))
    assert len(MISSED) <= every / 100


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2*sqrt(3)", r"2 \cdot \sqrt{3}"),
        ("x**2 - 1", r"x^{2} - 1"),
        ("x**(n + 1)", r"x^{n + 1}"),
        ("x^-2", "x^{-2}"),
        ("pi/4", r"\pi /4"),
        ("(-oo, 3)", r"(-\infty , 3)"),
        ("sqrt(2 + sqrt(3))", r"\sqrt{2 + \sqrt{3}}"),
        ("binomial(5, 2)", r"\binom{5}{ 2}"),
        ("3 + 4*I", r"3 + 4 \cdot i"),
        ("{1, 2}", r"\{1, 2\}"),
        ("5%", r"5\%"),
        ("x <= 3", r"x \le  3"),
        ("sqrt(", "sqrt("),
        ("Monday", "Monday"),
    ],
)
def test_what_a_calculator_writes(written: str, meant: str) -> None:
    assert to_latex(written) == meant


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        (r"5\text{ cm}", "5", "cm"),
        ("36 inches", "36", "inch"),
        (r"15\mbox{ cm}^2", "15", "cm 2"),
        (r"12\text{ square units}", "12", "unit 2"),
        (r"\frac{1}{2}\text{ hours}", r"\frac{1}{2}", "hour"),
        ("5", "5", ""),
        ("x + y", "x + y", ""),
        (r"3\text{ and }5", r"3\text{ and }5", ""),
    ],
)
def test_units(text: str, value: str, unit: str) -> None:
    assert split_unit(text) == (value, unit)


@settings(deadline=None)
@given(st.fractions(max_denominator=10_000), st.fractions(max_denominator=10_000))
def test_rational_numbers_need_no_algebra(one: object, other: object) -> None:
    a, b = (rf"\frac{{{x.numerator}}}{{{x.denominator}}}" for x in (one, other))  # type: ignore[attr-defined]
    assert rational(a) == one and settle(a, b) is (one == other)


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from([r"\frac{1}{2}", "[2,5)", "x^2", r"\text{even}", "2516_8", "1,2"]))
def test_any_text_is_cleaned_and_looked_at(text: str, gold: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) <= MAX_LENGTH
    assert settle(clean(gold), cleaned) in (True, False, None)


@pytest.mark.parametrize("text", ["9" * 3_000, "(" * 100 + "9" + ")" * 100, r"\boxed{}", "", "   "])
def test_what_is_no_answer_is_wrong_at_once(text: str) -> None:
    assert clean(text) == "" and settle("9", "") is False


def test_a_solution_without_a_box_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no \\boxed"):
        gold_answer("The answer is 7.")


@needs("math_hard/test.jsonl", "math_hard/answers.jsonl")
def test_the_real_solutions() -> None:
    golds = [gold_answer(record["solution"]) for record in read("math_hard/test.jsonl")]
    answers = [record["answer"] for record in read("math_hard/answers.jsonl")]
    assert golds == answers and len(golds) == 90
    assert [pair for pair in zip(golds, answers, strict=True) if not equivalent(*pair)] == []
    # Neighbours have different answers, but for one that names what the other is.
    neighbours = list(zip(golds, [*answers[1:], answers[0]], strict=True))
    same = [pair for pair in neighbours if pair[1] in (pair[0], f"x={pair[0]}")]
    assert [pair for pair in neighbours if equivalent(*pair)] == same


@needs("math_hard/test.jsonl")
def test_real_answers_in_other_dress() -> None:
    for record in read("math_hard/test.jsonl"):
        gold = gold_answer(record["solution"])
        for dress in (f"${gold}$", rf"The answer is $\boxed{{{gold}}}$.", f"  {gold}  "):
            assert equivalent(gold, dress), record["type"]
