"""The frozen Executor: turns an instruction into a text with the help of the task's tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from skillflow_gym.executors.direct import run_direct
from skillflow_gym.executors.result import Result
from skillflow_gym.executors.tools import run_tools
from skillflow_gym.tools import Toolbox

__all__ = ["Executor", "FunctionExecutor", "Result", "make_executor"]


class Executor(Protocol):
    """What every executor offers."""

    @property
    def spec(self) -> str:
        """The text that made it, as in ``gym.make(..., executor=spec)``."""

    @property
    def deterministic(self) -> bool:
        """Whether the same instructions give the same results."""

    def run(self, instruction: str, toolbox: Toolbox) -> Result:
        """Carry out ``instruction``.

        Raises:
            InfrastructureError: a tool or a server failed; the episode is then unscored.
        """

    def close(self) -> None:
        """Free what it holds; may be called twice."""


@dataclass(frozen=True)
class FunctionExecutor:
    """An executor that is a pure function of the instruction and the toolbox."""

    spec: str
    function: Callable[[str, Toolbox], Result]
    deterministic: bool = field(default=True, init=False)

    def run(self, instruction: str, toolbox: Toolbox) -> Result:
        """Carry out ``instruction``."""
        return self.function(instruction, toolbox)

    def close(self) -> None:
        """Nothing to free."""


_EXECUTORS: Mapping[str, Callable[[str, Toolbox], Result]] = {"direct": run_direct, "tools": run_tools}


def make_executor(spec: str) -> Executor:
    """The executor that ``spec`` names: ``direct`` (the text is the command) or ``tools`` (``name: argument``).

    Raises:
        ValueError: no executor has that name.
    """
    if spec not in _EXECUTORS:
        raise ValueError(f"executor {spec!r} does not exist; choose one of {', '.join(_EXECUTORS)}")
    return FunctionExecutor(spec, _EXECUTORS[spec])
