"""Mini GPQA: computed science questions in the schema of GPQA, every wrong option the result of a named mistake.

Nothing of it is taken from GPQA, whose questions must not be published.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from random import Random
from typing import Any

from .gpqa_problems import GENERATORS, Problem

PER_GENERATOR = {"train": 20, "validation": 5, "test": 8}
APART = 0.02
"""Options differ by this share at least."""


def records(split: str) -> list[dict[str, Any]]:
    """The records of a split, new objects at every call: 240 of train, 60 of validation, 128 of test.

    Raises:
        ValueError: there is no such split.
    """
    if split not in PER_GENERATOR:
        raise ValueError(f"there is no split {split!r}; choose one of {', '.join(PER_GENERATOR)}")
    return [
        _record(name, problem, wrong, f"mini-gpqa-{split}-{index}")
        for index, (name, problem, wrong) in enumerate(_drawn()[split])
    ]


def generator_of(split: str, index: int) -> str:
    """The name of the generator that made a record. For tests only."""
    return _drawn()[split][index][0]


@cache
def _drawn() -> dict[str, list[tuple[str, Problem, tuple[str, ...]]]]:
    """By split: the generator's name, the problem, and the names of three mistakes; no problem twice."""
    seen: set[str] = set()
    drawn: dict[str, list[tuple[str, Problem, tuple[str, ...]]]] = {}
    for split, count in PER_GENERATOR.items():
        made = []
        for name, generator in GENERATORS.items():
            if generator.unseen and split != "test":
                continue
            rng = Random(f"gpqa/{split}/{name}")
            problems = _usable(generator.make, rng, seen)
            made += [(name, *next(problems)) for _ in range(count)]
        Random(f"gpqa/{split}").shuffle(made)
        drawn[split] = made
    return drawn


def _usable(make: Any, rng: Random, seen: set[str]) -> Iterator[tuple[Problem, tuple[str, ...]]]:
    """Problems that were not drawn before and have three mistakes whose results can be told apart."""
    while True:
        problem = make(rng)
        possible = list(combinations(problem.mistakes, 3))
        rng.shuffle(possible)
        wrong = next((names for names in possible if _told_apart(problem, names)), None)
        if wrong is not None and problem.question not in seen:
            seen.add(problem.question)
            yield problem, wrong


def _told_apart(problem: Problem, mistakes: tuple[str, ...]) -> bool:
    values = [problem.answer, *(problem.mistakes[name] for name in mistakes)]
    # A last zero would be dropped where a number is computed, and the option would look like another number.
    if any(value <= 0 or shown(value, problem.decimals)[-1] == "0" for value in values):
        return False
    if any(len(shown(value, problem.decimals).replace(".", "").lstrip("0")) < 3 for value in values):
        return False
    return all(abs(a - b) > APART * max(a, b) for a, b in combinations(values, 2))


def shown(value: float, decimals: int) -> str:
    """A number as an option."""
    return f"{value:.{decimals}f}"


def _record(name: str, problem: Problem, wrong: tuple[str, ...], identifier: str) -> dict[str, Any]:
    generator = GENERATORS[name]
    options = [shown(problem.mistakes[mistake], problem.decimals) for mistake in wrong]
    mistakes = "; ".join(f"{value}: {mistake}" for mistake, value in zip(wrong, options, strict=True))
    return {
        "Record ID": identifier,
        "Question": problem.question,
        "Correct Answer": shown(problem.answer, problem.decimals),
        **{f"Incorrect Answer {number}": value for number, value in enumerate(options, start=1)},
        "Explanation": f"{problem.solution}. Mistakes: {mistakes}.",
        "High-level domain": generator.domain,
        "Subdomain": generator.subdomain,
    }
