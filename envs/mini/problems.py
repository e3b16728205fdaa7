"""What the mini mathematics sets share: generators of problems, and splits of what they draw."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

SIZES = {"train": 240, "validation": 60, "test": 120}
"""Problems per split."""

_PLACE = re.compile(r"<(\w+)>")


@dataclass(frozen=True)
class Generator:
    """A kind of problem.

    Attributes:
        name: of the kind.
        draw: the numbers of a problem.
        answer: what the numbers lead to; takes them as keyword arguments.
        wordings: ways to ask, with ``<name>`` for a number.
        solution: how it is solved, with ``<name>`` for a number and ``<answer>``; "" where the set has no solutions.
        subject: which part of mathematics it is from.
        test_only: whether it occurs in the test split alone.
    """

    name: str
    draw: Callable[[Random], dict[str, Any]]
    answer: Callable[..., int | str]
    wordings: tuple[str, ...]
    solution: str = ""
    subject: str = ""
    test_only: bool = False


@dataclass(frozen=True)
class Problem:
    """A problem: its generator and numbers, its text, answer and solution."""

    generator: Generator
    numbers: Mapping[str, Any]
    text: str
    answer: int | str
    solution: str


def problems(generators: Sequence[Generator], name: str, split: str) -> list[Problem]:
    """The problems of a split, the same at every call; no two of the set ``name`` have the same generator and numbers.

    Raises:
        ValueError: there is no such split.
    """
    if split not in SIZES:
        raise ValueError(f"no mini split is named {split!r}; choose one of {', '.join(SIZES)}")
    seen: set[tuple[Any, ...]] = set()
    for current, size in SIZES.items():
        rng = Random(f"{name}/{current}")
        usable = [g for g in generators if current == "test" or not g.test_only]
        drawn = [_draw(usable[i % len(usable)], rng, seen) for i in range(size)]
        rng.shuffle(drawn)
        if current == split:
            break
    return drawn


def _draw(generator: Generator, rng: Random, seen: set[tuple[Any, ...]]) -> Problem:
    while True:
        numbers = generator.draw(rng)
        key = (generator.name, *numbers.values())
        if key not in seen:
            break
    seen.add(key)
    answer = generator.answer(**numbers)
    text = fill(rng.choice(generator.wordings), numbers)
    return Problem(generator, numbers, text, answer, fill(generator.solution, {**numbers, "answer": answer}))


def fill(wording: str, values: Mapping[str, Any]) -> str:
    """``wording`` with the value of ``name`` in place of ``<name>``."""
    return _PLACE.sub(lambda place: str(values[place[1]]), wording)


def until(draw: Callable[[Random], dict[str, Any]], fits: Callable[..., bool]) -> Callable[[Random], dict[str, Any]]:
    """Draw again until the numbers fit."""

    def drawn(rng: Random) -> dict[str, Any]:
        while not fits(**(numbers := draw(rng))):
            pass
        return numbers

    return drawn
