"""Run folders as the report reads them: what was configured, measured, evaluated, and how the library changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from skillflow_gym.skills.store import Entry, SkillStore


class ReportError(ValueError):
    """A folder that no report can be written from. The message says what to give instead."""


@dataclass(frozen=True)
class RunRecord:
    """A run's folder.

    Attributes:
        path: the folder.
        config: the content of config.yaml.
        arm: what is compared: by default the agent, its preset, and whether its library evolves.
        metrics: rows of metrics.jsonl, with the number of training ``rollouts`` so far.
        seconds: wall-clock time of all updates.
        evaluations: name (random, before, after, ...) -> the evaluation's file.
        history: every entry of the skill store, oldest first; none without evolution.
    """

    path: Path
    config: Mapping[str, Any]
    arm: str
    metrics: Sequence[Mapping[str, Any]]
    seconds: float
    evaluations: Mapping[str, Mapping[str, Any]]
    history: Sequence[Entry]

    @property
    def args(self) -> Mapping[str, Any]:
        """The arguments of the run."""
        arguments: Mapping[str, Any] = self.config["args"]
        return arguments

    @property
    def env(self) -> str:
        """The benchmark's name; the names of all if the run was trained on several."""
        names = [str(self.args["env"]), *filter(None, str(self.args.get("also") or "").split(","))]
        return " + ".join(name.partition("=")[0].rsplit("/", 1)[-1].removesuffix("-v0") for name in names)

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.args["seed"])


def read_run(folder: Path | str, arm: str = "") -> RunRecord:
    """Read a run's folder; of a run that goes on, what is there.

    ``arm`` is its name in a comparison, which has the panel of its own; the run's evaluations are left out then.

    Raises:
        ReportError: the folder is no run.
    """
    path = Path(folder)
    config = _config(path)
    timing = read_rows(path / "timing.jsonl")
    seconds = sum(v for row in timing for k, v in row.items() if k in ("collect", "update", "evolve"))
    files = [] if arm else sorted((path / "evaluations").glob("*.json"))
    evaluations = {file.stem: content for file in files if "summary" in (content := read_json(file))}
    history = tuple(SkillStore(path / "skills").entries()) if (path / "skills").is_dir() else ()
    args = config["args"]
    update = int(args.get("tasks_per_step", 1)) * int(args.get("rollouts", 1))
    metrics = [
        {**row, "rollouts": row.get("episodes", row["step"] * update)} for row in read_rows(path / "metrics.jsonl")
    ]
    return RunRecord(path, config, arm or _arm(config), metrics, seconds, evaluations, history)


def _arm(config: Mapping[str, Any]) -> str:
    parts = [str(config["agent"]), str(config["args"].get("preset") or "")]
    if (config["args"].get("evolve") or {}).get("on"):
        parts.append("evolving")
    return " ".join(filter(None, parts))


def _config(path: Path) -> dict[str, Any]:
    file = path / "config.yaml"
    if not file.is_file():
        raise ReportError(f"{path} is no run: it has no config.yaml. Give the folder that a training run printed")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ReportError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict) or not {"agent", "args", "data"} <= set(content):
        raise ReportError(f"{file} was not written by a run")
    return content


def read_rows(file: Path) -> list[dict[str, Any]]:
    """The whole rows of a JSONL file; a last line that is being written is left out."""
    lines = file.read_text(encoding="utf-8").split("\n")[:-1] if file.is_file() else []
    return [json.loads(line) for line in lines]


def read_json(file: Path) -> dict[str, Any]:
    """The content of a JSON file that holds an object."""
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content
