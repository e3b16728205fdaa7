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

    def begin(self, task_id: str, seed: int) -> None:
        """An episode begins: forget the last one; what is random from now on comes from ``seed``."""

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

    def begin(self, task_id: str, seed: int) -> None:
        """Nothing to forget."""

    def run(self, instruction: str, toolbox: Toolbox) -> Result:
        """Carry out ``instruction``."""
        return self.function(instruction, toolbox)

    def close(self) -> None:
        """Nothing to free."""


_FUNCTIONS: Mapping[str, Callable[[str, Toolbox], Result]] = {"direct": run_direct, "tools": run_tools}
KINDS = (*_FUNCTIONS, "openai:MODEL@URL", "hf:MODEL", "record:PATH|SPEC", "replay:PATH")


def make_executor(spec: str) -> Executor:
    """The executor that ``spec`` names; nothing is opened before it is used.

    ``direct``: the text is the engine's command. ``tools``: it is ``name: argument``. ``openai:MODEL@URL``: a language
    model on an OpenAI-compatible server. ``hf:MODEL``: one in this process. ``record:PATH|SPEC`` keeps what another one
    answers, ``replay:PATH`` answers from that.

    Raises:
        ValueError: no executor has that name, or what follows the name is wrong.
    """
    if spec in _FUNCTIONS:
        return FunctionExecutor(spec, _FUNCTIONS[spec])
    kind, colon, rest = spec.partition(":")
    if colon and kind == "openai":
        from skillflow_gym.executors.openai import OpenAIExecutor

        return OpenAIExecutor(rest)
    if colon and kind == "hf":
        from skillflow_gym.executors.hf import HFExecutor

        return HFExecutor(rest)
    if colon and kind in ("record", "replay"):
        from skillflow_gym.executors.cassette import Player, Recorder

        if kind == "replay":
            return Player(rest)
        path, _, inner = rest.rpartition("|")
        if not path:
            raise ValueError(f"executor {spec!r}: expected record:PATH|SPEC, where SPEC is what is recorded")
        return Recorder(path, make_executor(inner))
    raise ValueError(f"executor {spec!r} does not exist; choose one of {', '.join(KINDS)}")
