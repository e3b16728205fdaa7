"""Mini AIME: problems of competition style with an integer from 0 to 999 as the answer, by number from generators."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import comb, gcd, lcm
from random import Random
from typing import Any

from skillflow_gym.envs.mini.problems import Generator, Problem, problems, until

Numbers = dict[str, Any]


def aime_records(split: str) -> list[dict[str, Any]]:
    """The mini records of a split in the schema of MathArena's sets, new objects at every call."""
    return [
        {"problem_idx": index, "answer": problem.answer, "problem": problem.text}
        for index, problem in enumerate(aime_problems(split), start=1)
    ]


@lru_cache(maxsize=4)
def aime_problems(split: str) -> tuple[Problem, ...]:
    """The problems behind ``aime_records``."""
    return tuple(problems(GENERATORS, "mini-aime", split))


def _primes(n: int) -> dict[int, int]:
    """The prime factors of ``n`` with their exponents."""
    found: dict[int, int] = {}
    factor = 2
    while n > 1:
        while n % factor == 0:
            found[factor] = found.get(factor, 0) + 1
            n //= factor
        factor += 1
    return found


def _divisors(n: int) -> int:
    count = 1
    for exponent in _primes(n).values():
        count *= exponent + 1
    return count


def _totient(n: int) -> int:
    for prime in _primes(n):
        n -= n // prime
    return n


def _multiples(limit: int, a: int, b: int) -> int:
    return limit // a + limit // b - limit // lcm(a, b)


def _congruences(r: int, m: int, s: int, n: int) -> int:
    """Chinese remainders: r + m t with t = (s - r) / m modulo n, the smallest that is positive."""
    return (r + m * ((s - r) * pow(m, -1, n) % n)) or m * n


def _sum_of_fraction(top: int, bottom: int) -> int:
    return (top + bottom) // gcd(top, bottom)


def _two_draws(red: int, blue: int) -> int:
    same = red * (red - 1) + blue * (blue - 1)
    return _sum_of_fraction(same, (red + blue) * (red + blue - 1))


def _steps(first: int, factor: int, added: int, count: int) -> int:
    """The rule x -> factor x + added has the fixed point c = added / (1 - factor), and x - c grows by the factor."""
    shift = added // (factor - 1)
    return ((first + shift) * pow(factor, count - 1, 1000) - shift) % 1000


