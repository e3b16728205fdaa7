r"""Mini MATH: problems with a symbolic answer and a worked solution that ends in ``\boxed{}``, from generators."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import isqrt
from random import Random
from typing import Any

from skillflow_gym.envs.mini.problems import Generator, Problem, problems, until

Numbers = dict[str, Any]


def math_hard_records(split: str) -> list[dict[str, Any]]:
    """The mini records of a split in the schema of lighteval/MATH-Hard, new objects at every call."""
    return [
        {
            "problem": problem.text,
            "level": "Level 5",
            "type": problem.generator.subject,
            "solution": problem.solution,
        }
        for problem in math_hard_problems(split)
    ]


@lru_cache(maxsize=4)
def math_hard_problems(split: str) -> tuple[Problem, ...]:
    """The problems behind ``math_hard_records``."""
    return tuple(problems(GENERATORS, "mini-math-hard", split))


def fraction(value: Fraction) -> str:
    """A fraction in lowest terms in LaTeX."""
    sign = "-" if value < 0 else ""
    top, bottom = abs(value.numerator), value.denominator
    return f"{sign}{top}" if bottom == 1 else rf"{sign}\frac{{{top}}}{{{bottom}}}"


def root(square: int) -> tuple[int, int]:
    """(k, r) with sqrt(square) = k sqrt(r) and r square-free."""
    k = max(d for d in range(1, isqrt(square) + 1) if square % (d * d) == 0)
    return k, square // (k * k)


def surd(k: int, r: int) -> str:
    """K times the square root of r."""
    if r == 1 or k == 0:
        return str(k)
    return f"{'' if k == 1 else '-' if k == -1 else k}" + rf"\sqrt{{{r}}}"


def polynomial(*coefficients: int) -> str:
    """The highest power first: 1, -5, 6 is x^2 - 5x + 6."""
    terms = []
    for power, c in zip(range(len(coefficients) - 1, -1, -1), coefficients, strict=True):
        if c:
            digits = "" if abs(c) == 1 and power else str(abs(c))
            terms.append(("-" if c < 0 else "+", digits + ("" if power == 0 else "x" if power == 1 else f"x^{power}")))
    if not terms:
        return "0"
    (sign, first), *rest = terms
    return f"{'-' if sign == '-' else ''}{first}" + "".join(f" {sign} {term}" for sign, term in rest)


def _numbers(**ranges: tuple[int, int]) -> Callable[[Random], Numbers]:
    return lambda rng: {name: rng.randint(low, high) for name, (low, high) in ranges.items()}


def _with(draw: Callable[[Random], Numbers], **shown: Callable[..., str]) -> Callable[[Random], Numbers]:
    """Numbers with what the wording shows of them."""

    def drawn(rng: Random) -> Numbers:
        numbers = draw(rng)
        return {**numbers, **{name: show(**numbers) for name, show in shown.items()}}

    return drawn


def _surds(a: int, b: int, r: int, **_: Any) -> str:
    return surd(a + b, r)


def _two_roots(h: int, d: int, **_: Any) -> str:
    k, r = root(d)
    return f"{h - k}, {h + k}" if r == 1 else rf"{h} - {surd(k, r)}, {h} + {surd(k, r)}"


def _remainder(p: int, q: int, s: int, m: int, n: int, **_: Any) -> str:
    """Of x^3 + p x^2 + q x + s divided by x^2 + m x + n, by long division: the quotient is x + (p - m)."""
    k = p - m
    return polynomial(q - n - k * m, s - k * n)


def _distance(a: int, b: int, c: int, d: int) -> str:
    return surd(*root((a - c) ** 2 + (b - d) ** 2))


GENERATORS = (
    Generator(
        "fractions",
        until(
            _numbers(a=(1, 12), b=(2, 15), c=(1, 12), d=(2, 15), e=(1, 9), f=(2, 9)),
            lambda a, b, c, d, e, f: a % b != 0 and c % d != 0 and e % f != 0,
        ),
        lambda a, b, c, d, e, f: fraction(Fraction(a, b) + Fraction(c, d) * Fraction(e, f)),
        (
            r"Compute $\frac{<a>}{<b>} + \frac{<c>}{<d>} \cdot \frac{<e>}{<f>}$. Express your answer as a common "
            r"fraction.",
            r"What is the value of $\frac{<a>}{<b>} + \frac{<c>}{<d>} \cdot \frac{<e>}{<f>}$, as a fraction in "
            r"lowest terms?",
        ),
        r"The product comes first. Adding the fractions over a common denominator gives $\boxed{<answer>}$.",
        "Prealgebra",
    ),
    Generator(
        "surds",
        until(
            _with(
                _numbers(a=(2, 9), b=(2, 9), r=(2, 15)),
                one=lambda a, b, r: str(a * a * r),
                two=lambda a, b, r: str(b * b * r),
            ),
            lambda a, b, r, **_: root(r)[0] == 1 and a != b,
        ),
        _surds,
        (
            r"Simplify $\sqrt{<one>} + \sqrt{<two>}$.",
            r"Write $\sqrt{<one>} + \sqrt{<two>}$ as a single square root with an integer in front of it.",
            r"The sides of two squares have lengths $\sqrt{<one>}$ and $\sqrt{<two>}$. Find $\sqrt{<one>} + "
            r"\sqrt{<two>}$ in "
            "simplest radical form.",
        ),
        r"Here $\sqrt{<one>} = <a>\sqrt{<r>}$ and $\sqrt{<two>} = <b>\sqrt{<r>}$, so the sum is $\boxed{<answer>}$.",
        "Algebra",
    ),
    Generator(
        "rationalise",
        until(_numbers(a=(2, 20), b=(5, 30), c=(2, 20)), lambda a, b, c: b > c and root(b)[0] == root(c)[0] == 1),
        lambda a, b, c: (
            rf"\frac{{{a}(\sqrt{{{b}}} + \sqrt{{{c}}})}}{{{b - c}}}"
            if b - c > 1
            else rf"{a}\sqrt{{{b}}} + {a}\sqrt{{{c}}}"
        ),
        (
            r"Rationalize the denominator of $\frac{<a>}{\sqrt{<b>} - \sqrt{<c>}}$ and simplify.",
            r"Write $\frac{<a>}{\sqrt{<b>} - \sqrt{<c>}}$ without a radical in the denominator.",
        ),
        r"Multiply top and bottom by $\sqrt{<b>} + \sqrt{<c>}$; the denominator becomes $<b> - <c>$: "
        r"$\boxed{<answer>}$.",
        "Algebra",
    ),
    Generator(
        "quadratic_roots",
        until(
            _with(_numbers(h=(-9, 9), d=(2, 40)), left=lambda h, d: polynomial(1, -2 * h, h * h - d)),
            lambda h, d, **_: h * h != d and h != 0,
        ),
        _two_roots,
        (
            "Find all real numbers $x$ such that $<left> = 0$. Enter all the solutions, separated by commas.",
            "Solve $<left> = 0$ over the real numbers. List both solutions, separated by a comma.",
            "What are the roots of the equation $<left> = 0$? Separate them by a comma.",
        ),
        r"Completing the square gives $(x - (<h>))^2 = <d>$, so the solutions are $\boxed{<answer>}$.",
        "Algebra",
    ),
    Generator(
        "inequality",
        until(
            _with(_numbers(r=(-12, 10), s=(-10, 14)), left=lambda r, s: polynomial(1, -r - s, r * s)),
            lambda r, s, **_: r < s and r * s != 0 and r != -s,
        ),
        lambda r, s, **_: f"({r},{s})",
        (
            "Solve the inequality $<left> < 0$. Express your answer in interval notation.",
            "For which real $x$ is $<left> < 0$? Give the answer as an interval.",
            "Find the set of all real numbers $x$ with $<left> < 0$, in interval notation.",
        ),
        r"The left side is $(x - (<r>))(x - (<s>))$, negative exactly between its roots: $\boxed{<answer>}$.",
        "Intermediate Algebra",
    ),
    Generator(
        "system",
        until(
            _with(
                _numbers(x=(-9, 9), y=(-9, 9), a=(2, 7), b=(2, 7), c=(2, 7), d=(-7, -2)),
                e=lambda x, y, a, b, c, d: str(a * x + b * y),
                f=lambda x, y, a, b, c, d: str(c * x + d * y),
                m=lambda x, y, a, b, c, d: str(-d),
            ),
            lambda x, y, a, b, c, d, **_: x != y,
        ),
        lambda x, y, **_: f"({x},{y})",
        (
            "Find the ordered pair $(x,y)$ such that $<a>x + <b>y = <e>$ and $<c>x - <m>y = <f>$.",
            "The lines $<a>x + <b>y = <e>$ and $<c>x - <m>y = <f>$ meet at one point. Find its coordinates $(x,y)$.",
        ),
        r"Eliminating $x$ gives $y = <y>$, and then $x = <x>$. The pair is $\boxed{<answer>}$.",
        "Algebra",
    ),
    Generator(
        "remainder",
        until(
            _with(
                _numbers(p=(-6, 6), q=(-9, 9), s=(-9, 9), m=(-4, 4), n=(-5, 5)),
                top=lambda p, q, s, m, n: polynomial(1, p, q, s),
                bottom=lambda p, q, s, m, n: polynomial(1, m, n),
            ),
            lambda p, q, s, m, n, **_: m * n != 0 and q - n - (p - m) * m != 0,
        ),
        _remainder,
        (
            "Find the remainder when $<top>$ is divided by $<bottom>$.",
            "What is the remainder when the polynomial $<top>$ is divided by $<bottom>$?",
        ),
        r"Long division leaves a remainder of degree below two, which is $\boxed{<answer>}$.",
        "Intermediate Algebra",
    ),
    Generator(
        "distance",
        until(
            _numbers(a=(-9, 9), b=(-9, 9), c=(-9, 9), d=(-9, 9)),
            lambda a, b, c, d: a != c and b != d and root((a - c) ** 2 + (b - d) ** 2)[1] > 1,
        ),
        _distance,
        (
            "Find the distance between the points $(<a>,<b>)$ and $(<c>,<d>)$. Express your answer in simplest "
            "radical form.",
            "A segment has endpoints $(<a>,<b>)$ and $(<c>,<d>)$. What is the distance from one to the other?",
        ),
        r"By the Pythagorean theorem the distance is $\boxed{<answer>}$.",
        "Algebra",
    ),
    Generator(
        "complex_product",
        _numbers(a=(1, 12), b=(1, 12), c=(1, 12), d=(1, 12)),
        lambda a, b, c, d: f"{a * c + b * d}{b * c - a * d:+d}i" if b * c != a * d else str(a * c + b * d),
        (
            "Simplify $(<a> + <b>i)(<c> - <d>i)$, where $i^2 = -1$.",
            "Let $i^2 = -1$. Write the product $(<a> + <b>i)(<c> - <d>i)$ in the form $p + qi$ with real $p$ and $q$.",
        ),
        r"Expanding and using $i^2 = -1$ gives $\boxed{<answer>}$.",
        "Algebra",
    ),
    Generator(
        "composition",
        until(
            _with(
                _numbers(a=(1, 5), b=(-6, 6), c=(2, 6), d=(-6, 6)),
                f=lambda a, b, c, d: polynomial(a, 0, b),
                g=lambda a, b, c, d: polynomial(c, d),
            ),
            lambda a, b, c, d, **_: b * d != 0,
        ),
        lambda a, b, c, d, **_: polynomial(a * c * c, 2 * a * c * d, a * d * d + b),
        (
            "If $f(x) = <f>$ and $g(x) = <g>$, find $f(g(x))$ as a polynomial in $x$.",
            "Let $f(x) = <f>$ and let $g(x) = <g>$. Expand $f(g(x))$.",
        ),
        r"Substituting $g(x)$ for $x$ in $f$ and expanding, $f(g(x)) = \boxed{<answer>}$.",
        "Intermediate Algebra",
    ),
    Generator(
        "vertex",
        until(
            _with(
                _numbers(a=(2, 6), h=(-8, 8), k=(-20, 20)), f=lambda a, h, k: polynomial(a, -2 * a * h, a * h * h + k)
            ),
            lambda a, h, k, **_: h != 0 and k != 0,
        ),
        lambda a, h, k, **_: f"({h},{k})",
        (
            "Find the vertex of the parabola $y = <f>$, as an ordered pair.",
            "At which point $(x,y)$ does the graph of $y = <f>$ have its lowest point?",
        ),
        r"Completing the square, $y = <a>(x - (<h>))^2 + (<k>)$, so the vertex is $\boxed{<answer>}$.",
        "Algebra",
    ),
    Generator(
        "geometric_series",
        until(_numbers(a=(2, 20), p=(1, 8), q=(3, 11)), lambda a, p, q: p < q and Fraction(p, q).denominator == q),
        lambda a, p, q: fraction(Fraction(a) / (1 - Fraction(p, q))),
        (
            r"An infinite geometric series has first term $<a>$ and common ratio $\frac{<p>}{<q>}$. Find its sum.",
            r"What is the sum of the infinite series $<a> + <a> \cdot \frac{<p>}{<q>} + <a> \cdot "
            r"\left(\frac{<p>}{<q>}\right)^2 "
            r"+ \cdots$?",
        ),
        r"The sum is $\frac{<a>}{1 - <p>/<q>} = \boxed{<answer>}$.",
        "Precalculus",
    ),
    Generator(
        "midpoint",
        _numbers(a=(-15, 15), b=(-15, 15), c=(-15, 15), d=(-15, 15)),
        lambda a, b, c, d: rf"\left({fraction(Fraction(a + c, 2))},{fraction(Fraction(b + d, 2))}\right)",
        (
            "Find the midpoint of the segment with endpoints $(<a>,<b>)$ and $(<c>,<d>)$.",
            "The points $(<a>,<b>)$ and $(<c>,<d>)$ are the ends of a diameter. What is the centre of the circle?",
        ),
        r"Each coordinate is the mean of two: $\boxed{<answer>}$.",
        "Algebra",
        test_only=True,
    ),
    Generator(
        "sector",
        until(_numbers(r=(2, 30), n=(10, 350)), lambda r, n: n % 5 == 0 and n % 90 != 0),
        lambda r, n: rf"{fraction(Fraction(n * r * r, 360))}\pi" if Fraction(n * r * r, 360) != 1 else r"\pi",
        (
            r"A sector of a circle of radius $<r>$ has a central angle of $<n>^\circ$. Find its area in terms of "
            r"$\pi$.",
            r"A slice of a round pizza of radius $<r>$ has an angle of $<n>^\circ$. What is its area? Give it in "
            r"terms of $\pi$.",
        ),
        r"The area is $\frac{<n>}{360} \cdot \pi \cdot <r>^2 = \boxed{<answer>}$.",
        "Geometry",
        test_only=True,
    ),
    Generator(
        "absolute_value",
        until(_numbers(c=(2, 30), r=(1, 30)), lambda c, r: c != r),
        lambda c, r: f"[{c - r},{c + r}]",
        (
            r"Solve $|x - <c>| \le <r>$. Express your answer in interval notation.",
            r"Which real numbers $x$ satisfy $|x - <c>| \le <r>$? Answer with an interval.",
        ),
        r"The distance of $x$ from $<c>$ is at most $<r>$, so $x$ lies in $\boxed{<answer>}$.",
        "Algebra",
        test_only=True,
    ),
    Generator(
        "nested_power",
        until(_numbers(a=(2, 7), m=(2, 9), n=(2, 9), k=(3, 12)), lambda a, m, n, k: m * n != k),
        lambda a, m, n, k: fraction(Fraction(a) ** (m * n - k)) if abs(m * n - k) < 4 else f"{a}^{{{m * n - k}}}",
        (
            r"Simplify $\frac{(<a>^{<m>})^{<n>}}{<a>^{<k>}}$. Give a power or a fraction.",
            r"What is the value of $\frac{(<a>^{<m>})^{<n>}}{<a>^{<k>}}$?",
        ),
        r"The exponent is $<m> \cdot <n> - <k>$, so the value is $\boxed{<answer>}$.",
        "Prealgebra",
        test_only=True,
    ),
)
