"""Mini HumanEval: problems written for the project, in the schema of HumanEval's records.

Half of them are of their own; the others put a deed and a condition together (``families``). Tables and times of the
day occur in the test split only.
"""

from __future__ import annotations

from functools import cache

from . import families, grids, lists, mappings, numbers, strings, times, words
from .problem import Problem

__all__ = ["Problem", "problems", "records"]

_SHARED = (lists, strings, words, numbers, mappings)
_PARTS = {"train": slice(0, 6), "validation": slice(6, 8), "test": slice(8, 10)}
"""Of every ten problems of a theme that all splits share, those of a split."""


@cache
def problems(split: str) -> tuple[Problem, ...]:
    """The problems of train, validation or test, with solutions that are right and wrong; for tests only.

    Raises:
        ValueError: there is no such split.
    """
    if split not in _PARTS:
        raise ValueError(f"mini HumanEval has no split {split!r}; choose one of {', '.join(_PARTS)}")
    own = [p for theme in _SHARED for i, p in enumerate(theme.PROBLEMS) if i % 10 in range(10)[_PARTS[split]]]
    if split == "test":
        own += [*grids.PROBLEMS, *times.PROBLEMS]
    return (*own, *families.problems(split))


def records(split: str) -> list[dict[str, str]]:
    """The records of a split; the same at every call.

    Raises:
        ValueError: there is no such split.
    """
    return [problem.record(f"mini-{split}/{number}") for number, problem in enumerate(problems(split))]
