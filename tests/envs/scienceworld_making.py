"""What the tests of ScienceWorld share: whether it can run here, environments that are closed, and real episodes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym import Action
from skillflow_gym.envs.scienceworld import ScienceWorldEnv

MISSING = [name for name in ("scienceworld", "py4j") if importlib.util.find_spec(name) is None]
MISSING += ["java"] if shutil.which("java") is None else []
needs_simulator = pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: pip install .[scienceworld]")

DATA = Path(os.environ.get("SKILLFLOW_DATA", "")) / "scienceworld"
EPISODES = DATA / "gold_episodes_30tasks_easy.jsonl"
needs_data = pytest.mark.skipif(
    "SKILLFLOW_DATA" not in os.environ or not EPISODES.is_file(), reason="set SKILLFLOW_DATA to the benchmarks' data"
)


@contextmanager
def opened(**kwargs: Any) -> Iterator[ScienceWorldEnv]:
    """An environment that is closed at the end."""
    env = ScienceWorldEnv("ScienceWorld", **{"admissible_actions": False, **kwargs})
    try:
        yield env
    finally:
        env.close()


def play(env: ScienceWorldEnv, actions: tuple[Action, ...], **options: Any) -> list[tuple[Any, ...]]:
    """What reset and the steps returned; stops where the episode ends."""
    said: list[tuple[Any, ...]] = [env.reset(options=options)]
    for action in actions:
        said.append(env.step(action))
        if said[-1][2] or said[-1][3]:
            break
    return said


def recorded() -> list[dict[str, Any]]:
    """The episodes under SKILLFLOW_DATA."""
    return [json.loads(line) for line in EPISODES.read_text(encoding="utf-8").splitlines()]


def parts(text: str) -> list[str]:
    """The words of what is shown, sorted and without temperatures.

    The published simulator orders the things in a place by Java's identity hash codes, which depend on all that the
    process did before: it lists them, and lets heat flow between them, in an order that no other process repeats.
    """
    return sorted(re.findall(r"[^\s,().]+", re.sub(r"-?\d+ degrees", "degrees", text)))


def state(pid: int) -> str:
    """The letter of a process's state, such as T for stopped; "" if there is none (Linux)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Whether there is such a process, other than as a zombie."""
    return state(pid) not in ("", "Z")


def resident(pid: int) -> float:
    """Memory of a process in MiB (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
