"""Mini MATH: every answer again by SymPy or by trying, solutions that end in the answer, and splits."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from skillflow_gym.envs.math_text import read
from skillflow_gym.envs.mini.math_hard import (
    GENERATORS,
    fraction,
    math_hard_problems,
    math_hard_records,
    polynomial,
    root,
    surd,
)
from skillflow_gym.envs.mini.problems import SIZES, Problem
from skillflow_gym.scoring.math_hard import gold_answer
from skillflow_gym.scoring.math_worker import equivalent

sympy = pytest.importorskip("sympy", reason="needs the reasoning extra")
pytest.importorskip("math_verify", reason="needs the reasoning extra")

PROBLEMS = [problem for split in SIZES for problem in math_hard_problems(split)]


def algebra(shown: str) -> Any:
    """What the wording shows, read by another parser than the one that wrote it."""
    formula = read(shown)
    assert formula is not None
    return sympy.sympify(formula.sides[0])


def between(r: int, s: int, left: str) -> str:
    halves = [sympy.Rational(n, 2) for n in range(-120, 121)]  # between 9 and 10 there is no integer
    inside = [x for x in halves if algebra(left).subs("x", x) < 0]
    first, last = inside[0] - sympy.Rational(1, 2), inside[-1] + sympy.Rational(1, 2)
    assert (first, last) == (r, s)
    return f"{first} < x < {last}"


def within(c: int, r: int) -> str:
    inside = [n for n in range(-80, 81) if abs(n - c) <= r]
    return f"{inside[0]} <= x <= {inside[-1]}"


def crossing(a: int, b: int, c: int, d: int, e: str, f: str, **_: Any) -> str:
    (found,) = [
        (x, y) for x in range(-30, 31) for y in range(-30, 31) if a * x + b * y == int(e) and c * x + d * y == int(f)
    ]
    return str(found)


def lowest(f: str, **_: Any) -> str:
    values = {n: algebra(f).subs("x", n) for n in range(-30, 31)}
    x = min(values, key=lambda n: values[n])
    return f"({x}, {values[x]})"


def product(a: int, b: int, c: int, d: int) -> str:
    value = complex(a, b) * complex(c, -d)
    return f"{int(value.real)} + {int(value.imag)}*I"


def limit(a: int, p: int, q: int) -> str:
    exact = Fraction(a * q, q - p)
    assert math.isclose(sum(a * (p / q) ** n for n in range(2_000)), exact)
    return str(exact)


def composed(f: str, g: str, **_: Any) -> str:
    return str(sympy.expand(algebra(f).subs("x", algebra(g))))


AGAIN: dict[str, Callable[..., str]] = {
    "fractions": lambda a, b, c, d, e, f: str(Fraction(a, b) + Fraction(c, d) * Fraction(e, f)),
    "surds": lambda one, two, **_: str(sympy.sqrt(int(one)) + sympy.sqrt(int(two))),
    "rationalise": lambda a, b, c: str(sympy.radsimp(a / (sympy.sqrt(b) - sympy.sqrt(c)))),
    "quadratic_roots": lambda left, **_: ", ".join(map(str, sympy.solve(algebra(left)))),
    "inequality": between,
    "system": crossing,
    "remainder": lambda top, bottom, **_: str(sympy.rem(algebra(top), algebra(bottom))),
    "distance": lambda a, b, c, d: str(sympy.Point(a, b).distance(sympy.Point(c, d))),
    "complex_product": product,
    "composition": composed,
    "vertex": lowest,
    "geometric_series": limit,
    "midpoint": lambda a, b, c, d: str(tuple(sympy.Point(a, b).midpoint(sympy.Point(c, d)))),
    "sector": lambda r, n: str(sympy.pi * r**2 * sympy.Rational(n, 360)),
    "absolute_value": within,
    "nested_power": lambda a, m, n, k: str(Fraction(a**m) ** n / Fraction(a) ** k),
}


@pytest.mark.parametrize("name", AGAIN)
def test_every_answer_in_another_way(name: str) -> None:
    chosen = [problem for problem in PROBLEMS if problem.generator.name == name]
    assert len(chosen) >= 7
    for problem in chosen[:6]:
        assert equivalent(str(problem.answer), AGAIN[name](**problem.numbers)), problem.text


@pytest.mark.slow
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.generator.name)
def test_all_answers_in_another_way(problem: Problem) -> None:
    assert equivalent(str(problem.answer), AGAIN[problem.generator.name](**problem.numbers)), problem.text


@pytest.mark.parametrize("split", SIZES)
def test_records_are_in_the_schema_of_the_real_ones(split: str) -> None:
    records = math_hard_records(split)
    assert len(records) == SIZES[split]
    for record, problem in zip(records, math_hard_problems(split), strict=True):
        assert set(record) == {"problem", "level", "type", "solution"} and record["level"] == "Level 5"
        assert gold_answer(record["solution"]) == problem.answer
        for text in (record["problem"], record["solution"]):
            assert text.count("$") % 2 == 0 and text.count("{") == text.count("}"), text
        assert record["problem"][0].isupper() and record["problem"][-1] in ".?"
        assert str(problem.answer) not in record["problem"].split("$"), "the answer is not in the problem"


def test_no_problem_is_in_two_splits() -> None:
    keys = [(problem.generator.name, *problem.numbers.values()) for problem in PROBLEMS]
    assert len(set(keys)) == len(keys) == sum(SIZES.values())


def test_generators_and_wordings() -> None:
    names = {split: Counter(p.generator.name for p in math_hard_problems(split)) for split in SIZES}
    alone = {generator.name for generator in GENERATORS if generator.test_only}
    assert len(GENERATORS) >= 10 and len(alone) >= len(GENERATORS) / 4
    assert set(names["test"]) == {generator.name for generator in GENERATORS} == set(AGAIN)
    assert set(names["train"]) == set(names["validation"]) == set(AGAIN) - alone
    assert all(len(set(generator.wordings)) >= 2 for generator in GENERATORS)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (fraction(Fraction(-6, 8)), r"-\frac{3}{4}"),
        (fraction(Fraction(6, 3)), "2"),
        (polynomial(1, -5, 6), "x^2 - 5x + 6"),
        (polynomial(-1, 0, 1, 0), "-x^3 + x"),
        (polynomial(3, -1), "3x - 1"),
        (polynomial(0), "0"),
        (surd(1, 7), r"\sqrt{7}"),
        (surd(-3, 2), r"-3\sqrt{2}"),
        (surd(4, 1), "4"),
    ],
)
def test_how_numbers_are_written(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize(("square", "parts"), [(12, (2, 3)), (49, (7, 1)), (7, (1, 7)), (72, (6, 2))])
def test_square_roots(square: int, parts: tuple[int, int]) -> None:
    assert root(square) == parts
