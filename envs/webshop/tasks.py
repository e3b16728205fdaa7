"""Goals as tasks: made when they are asked for, since the full set has millions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.envs.webshop.goals import Goal, Goals
from skillflow_gym.tasks import Gold, RecordError, Task, TaskSet

KEPT = 65536
"""How many tasks and how many golds are kept once made."""

Item = TypeVar("Item")
_GOLD = tuple(field.name for field in fields(Goal) if field.name != "instruction")


class GoalTasks(TaskSet):
    """The goals of a split at ``positions`` among all; the instruction is public, the rest is gold."""

    def __init__(self, goals: Goals, positions: NDArray[np.int64], kind: str, split: str, source: str) -> None:
        """Number the tasks by the goals' place in the original's order: ``kind-17`` is its session 17.

        Raises:
            RecordError: there is no goal.
        """
        self.split, self.source = split, source
        if not len(positions):
            raise RecordError(f"{source} has no {kind} goal in split {split!r}")

        def task(index: int) -> Task:
            number = int(positions[index])
            return Task(f"{kind}-{number}", goals[number].instruction)

        def gold(index: int) -> Gold:
            goal = goals[int(positions[index])]
            return Gold((), {name: getattr(goal, name) for name in _GOLD})

        self._tasks = _Made(len(positions), task)  # type: ignore[assignment]
        self._golds = _Made(len(positions), gold)  # type: ignore[assignment]
        self._position = _Places(kind, positions)  # type: ignore[assignment]


def goal_of(task: Task, gold: Gold) -> Goal:
    """The goal that ``task`` and ``gold`` were made from."""
    return Goal(task.prompt, **gold.record)


class _Made(Sequence[Item]):
    """A list whose items are made at first use."""

    def __init__(self, size: int, make: Callable[[int], Item]) -> None:
        self._size, self._make = size, lru_cache(maxsize=KEPT)(make)

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self._make(i) for i in range(*index.indices(self._size))]
        if not -self._size <= index < self._size:
            raise IndexError(f"task {index} of {self._size}")
        return self._make(index % self._size)


class _Places(Mapping[str, int]):
    """Where the task with an id stands."""

    def __init__(self, kind: str, positions: NDArray[np.int64]) -> None:
        self._kind, self._positions = kind, positions

    def __getitem__(self, task_id: Any) -> int:
        kind, _, number = str(task_id).rpartition("-")
        if kind == self._kind and number.isascii() and number.isdigit() and str(int(number[:9])) == number:
            place = int(np.searchsorted(self._positions, int(number)))
            if place < len(self._positions) and self._positions[place] == int(number):
                return place
        raise KeyError(task_id)

    def __iter__(self) -> Iterator[str]:
        return (f"{self._kind}-{number}" for number in self._positions.tolist())

    def __len__(self) -> int:
        return len(self._positions)
