"""The executor ``direct``: the instruction is the engine's command."""

from __future__ import annotations

from skillflow_gym.executors.result import Result
from skillflow_gym.tools import Toolbox


def run_direct(instruction: str, toolbox: Toolbox) -> Result:
    """Return the instruction unchanged."""
    return Result(instruction)
