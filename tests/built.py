"""The registry's built benchmarks as parameters of tests; those that cannot run here are skipped and say why."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.error import DependencyNotInstalled

from skillflow_gym.registration import Stanza, stanza, stanzas
from skillflow_gym.sandbox import SandboxError, make_sandbox
from skillflow_gym.sources import resolve_source


@cache
def lacking(name: str) -> str:
    """What is not installed of what a benchmark with an extra needs: it, or what it needs beside it; "" for nothing."""
    if not stanza(name).extra:
        return ""
    try:
        env = gym.make(stanza(name).env_id, source="mini")
        if sandbox := getattr(env.unwrapped, "sandbox", ""):
            make_sandbox(sandbox).close()
        env.close()
    except (DependencyNotInstalled, ModuleNotFoundError, SandboxError) as error:
        if (getattr(error, "name", "") or "").startswith("skillflow_gym"):
            raise
        return str(error)
    return ""


def built(what: Callable[[Stanza], Any] = lambda entry: entry.name) -> list[Any]:
    """A parameter for every built benchmark: its name, or what ``what`` makes of its stanza."""
    return [_parameter(entry, what(entry)) for entry in stanzas() if entry.built]


def _parameter(entry: Stanza, value: Any) -> Any:
    reason = lacking(entry.name)
    return pytest.param(value, marks=pytest.mark.skip(reason=reason) if reason else (), id=entry.name)


def playable() -> tuple[str, ...]:
    """The names of the built benchmarks that can run here."""
    return tuple(entry.name for entry in stanzas() if entry.built and not lacking(entry.name))


def mini_source(name: str) -> str:
    """How a benchmark that was made with ``source="mini"`` names its source."""
    return str(resolve_source(stanza(name), "mini"))
