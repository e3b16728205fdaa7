"""Small training runs for the tests: on the vaults in this process, on a built benchmark in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from skillflow_gym.agents.args import restore
from skillflow_gym.agents.trainer import Trainer, train
from skillflow_gym.agents.ttb import TTB, Args

ROOT = Path(__file__).resolve().parents[2]
SMALL: Mapping[str, Any] = {
    "source": "mini",
    "tasks_per_step": 2,
    "rollouts": 4,
    "replay_groups": 3,
    "gradient_steps": 2,
    "eval_tasks": 4,
    "eval_rollouts": 2,
    "checkpoint_every": 2,
    "trajectories_every": 2,
    "paths_every": 2,
}


def vaults(folder: Path, **changes: Any) -> Trainer:
    """Train TTB on the vaults; rewards differ within most groups, so every update moves the parameters."""
    args = Args(**{**SMALL, "env": "Vaults", "steps": 5, "run": str(folder), **changes})
    return train(args, lambda: TTB(args))


def resume(folder: Path) -> Trainer:
    """Continue a TTB run."""
    args = restore(Args, str(folder))
    return train(args, lambda: TTB(args))


def command(agent: str, *more: str, **changes: Any) -> list[str]:
    """The command line of a small run of ``agent`` on a built benchmark."""
    options = {**SMALL, "env": "HotpotQA-v0", **changes}
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    return [sys.executable, "-m", f"agents.{agent}", *words, *more]


def start(words: list[str], **options: Any) -> subprocess.Popen[str]:
    """Start a command in the repository, its output in pipes."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(words, cwd=ROOT, env=environment, text=True, **pipes)


def kept(folder: Path) -> dict[str, bytes]:
    """Every file of a run that must be the same when it is run again: name -> content."""
    files = [folder / "metrics.jsonl", *(folder / "evaluations").iterdir(), *(folder / "trajectories").iterdir()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def flat(state: Any, name: str = "") -> dict[str, Any]:
    """The leaves of a checkpoint by their path."""
    if isinstance(state, Mapping):
        return {k: v for key, value in state.items() for k, v in flat(value, f"{name}/{key}").items()}
    if isinstance(state, list | tuple):
        return {k: v for i, value in enumerate(state) for k, v in flat(value, f"{name}/{i}").items()}
    return {name: state}


def same_state(one: Any, other: Any) -> bool:
    """Whether two checkpoints are equal bit by bit."""
    a, b = flat(one), flat(other)
    return a.keys() == b.keys() and all(
        torch.equal(a[name], b[name]) if isinstance(a[name], torch.Tensor) else a[name] == b[name] for name in a
    )