def _multiples_sum(low: int, high: int, k: int) -> int:
    first, last = -(-low // k), high // k
    return k * (first + last) * (last - first + 1) // 2


def _product_of_solutions(a: int, b: int, e: int, c: int, d: int, f: int) -> int:
    """Cramer's rule."""
    determinant = a * d - b * c
    return (e * d - b * f) // determinant * ((a * f - e * c) // determinant)


def _prices(rng: Random) -> Numbers:
    x, y = rng.randint(2, 31), rng.randint(2, 31)
    a, b, c, d = (rng.randint(2, 9) for _ in range(4))
    return {"a": a, "b": b, "e": a * x + b * y, "c": c, "d": d, "f": c * x + d * y}


def _coprime_moduli(rng: Random) -> Numbers:
    m, n = rng.sample(range(5, 32), 2)
    return {"r": rng.randrange(1, m), "m": m, "s": rng.randrange(1, n), "n": n}


def _smooth(rng: Random) -> Numbers:
    return {
        "n": 2 ** rng.randint(0, 5) * 3 ** rng.randint(0, 4) * 5 ** rng.randint(0, 2) * rng.choice((1, 7, 11, 13, 49))
    }


def _increasing(low: int, high: int, *names: str) -> Callable[[Random], Numbers]:
    return lambda rng: dict(zip(names, sorted(rng.sample(range(low, high), len(names))), strict=True))


GENERATORS = (
    Generator(
        "power_remainder",
        lambda rng: {"a": rng.randint(2, 19), "b": rng.randint(20, 400), "m": rng.randint(101, 999)},
        lambda a, b, m: pow(a, b, m),
        (
            "Find the remainder when $<a>^{<b>}$ is divided by $<m>$.",
            "What remainder does the number $<a>^{<b>}$ leave on division by $<m>$?",
            "Let $N = <a>^{<b>}$. Compute the remainder when $N$ is divided by $<m>$.",
            "When $<a>^{<b>}$ candies are packed in boxes of $<m>$ until no box can be filled, how many candies "
            "remain?",
        ),
    ),
    Generator(
        "divisors",
        until(_smooth, lambda n: 100 < n < 100_000 and _divisors(n) > 6),
        _divisors,
        (
            "How many positive divisors does $<n>$ have?",
            "Find the number of positive integers that divide $<n>$.",
            "Determine the number of positive integer factors of $<n>$.",
            "In how many ways can a positive integer be chosen so that $<n>$ is a multiple of it?",
        ),
    ),
    Generator(
        "gears",
        until(_increasing(6, 90, "a", "b"), lambda a, b: gcd(a, b) > 1 and max(a, b) < lcm(a, b) < 1000),
        lambda a, b: lcm(a, b),
        (
            "Two lighthouses flash together at midnight. One flashes every $<a>$ seconds, the other every $<b>$ "
            "seconds. "
            "After how many seconds do they next flash together?",
            "Find the least positive integer that is a multiple of both $<a>$ and $<b>$.",
            "A rope can be cut into pieces of $<a>$ centimetres with nothing left over, and also into pieces of $<b>$ "
            "centimetres. Find the least possible length of the rope in centimetres.",
        ),
    ),
    Generator(
        "committee",
        until(
            lambda rng: {
                "b": rng.randint(4, 9),
                "g": rng.randint(4, 9),
                "x": rng.randint(2, 4),
                "y": rng.randint(2, 3),
            },
            lambda b, g, x, y: comb(b, x) * comb(g, y) < 1000,
        ),
        lambda b, g, x, y: comb(b, x) * comb(g, y),
        (
            "A club has $<b>$ boys and $<g>$ girls. How many committees consist of exactly $<x>$ of the boys and "
            "$<y>$ of "
            "the girls?",
            "From $<b>$ different novels and $<g>$ different biographies a reader wants to choose $<x>$ novels and "
            "$<y>$ "
            "biographies. In how many ways can this be done?",
            "There are $<b>$ red and $<g>$ white roses, all different. Find the number of ways to choose a bunch of "
            "$<x>$ "
            "red and $<y>$ white roses.",
        ),
    ),
    Generator(
        "either_multiple",
        until(
            lambda rng: {"limit": rng.randint(200, 990), "a": rng.randint(3, 12), "b": rng.randint(5, 20)},
            lambda limit, a, b: a < b and b % a != 0,
        ),
        _multiples,
        (
            "How many positive integers not exceeding $<limit>$ are divisible by $<a>$ or by $<b>$?",
            "Find the number of integers from $1$ to $<limit>$, inclusive, that are divisible by $<a>$ or divisible by "
            "$<b>$ (or both).",
            "Lockers are numbered from $1$ to $<limit>$. A locker is painted if its number is divisible by $<a>$ or "
            "divisible by $<b>$. How many lockers are painted?",
        ),
    ),
    Generator(
        "congruences",
        until(_coprime_moduli, lambda r, m, s, n: gcd(m, n) == 1 and m * n < 1000),
        _congruences,
        (
            "Find the smallest positive integer that leaves a remainder of $<r>$ when divided by $<m>$ and a "
            "remainder of "
            "$<s>$ when divided by $<n>$.",
            "A basket holds fewer than $1000$ eggs. Counted in groups of $<m>$, a remainder of $<r>$ is left; "
            "counted in "
            "groups of $<n>$, a remainder of $<s>$ is left. What is the least possible number of eggs?",
            "Let $x$ be the least positive integer with $x \\equiv <r> \\pmod{<m>}$ and $x \\equiv <s> \\pmod{<n>}$. "
            "Find $x$.",
        ),
    ),
    Generator(
        "totient",
        until(lambda rng: {"n": rng.randint(60, 2400)}, lambda n: len(_primes(n)) > 1 and _totient(n) < 1000),
        _totient,
        (
            "How many positive integers less than $<n>$ are relatively prime to $<n>$?",
            "Find the number of fractions $\\frac{k}{<n>}$ with $1 \\le k \\le <n>$ that are in lowest terms.",
            "Determine the number of positive integers not exceeding $<n>$ that are coprime to $<n>$.",
        ),
    ),
    Generator(
        "coefficient",
        until(
            lambda rng: {"c": rng.randint(1, 4), "n": rng.randint(5, 14), "k": rng.randint(2, 9)},
            lambda c, n, k: k < n and 20 < comb(n, k) * c ** (n - k) < 1000,
        ),
        lambda c, n, k: comb(n, k) * c ** (n - k),
        (
            "Find the coefficient of $x^{<k>}$ in the expansion of $(x + <c>)^{<n>}$.",
            "When $(x + <c>)^{<n>}$ is expanded and like terms are combined, what is the coefficient of $x^{<k>}$?",
            "The polynomial $(x + <c>)^{<n>}$ is written in powers of $x$. Determine the coefficient of $x^{<k>}$.",
        ),
    ),
    Generator(
        "box",
        until(_increasing(2, 24, "a", "b", "c"), lambda a, b, c: a * a + b * b + c * c < 1000),
        lambda a, b, c: a * a + b * b + c * c,
        (
            "A rectangular box has edges of length $<a>$, $<b>$ and $<c>$. Find the square of the length of its space "
            "diagonal.",
            "The room of a museum is $<a>$ metres high, $<b>$ metres wide and $<c>$ metres long. A straight wire of "
            "$d$ "
            "metres joins two opposite corners of the room. Find $d^2$.",
            "Point $P$ has coordinates $(<a>, <b>, <c>)$ and $O$ is the origin. Find the sum of the squares of the "
            "coordinates of $P$, which is $OP^2$.",
        ),
    ),
    Generator(
        "fraction_sum",
        until(
            _increasing(2, 30, "a", "b", "c"),
            lambda a, b, c: _sum_of_fraction(a * b + b * c + a * c, a * b * c) < 1000,
        ),
        lambda a, b, c: _sum_of_fraction(a * b + b * c + a * c, a * b * c),
        (
            "The sum $\\frac{1}{<a>} + \\frac{1}{<b>} + \\frac{1}{<c>}$ equals $\\frac{m}{n}$, where $m$ and $n$ are "
            "relatively "
            "prime positive integers. Find $m+n$.",
            "Let $m$ and $n$ be relatively prime positive integers with $\\frac{m}{n} = \\frac{1}{<a>} + "
            "\\frac{1}{<b>} + "
            "\\frac{1}{<c>}$. Compute $m+n$.",
            "Three pipes fill a tank alone in $<a>$, $<b>$ and $<c>$ hours. Together they fill $\\frac{1}{<a>} + "
            "\\frac{1}{<b>} + \\frac{1}{<c>} = \\frac{m}{n}$ of the tank in an hour, where $m$ and $n$ are "
            "relatively prime "
            "positive integers. Find $m+n$.",
        ),
    ),
    Generator(
        "roots",
        until(
            lambda rng: {"p": rng.randint(5, 30), "q": rng.randint(2, 60)},
            lambda p, q: p * p > 4 * q and p * p - 2 * q < 1000,
        ),
        lambda p, q: p * p - 2 * q,
        (
            "Let $r$ and $s$ be the roots of $x^2 - <p>x + <q> = 0$. Find $r^2 + s^2$.",
            "Two real numbers have sum $<p>$ and product $<q>$. What is the sum of their squares?",
            "The legs of a right triangle have sum $<p>$ and product $<q>$. Find the square of the hypotenuse.",
        ),
    ),
    Generator(
        "two_draws",
        until(
            lambda rng: {"red": rng.randint(3, 25), "blue": rng.randint(3, 25)},
            lambda red, blue: red != blue and _two_draws(red, blue) < 1000,
        ),
        _two_draws,
        (
            "A bag holds $<red>$ red and $<blue>$ blue marbles. Two marbles are drawn at random without replacement. "
            "The "
            "probability that they have the same colour is $\\frac{m}{n}$ in lowest terms. Find $m+n$.",
            "In a drawer there are $<red>$ red socks and $<blue>$ blue socks. Mira takes two of them in the dark. The "
            "probability that they match is $\\frac{m}{n}$, where $m$ and $n$ are relatively prime. Compute $m+n$.",
        ),
    ),
    Generator(
        "prices",
        until(_prices, lambda a, b, e, c, d, f: a * d != b * c),
        _product_of_solutions,
        (
            "In a shop $<a>$ pens and $<b>$ notebooks cost $<e>$ crowns, and $<c>$ pens and $<d>$ notebooks cost "
            "$<f>$ crowns. Find the product "
            "of the price of a pen and the price of a notebook, in crowns.",
            "The numbers $x$ and $y$ satisfy $<a>x + <b>y = <e>$ and $<c>x + <d>y = <f>$. Compute $xy$.",
        ),
    ),
    Generator(
        "candies",
        until(
            lambda rng: {"n": rng.randint(8, 24), "k": rng.randint(3, 6)},
            lambda n, k: n > k + 2 and comb(n - 1, k - 1) < 1000,
        ),
        lambda n, k: comb(n - 1, k - 1),
        (
            "In how many ways can $<n>$ identical candies be given to $<k>$ children so that every child gets at "
            "least one?",
            "Find the number of ordered $<k>$-tuples of positive integers whose sum is $<n>$.",
            "A train of $<n>$ equal wagons is to be uncoupled into $<k>$ trains, none empty, that stand one behind the "
            "other. How many ways are there?",
        ),
    ),
    Generator(
        "multiples_sum",
        until(
            lambda rng: {"low": rng.randint(5, 60), "high": rng.randint(61, 220), "k": rng.randint(7, 29)},
            lambda low, high, k: 100 < _multiples_sum(low, high, k) < 1000,
        ),
        _multiples_sum,
        (
            "Find the sum of all integers from $<low>$ to $<high>$, inclusive, that are divisible by $<k>$.",
            "Compute the sum of all integers between $<low>$ and $<high>$ inclusive which are multiples of $<k>$.",
            "The pages of a book from $<low>$ to $<high>$ are read, and the numbers of those pages that are "
            "divisible by "
            "$<k>$ are added. What is the sum?",
        ),
    ),
    Generator(
        "digit_sum",
        until(lambda rng: {"k": rng.randint(12, 99), "m": rng.randint(3, 998)}, lambda k, m: m % 10 != 0),
        lambda k, m: 9 * (k - 3) + sum(map(int, str(1000 - m))),
        (
            "Find the sum of the digits of $10^{<k>} - <m>$.",
            "The number $10^{<k>} - <m>$ is written in base ten. What is the sum of its digits?",
        ),
        test_only=True,
    ),
    Generator(
        "paths",
        until(
            lambda rng: {"a": rng.randint(2, 9), "b": rng.randint(2, 9)},
            lambda a, b: 9 < comb(a + b, a) < 1000,
        ),
        lambda a, b: comb(a + b, a),
        (
            "How many paths lead from $(0,0)$ to $(<a>,<b>)$ if every step goes one unit right or one unit up?",
            "A rook that moves a single square at a time, right or up, goes $<a>$ squares to the right and $<b>$ "
            "squares "
            "up. In how many ways can it do so?",
            "Find the number of ways to arrange $<a>$ letters A and $<b>$ letters B in a row.",
        ),
        test_only=True,
    ),
    Generator(
        "base_value",
        until(
            lambda rng: {"base": rng.randint(4, 9), "digits": rng.randint(100, 888)},
            lambda base, digits: max(map(int, str(digits))) < base,
        ),
        lambda base, digits: digits // 100 * base**2 + digits // 10 % 10 * base + digits % 10,
        (
            "The number $<digits>_{<base>}$ is written in base $<base>$. What is it in base ten?",
            "Express the base-$<base>$ number $<digits>_{<base>}$ in base ten.",
        ),
        test_only=True,
    ),
    Generator(
        "neither_multiple",
        until(
            lambda rng: {"limit": rng.randint(200, 990), "a": rng.randint(3, 12), "b": rng.randint(5, 20)},
            lambda limit, a, b: a < b and b % a != 0,
        ),
        lambda limit, a, b: limit - _multiples(limit, a, b),
        (
            "How many positive integers not exceeding $<limit>$ are divisible by neither $<a>$ nor $<b>$?",
            "Find the number of integers from $1$ to $<limit>$, inclusive, that are not divisible by $<a>$ and not "
            "divisible by $<b>$.",
        ),
        test_only=True,
    ),
    Generator(
        "recursion",
        lambda rng: {
            "first": rng.randint(1, 9),
            "factor": (factor := rng.randint(2, 5)),
            "added": (factor - 1) * rng.randint(1, 9),
            "count": rng.randint(8, 40),
        },
        _steps,
        (
            "A sequence has $a_1 = <first>$ and $a_{k+1} = <factor>a_k + <added>$ for $k \\ge 1$. Find the remainder "
            "when "
            "$a_{<count>}$ is divided by $1000$.",
            "Starting from $<first>$, a number is multiplied by $<factor>$ and then $<added>$ is added to it, again "
            "and "
            "again. Find the remainder when number $<count>$ of this sequence, which $<first>$ begins, is divided by "
            "$1000$.",
        ),
        test_only=True,
    ),
)
