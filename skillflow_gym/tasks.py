"""Task, Gold and TaskSet: what a benchmark asks, what only its scorer knows, and a split of both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, overload


class RecordError(ValueError):
    """A record that breaks its benchmark's schema. The message names the record's index and the field."""


@dataclass(frozen=True)
class Task:
    """What may be seen of a task.

    Attributes:
        id: unique within its benchmark and split.
        prompt: the task as the benchmark states it.
        record: whatever else of it is public (paragraphs, options, a repository); never an answer.
    """

    id: str
    prompt: str
    record: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the public content; the id is left out, so equal tasks have equal fingerprints."""
        content = json.dumps([self.prompt, self.record], ensure_ascii=False, sort_keys=True, default=list)
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, repr=False)
class Gold:
    """What only the scorer may see of a task; its repr tells nothing.

    Attributes:
        answers: the accepted answers.
        record: the other gold-only fields (supporting facts, decomposition, a solution).
    """

    answers: tuple[str, ...] = ()
    record: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "Gold(...)"


class TaskSet(Sequence[Task]):
    """The tasks of one split, in the order of their source; their golds are kept apart.

    Attributes:
        split: train | validation | test.
        source: where the tasks are from: ``mini``, ``hub:ID`` or ``file:PATH``.
    """

    def __init__(self, pairs: Iterable[tuple[Task, Gold]], split: str, source: str) -> None:
        """Keep ``pairs`` of a task and its gold.

        Raises:
            RecordError: there is no task, or two have the same id.
        """
        self.split = split
        self.source = source
        self._tasks: list[Task] = []
        self._golds: list[Gold] = []
        self._position: dict[str, int] = {}
        for task, gold in pairs:
            if task.id in self._position:
                raise RecordError(f"record {len(self._tasks)}: the id {task.id!r} stands at {self._position[task.id]}")
            self._position[task.id] = len(self._tasks)
            self._tasks.append(task)
            self._golds.append(gold)
        if not self._tasks:
            raise RecordError(f"{source} has no record in split {split!r}")

    @overload
    def __getitem__(self, index: int) -> Task: ...
    @overload
    def __getitem__(self, index: slice) -> list[Task]: ...
    def __getitem__(self, index: int | slice) -> Task | list[Task]:
        return self._tasks[index]

    def __len__(self) -> int:
        return len(self._tasks)

    def __repr__(self) -> str:
        return f"TaskSet({len(self)} tasks, split={self.split!r}, source={self.source!r})"

    def by_id(self, task_id: str) -> Task:
        """The task with that id.

        Raises:
            KeyError: there is none; the message shows an id that exists.
        """
        if task_id not in self._position:
            first = self._tasks[0].id
            raise KeyError(f"no task {task_id!r} in split {self.split!r} of {self.source}; one is {first!r}")
        return self._tasks[self._position[task_id]]

    def gold(self, task_id: str) -> Gold:
        """The gold of a task; for scorers and tests."""
        return self._golds[self._position[task_id]]

    @cached_property
    def sha256(self) -> str:
        """SHA-256 (hex) over ids and fingerprints in order: the name of this panel in every result."""
        return panel_sha256(self._tasks)


def panel_sha256(tasks: Iterable[Task]) -> str:
    """SHA-256 (hex) over the ids and fingerprints of ``tasks`` in order."""
    lines = "".join(f"{task.id}\t{task.fingerprint}\n" for task in tasks)
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()


def require_disjoint(train: TaskSet, panel: TaskSet) -> None:
    """Refuse a panel that shares tasks with the training set.

    Raises:
        ValueError: the content hash of a task of ``panel`` stands in ``train`` too.
    """
    seen = {task.fingerprint: task.id for task in train}
    shared = [(seen[task.fingerprint], task.id) for task in panel if task.fingerprint in seen]
    if shared:
        raise ValueError(
            f"{len(shared)} tasks of split {panel.split!r} are in split {train.split!r} too "
            f"(first: {shared[0][1]!r}, there {shared[0][0]!r}): choose another source or remove them from it"
        )


def from_records(
    records: Iterable[Mapping[str, Any]],
    parse: Callable[[Mapping[str, Any], int], tuple[Task, Gold]],
    split: str,
    source: str,
) -> TaskSet:
    """A TaskSet from ``records``, each turned into a task and its gold by ``parse(record, index)``."""
    return TaskSet((parse(record, index) for index, record in enumerate(records)), split, source)


def check_record(record: Any, index: int, schema: Any, path: str = "") -> None:
    """Check a record against a schema made of plain types.

    Args:
        record: the value to check.
        index: the record's position, for the message.
        schema: a type; ``[schema]`` for a list of such; ``{field: schema}`` for an object with at least these fields.
        path: the field that ``record`` is, for the message.

    Raises:
        RecordError: it does not fit; the message says where and what was expected.
    """
    where = f"record {index}: field {path or '(whole)'}"
    if isinstance(schema, Mapping):
        if not isinstance(record, Mapping):
            raise RecordError(f"{where}: expected an object, got {type(record).__name__}")
        for name, inner in schema.items():
            inner_path = f"{path}.{name}" if path else name
            if name not in record:
                raise RecordError(f"record {index}: field {inner_path} is missing")
            check_record(record[name], index, inner, inner_path)
    elif isinstance(schema, list):
        if not isinstance(record, (list, tuple)):
            raise RecordError(f"{where}: expected a list, got {type(record).__name__}")
        for position, item in enumerate(record):
            check_record(item, index, schema[0], f"{path}[{position}]")
    elif not isinstance(record, schema) or (schema is int and isinstance(record, bool)):
        raise RecordError(f"{where}: expected {schema.__name__}, got {type(record).__name__}")
