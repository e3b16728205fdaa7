"""Mini AIME: every answer again by brute force, splits without common problems, and generators that only test has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import combinations, permutations, product
from math import dist, gcd, sqrt
from typing import Any

import pytest

from skillflow_gym.envs.mini.aime import GENERATORS, aime_problems, aime_records
from skillflow_gym.envs.mini.problems import SIZES


def power_remainder(a: int, b: int, m: int) -> int:
    value = 1
    for _ in range(b):
        value = value * a % m
    return value


def committee(b: int, g: int, x: int, y: int) -> int:
    return len([*product(combinations(range(b), x), combinations(range(g), y))])


def coefficient(c: int, n: int, k: int) -> int:
    powers = [1]
    for _ in range(n):
        powers = [c * a + b for a, b in zip([*powers, 0], [0, *powers], strict=True)]
    return powers[k]


def fraction_sum(a: int, b: int, c: int) -> int:
    total = Fraction(1, a) + Fraction(1, b) + Fraction(1, c)
    return total.numerator + total.denominator


def roots(p: int, q: int) -> int:
    r, s = ((p + sign * sqrt(p * p - 4 * q)) / 2 for sign in (1, -1))
    return round(r * r + s * s)


def two_draws(red: int, blue: int) -> int:
    pairs = [*permutations([True] * red + [False] * blue, 2)]
    chance = Fraction(sum(one == other for one, other in pairs), len(pairs))
    return chance.numerator + chance.denominator


def prices(a: int, b: int, e: int, c: int, d: int, f: int) -> int:
    (found,) = [(x, y) for x in range(60) for y in range(60) if a * x + b * y == e and c * x + d * y == f]
    return found[0] * found[1]


@cache
def candies(n: int, k: int) -> int:
    return int(n > 0) if k == 1 else sum(candies(n - first, k - 1) for first in range(1, n))


@cache
def paths(a: int, b: int) -> int:
    return 1 if a == 0 or b == 0 else paths(a - 1, b) + paths(a, b - 1)


def recursion(first: int, factor: int, added: int, count: int) -> int:
    for _ in range(count - 1):
        first = factor * first + added
    return first % 1000


BRUTE_FORCE: dict[str, Callable[..., int]] = {
    "power_remainder": power_remainder,
    "divisors": lambda n: sum(n % d == 0 for d in range(1, n + 1)),
    "gears": lambda a, b: next(n for n in range(a, a * b + 1, a) if n % b == 0),
    "committee": committee,
    "either_multiple": lambda limit, a, b: sum(n % a == 0 or n % b == 0 for n in range(1, limit + 1)),
    "congruences": lambda r, m, s, n: next(x for x in range(1, m * n + 1) if x % m == r and x % n == s),
    "totient": lambda n: sum(gcd(k, n) == 1 for k in range(1, n + 1)),
    "coefficient": coefficient,
    "box": lambda a, b, c: round(dist((0, 0, 0), (a, b, c)) ** 2),
    "fraction_sum": fraction_sum,
    "roots": roots,
    "two_draws": two_draws,
    "prices": prices,
    "candies": candies,
    "multiples_sum": lambda low, high, k: sum(n for n in range(low, high + 1) if n % k == 0),
    "digit_sum": lambda k, m: sum(map(int, str(10**k - m))),
    "paths": paths,
    "base_value": lambda base, digits: int(str(digits), base),
    "neither_multiple": lambda limit, a, b: sum(n % a != 0 and n % b != 0 for n in range(1, limit + 1)),
    "recursion": recursion,
}


@pytest.mark.parametrize("split", SIZES)
def test_every_answer_by_brute_force(split: str) -> None:
    for problem in aime_problems(split):
        assert problem.answer == BRUTE_FORCE[problem.generator.name](**problem.numbers), problem.text
        assert isinstance(problem.answer, int) and 0 <= problem.answer <= 999


@pytest.mark.parametrize("split", SIZES)
def test_records_are_in_the_schema_of_the_real_ones(split: str) -> None:
    records = aime_records(split)
    assert len(records) == SIZES[split] and [record["problem_idx"] for record in records] == [
        *range(1, SIZES[split] + 1)
    ]
    for record in records:
        assert set(record) == {"problem_idx", "answer", "problem"}
        assert record["problem"].count("$") % 2 == 0 and "<" not in record["problem"], record["problem"]
        assert record["problem"][0].isupper() and record["problem"][-1] in ".?"


def test_no_problem_is_in_two_splits() -> None:
    keys = [(p.generator.name, *p.numbers.values()) for split in SIZES for p in aime_problems(split)]
    assert len(set(keys)) == len(keys) == sum(SIZES.values())


def test_generators_and_wordings() -> None:
    names = {split: Counter(p.generator.name for p in aime_problems(split)) for split in SIZES}
    alone = {generator.name for generator in GENERATORS if generator.test_only}
    assert len(GENERATORS) >= 12 and len(alone) >= len(GENERATORS) / 4
    assert set(names["test"]) == {generator.name for generator in GENERATORS} == set(BRUTE_FORCE)
    assert set(names["train"]) == set(names["validation"]) == set(BRUTE_FORCE) - alone
    assert all(count >= 3 for of_split in names.values() for count in of_split.values())
    assert all(len(set(generator.wordings)) >= 2 for generator in GENERATORS)


def test_answers_cannot_be_guessed() -> None:
    answers: Counter[Any] = Counter(problem.answer for problem in aime_problems("test"))
    assert answers.most_common(1)[0][1] <= SIZES["test"] / 20


def test_records_are_new_objects_and_equal() -> None:
    first = aime_records("train")
    first[0]["problem"] = "changed"
    assert aime_records("train")[0]["problem"] != "changed" and aime_records("train")[1:] == first[1:]


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="no mini split is named 'dev'; choose one of train, validation, test"):
        aime_records("dev")
