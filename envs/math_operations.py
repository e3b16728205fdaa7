"""Operations that a calculator and Python have, with the words that call for them, over the quantities of a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations

from skillflow_gym.envs.math_text import Formula, unknowns
from skillflow_gym.text import stems

FEW = 5
"""How many numbers of a text take part, the first ones."""


@dataclass(frozen=True)
class Quantities:
    """What a text gives.

    Attributes:
        numbers: its integers in reading order, repeats too.
        formulas: its formulas.
        points: its tuples of integers.
    """

    numbers: tuple[int, ...]
    formulas: tuple[Formula, ...]
    points: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def few(self) -> tuple[int, ...]:
        """Different positive integers, the first FEW."""
        return tuple(dict.fromkeys(n for n in self.numbers if n > 0))[:FEW]

    @cached_property
    def values(self) -> tuple[str, ...]:
        """Formulas without unknowns that are more than a number."""
        sides = dict.fromkeys(side for f in self.formulas for side in f.sides if not unknowns(side))
        return tuple(side for side in sides if not side.lstrip("-").isdigit())

    @cached_property
    def expressions(self) -> tuple[tuple[str, str], ...]:
        """Sides of formulas with one unknown, each with its name; a bare unknown is none."""
        sides = dict.fromkeys(side for f in self.formulas for side in f.sides)
        return tuple((side, unknowns(side)[0]) for side in sides if len(unknowns(side)) == 1 and len(side) > 1)

    @cached_property
    def relations(self) -> tuple[tuple[str, str, str, tuple[str, ...]], ...]:
        """Equations and inequalities with unknowns: left side, relation, right side, unknowns."""
        return tuple(
            (f.sides[0], f.relations[0], f.sides[1], f.names)
            for f in self.formulas
            if len(f.relations) == 1 and f.names
        )


@dataclass(frozen=True)
class Operation:
    """Something to do with quantities.

    Attributes:
        words: stems of the words that call for it; none for what is always worth a thought.
        calls: the instructions that do it, over the quantities in every order that makes sense.
    """

    words: frozenset[str]
    calls: Callable[[Quantities], Iterable[str]]


def _one(form: str) -> Callable[[Quantities], Iterable[str]]:
    return lambda q: (form.format(a) for a in sorted(q.few, reverse=True) if a > 1)


def _two(*forms: str) -> Callable[[Quantities], Iterable[str]]:
    """Over pairs of numbers, the larger first."""
    return lambda q: (
        form.format(*sorted(pair, reverse=True))
        for form in forms
        for pair in combinations([n for n in q.few if n > 1], 2)
    )


def _all(form: str, separator: str, item: str = "{}") -> Callable[[Quantities], Iterable[str]]:
    def calls(q: Quantities) -> Iterator[str]:
        if 1 < len(q.numbers) <= FEW:
            yield form.format(separator.join(item.format(n) for n in q.numbers))

    return calls


def _of_values(*forms: str) -> Callable[[Quantities], Iterable[str]]:
    return lambda q: (form.format(value) for value in q.values for form in forms)


def _of_expressions(*forms: str) -> Callable[[Quantities], Iterable[str]]:
    return lambda q: (form.format(side, name) for side, name in q.expressions for form in forms)


def _remainders(q: Quantities) -> Iterator[str]:
    for value in q.values:
        yield from (f"calculate: Mod({value}, {m})" for m in q.few if m > 1)
    for a, b in permutations(q.few, 2):
        if a > b > 1:
            yield f"calculate: Mod({a}, {b})"


def _polynomial_remainders(q: Quantities) -> Iterator[str]:
    for (one, name), (other, same) in permutations(q.expressions, 2):
        if name == same:
            yield f"calculate: rem({one}, {other}, {name})"


def _selections(q: Quantities) -> Iterator[str]:
    if len(q.numbers) == 4:
        a, b, c, d = q.numbers
        yield f"calculate: Mul(binomial({a}, {c}), binomial({b}, {d}))"
        yield f"calculate: Mul(binomial({a}, {b}), binomial({c}, {d}))"


def _counts(q: Quantities) -> Iterator[str]:
    """How many numbers up to the largest quantity have any, all or none of the others as divisors."""
    *divisors, limit = sorted(n for n in q.few if n > 1) or [0]
    if divisors:
        for word in ("any", "all", "not any"):
            yield f"python: print(sum({word}(n % d == 0 for d in {divisors}) for n in range(1, {limit} + 1)))"


def _sums(q: Quantities) -> Iterator[str]:
    """The sum of the multiples of one quantity between two others."""
    for low, high, d in permutations(q.few, 3):
        if low < high >= d > 1:
            yield f"python: print(sum(n for n in range({low}, {high} + 1) if n % {d} == 0))"


def _congruences(q: Quantities) -> Iterator[str]:
    """The first number with two remainders."""
    if len(q.numbers) >= 4:
        a, b, c, d = q.numbers[-4:]
        for r, m, s, n in ((a, b, c, d), (b, a, d, c)):
            if 0 <= r < m and 0 <= s < n:
                yield f"python: print(next(n for n in range(1, 100000) if n % {m} == {r} and n % {n} == {s}))"


def _bases(q: Quantities) -> Iterator[str]:
    for digits, base in permutations(q.few, 2):
        if 1 < base < 11 and all(int(d) < base for d in str(digits)):
            yield f'python: print(int("{digits}", {base}))'


def _digits(q: Quantities) -> Iterator[str]:
    for value in (*q.values, *map(str, q.few)):
        if "/" not in value and "sqrt" not in value:
            yield f"python: print(sum(map(int, str({value}))))"


def _solutions(q: Quantities) -> Iterator[str]:
    equations = [(left, right, names) for left, relation, right, names in q.relations if relation == "="]
    for left, right, names in equations:
        yield from (f"calculate: solve({left} - ({right}), {name})" for name in names[:2])
    for (left, right, names), (other, side, more) in combinations(equations, 2):
        both = ", ".join(sorted({*names, *more}))
        yield f"calculate: solve([{left} - ({right}), {other} - ({side})], [{both}])"


def _ranges(q: Quantities) -> Iterator[str]:
    for left, relation, right, names in q.relations:
        if relation != "=" and len(names) == 1:
            yield f"calculate: solve_univariate_inequality({left} {relation} {right}, {names[0]}, relational=False)"


def _coefficients(q: Quantities) -> Iterator[str]:
    for (one, name), (other, same) in permutations(q.expressions, 2):
        if name == same and other.startswith(f"{name}**"):
            yield f"calculate: expand({one}).coeff({other})"


def _between_points(q: Quantities) -> Iterator[str]:
    for one, other in combinations(q.points[:3], 2):
        if len(one) == len(other):
            pairs = list(zip(one, other, strict=True))
            yield f"calculate: sqrt({' + '.join(f'({a} - ({b}))**2' for a, b in pairs)})"
            yield f"calculate: Tuple({', '.join(f'({a} + {b})/2' for a, b in pairs)})"


def _operation(words: str, calls: Callable[[Quantities], Iterable[str]]) -> Operation:
    return Operation(frozenset(stems(words)), calls)


OPERATIONS = (
    _operation("remainder divided left remain modulo last digits packed", _remainders),
    _operation("remainder divided polynomial quotient", _polynomial_remainders),
    _operation("remainder leaves left least smallest positive", _congruences),
    _operation("divisible multiple neither not number positive integers", _counts),
    _operation("sum added divisible multiples between inclusive", _sums),
    _operation("divisors divide factors multiple number positive", _one("calculate: divisor_count({})")),
    _operation("relatively prime coprime lowest terms common", _one("calculate: totient({})")),
    _operation("least common multiple both together again next smallest", _two("calculate: lcm({}, {})")),
    _operation("greatest common divisor factor largest both", _two("calculate: gcd({}, {})")),
    _operation("ways choose committees arrange select paths exactly", _selections),
    _operation(
        "ways choose arrange select paths arrangements orders",
        _two("calculate: binomial({}, {})", "calculate: binomial({0} + {1}, {1})"),
    ),
    _operation("ways arrange orders arrangements permutations", _one("calculate: factorial({})")),
    _operation("coefficient expansion expanded", _coefficients),
    _operation("digits sum", _digits),
    _operation("base written", _bases),
    _operation("square diagonal distance length sum squares", _all("calculate: Add({})", ", ", "{}**2")),
    _operation("solve solutions find roots equation satisfy such values pair intersect meet", _solutions),
    _operation("solve inequality interval satisfy such real set", _ranges),
    _operation("compute value simplify evaluate sum equals write find", _of_values("calculate: simplify({})")),
    _operation("rationalize simplify denominator radical write", _of_values("calculate: radsimp({})")),
    _operation("simplify expand product real form write", _of_values("calculate: expand({})")),
    _operation("expand expanded polynomial simplify product", _of_expressions("calculate: expand({})")),
    _operation("factor factored completely", _of_expressions("calculate: factor({})")),
    _operation("roots zeros intercepts", _of_expressions("calculate: solve({}, {})")),
    _operation("maximum minimum largest smallest vertex", _of_expressions("calculate: solve(diff({0}, {1}), {1})")),
    _operation("derivative slope tangent", _of_expressions("calculate: diff({}, {})")),
    _operation("discriminant", _of_expressions("calculate: discriminant({}, {})")),
    _operation("distance length between midpoint centre center segment endpoints", _between_points),
    _operation("total sum together altogether", _all("calculate: Add({})", ", ")),
    _operation("product times each every", _all("calculate: Mul({})", ", ")),
    _operation("", _two("calculate: Add({}, {})", "calculate: Mul({}, {})", "calculate: {} - {}", "calculate: {}/{}")),
)
"""Which operations there are; none is made for one kind of problem."""
