"""Cassettes: ``record:PATH|SPEC`` keeps what an executor answers, ``replay:PATH`` answers the same without it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.executors.result import Result
from skillflow_gym.tools import Toolbox

if TYPE_CHECKING:
    from skillflow_gym.executors import Executor

_writing = threading.Lock()


class _Place:
    """Where in an episode an instruction stands: what it is kept under."""

    def begin(self, task_id: str, seed: int) -> None:
        """An episode begins."""
        self._episode, self._number = f"{task_id}\0{seed}", 0

    def key(self, instruction: str) -> str:
        """A hash of the task, the seed, the number of the instruction in its episode, and the instruction."""
        self._number += 1
        text = f"{self._episode}\0{self._number}\0{instruction}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Recorder:
    """Hands on to another executor and appends what it answers to a JSONL file, a line each."""

    deterministic = False

    def __init__(self, path: str, inner: Executor) -> None:
        """Record ``inner`` to ``path``; nothing is opened before the first answer."""
        self.spec = f"record:{path}|{inner.spec}"
        self._path, self._inner, self._place = Path(path), inner, _Place()
        self.begin("", 0)

    def begin(self, task_id: str, seed: int) -> None:
        """An episode begins."""
        self._place.begin(task_id, seed)
        self._inner.begin(task_id, seed)

    def run(self, instruction: str, toolbox: Toolbox) -> Result:
        """What the other executor says, once it is on disk."""
        key, result = self._place.key(instruction), self._inner.run(instruction, toolbox)
        row = {"key": key, "text": result.text, "calls": result.calls, "usage": dict(result.usage)}
        line = (json.dumps(row) + "\n").encode()
        with _writing:  # a line is one write at the end of the file: processes that share it do not mix theirs
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(file, line)
            finally:
                os.close(file)
        return result

    def close(self) -> None:
        """Close the other executor."""
        self._inner.close()


class Player:
    """Answers from a cassette."""

    deterministic = True

    def __init__(self, path: str) -> None:
        """Answer from ``path``; it is read at the first instruction."""
        self.spec = f"replay:{path}"
        self._path, self._place = Path(path), _Place()
        self.begin("", 0)

    def begin(self, task_id: str, seed: int) -> None:
        """An episode begins."""
        self._place.begin(task_id, seed)

    def run(self, instruction: str, toolbox: Toolbox) -> Result:
        """What was answered when this was recorded.

        Raises:
            InfrastructureError: the cassette cannot be read, or holds no answer to this.
        """
        try:
            status = self._path.stat()
            answers = _read(self._path, status.st_mtime_ns, status.st_size)
        except OSError as error:
            raise InfrastructureError(f"cassette {self._path}: {error.strerror}: record it first") from error
        found = answers.get(self._place.key(instruction))
        if found is None:
            raise InfrastructureError(
                f"cassette {self._path} holds no answer to this instruction at this place of the episode: replay the "
                "same tasks, seeds and actions, or record anew"
            )
        return found

    def close(self) -> None:
        """Nothing to free."""


@lru_cache(maxsize=8)
def _read(path: Path, changed: int, size: int) -> Mapping[str, Result]:
    """Key -> answer; a last line that a kill cut off is left out."""
    answers = {}
    for line in path.read_text(encoding="utf-8").split("\n")[:-1]:
        row = json.loads(line)
        answers[row["key"]] = Result(row["text"], row["calls"], row["usage"])
    return answers
