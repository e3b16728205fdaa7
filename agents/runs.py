"""A run's folder: all that a run keeps, written so that a kill at any moment loses only what resuming makes again."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml

from skillflow_gym.files import replacing
from skillflow_gym.trajectory import Trajectory, write_trajectories

KEPT_CHECKPOINTS = 2


class RunError(ValueError):
    """A run folder that cannot be used. The message says why and what to do."""


class RunFolder:
    """config.yaml, metrics.jsonl, timing.jsonl, trajectories/, evaluations/, checkpoints/, tensorboard/.

    Rows of metrics.jsonl depend only on config.yaml; what depends on the clock is in timing.jsonl, and the episodes
    that the clock ended in drops.jsonl. A resumed run cuts the first two back to its checkpoint and writes the same
    rows again; it keeps the drops, which stand for the clock it no longer has.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, path: Path, config: Mapping[str, Any]) -> RunFolder:
        """Make the folder and write its config.yaml; a name that is taken gets -2, -3, ...

        Raises:
            OSError: the folder cannot be written.
        """
        # Through JSON, because YAML refuses what only looks like plain data, such as torch.__version__.
        text = yaml.safe_dump(json.loads(json.dumps(config)), sort_keys=False, allow_unicode=True)
        candidate, number = path, 1
        while True:
            try:
                candidate.mkdir(parents=True)
                break
            except FileExistsError:
                number += 1
                candidate = path.with_name(f"{path.name}-{number}")
        run = cls(candidate)
        run.write_text("config.yaml", text)
        return run

    def config(self) -> dict[str, Any]:
        """The content of config.yaml.

        Raises:
            RunError: the folder holds none, or one that no run wrote.
        """
        file = self.path / "config.yaml"
        if not file.is_file():
            raise RunError(f"{self.path} is no run: it has no config.yaml. A run's folder is printed when it starts")
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):
            content = None
        if not isinstance(content, dict) or not {"agent", "args", "data"} <= set(content):
            raise RunError(f"{file} was not written by a run, or was changed: restore it or start a new run")
        return content

    def write_text(self, name: str, text: str) -> None:
        """Write a file whole or not at all."""
        with replacing(self.path / name) as file:
            file.write(text.encode())

    def append(self, name: str, row: Mapping[str, Any]) -> None:
        """Append a row to ``metrics.jsonl``, ``timing.jsonl`` or ``drops.jsonl``."""
        with (self.path / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The whole rows of a JSONL file; a last line cut off by a kill is left out."""
        file = self.path / name
        if not file.is_file():
            return []
        lines = file.read_text(encoding="utf-8").split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def write_trajectories(self, step: int, trajectories: Iterable[Trajectory]) -> None:
        """Keep the trajectories of a step."""
        write_trajectories(self.path / "trajectories" / f"step-{step:06d}.jsonl", trajectories)

    def evaluation(self, name: str) -> dict[str, Any] | None:
        """A finished evaluation, or None."""
        file = self.path / "evaluations" / f"{name}.json"
        content: dict[str, Any] | None = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
        return content

    def save_checkpoint(self, step: int, state: Mapping[str, Any]) -> None:
        """Write the state after ``step`` steps; older checkpoints go once the new one is on disk."""
        with replacing(self.path / "checkpoints" / f"step-{step:06d}.pt") as file:
            torch.save(dict(state), file)
        for _, old in self._checkpoints()[:-KEPT_CHECKPOINTS]:
            old.unlink()

    def load_checkpoint(self) -> tuple[int, dict[str, Any]] | None:
        """The newest checkpoint and its number of steps; None if there is none yet."""
        found = self._checkpoints()
        if not found:
            return None
        step, file = found[-1]
        return step, torch.load(file, weights_only=True)

    def cut_back(self, step: int) -> None:
        """Forget what was written after the first ``step`` steps, so that it can be written again."""
        for name, last in (("metrics.jsonl", step), ("timing.jsonl", step), ("drops.jsonl", math.inf)):
            if (self.path / name).is_file():  # rewritten in any case: the next row must not follow half a line
                kept = [row for row in self.rows(name) if row["step"] <= last]
                self.write_text(name, "".join(json.dumps(row) + "\n" for row in kept))
        for file in (self.path / "trajectories").glob("step-*.jsonl"):
            if int(file.stem.partition("-")[2]) > step:
                file.unlink()

    def read_only(self) -> RunFolder:
        """The same folder for a process that takes part in the run and leaves the writing to another."""
        return _Reader(self.path)

    def _checkpoints(self) -> list[tuple[int, Path]]:
        files = (self.path / "checkpoints").glob("step-*.pt")
        return sorted((int(m[1]), f) for f in files if (m := re.fullmatch(r"step-(\d+)\.pt", f.name)))


class _Reader(RunFolder):
    """Reads as ``RunFolder`` does; what it is given to write is dropped."""

    def write_text(self, name: str, text: str) -> None:
        pass

    def append(self, name: str, row: Mapping[str, Any]) -> None:
        pass

    def write_trajectories(self, step: int, trajectories: Iterable[Trajectory]) -> None:
        pass

    def save_checkpoint(self, step: int, state: Mapping[str, Any]) -> None:
        pass

    def cut_back(self, step: int) -> None:
        pass
