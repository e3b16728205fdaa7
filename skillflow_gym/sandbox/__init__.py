"""Where untrusted code runs: a process of its own that sees no host file, no network and no other process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

__all__ = ["Completed", "Limits", "Mounts", "Sandbox", "SandboxError", "make_sandbox", "shared_sandbox"]


class SandboxError(RuntimeError):
    """There is no sandbox of the kind asked for; the message says what to install."""


@dataclass(frozen=True)
class Limits:
    """What a run may use.

    Attributes:
        wall: seconds until the whole process group is killed.
        cpu: seconds of processor time of each process; 0 for as many as ``wall``.
        memory: bytes of address space of each process.
        output: bytes kept of each stream; what comes after them is read and dropped.
        file_size: bytes of each file that it writes.
        processes: most processes and threads at a time.
    """

    wall: float = 10.0
    cpu: int = 0
    memory: int = 1 << 30
    output: int = 1 << 16
    file_size: int = 1 << 26
    processes: int = 64


@dataclass(frozen=True)
class Mounts:
    """What of the host a run may see besides the system's own programs.

    Attributes:
        work: a host folder that it may write to, at ``/work``, its current folder; None for a fresh private one.
        read_only: path inside -> host path.
    """

    work: Path | None = None
    read_only: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Completed:
    """What came of a run.

    Attributes:
        stdout, stderr: as text, undecodable bytes replaced, cut at ``Limits.output``; with ``merged``, ``stderr`` is ""
            and ``stdout`` holds both in the order written.
        exit: the exit status; negative for a signal.
        timed_out: whether it was killed because ``Limits.wall`` was over.
        exceeded: names of the limits that it ran into, as far as they can be told: wall, cpu, memory, output.
    """

    stdout: str
    stderr: str
    exit: int
    timed_out: bool = False
    exceeded: tuple[str, ...] = ()


class Sandbox(Protocol):
    """What every backend offers; safe to use from many threads at a time."""

    @property
    def spec(self) -> str:
        """The text that made it."""

    @property
    def interpreter(self) -> str:
        """The path inside of a Python with its standard library, for ``run``; of this process's version if it can be.

        ``sys.executable`` may not exist inside.
        """

    def run(
        self,
        argv: Sequence[str],
        *,
        files: Mapping[str, str] | None = None,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
        merged: bool = False,
        mounts: Mounts | None = None,
        limits: Limits | None = None,
    ) -> Completed:
        """Run a program in ``/work``, where ``files`` (relative path -> text) are written first.

        Raises:
            InfrastructureError: the sandbox itself failed; what the program does is never an error here.
            ValueError: a path in ``files`` leads out of the folder.
        """

    def python(self, code: str, *, stdin: str = "", limits: Limits | None = None) -> Completed:
        """Run ``code`` as a Python program of its own (``__main__``), from a warm interpreter where there is one.

        It finds the packages installed beside this suite, but not the suite itself; hashes are drawn with seed 0.
        """

    def close(self) -> None:
        """Kill what still runs and free what it holds; may be called twice."""


def make_sandbox(spec: str = "bwrap", *, preload: Sequence[str] = ()) -> Sandbox:
    """Make the sandbox that ``spec`` asks for; there is no second choice.

    Args:
        spec: ``bwrap``, ``docker`` or ``docker:IMAGE``, or ``unsafe-subprocess``.
        preload: modules that ``Sandbox.python`` finds imported already, where there is a warm interpreter.

    Raises:
        SandboxError: it does not work on this machine.
        ValueError: there is no sandbox of that name.
    """
    kind, _, argument = spec.partition(":")
    if kind == "bwrap" and not argument:
        from skillflow_gym.sandbox.bwrap import BwrapSandbox

        return BwrapSandbox(preload)
    if kind == "docker":
        from skillflow_gym.sandbox.docker import IMAGE, DockerSandbox

        return DockerSandbox(argument or IMAGE)
    if spec == "unsafe-subprocess":
        from skillflow_gym.sandbox.unsafe import UnsafeSubprocess

        return UnsafeSubprocess()
    raise ValueError(f"sandbox {spec!r}: expected bwrap, docker, docker:IMAGE or unsafe-subprocess")


@cache
def shared_sandbox(spec: str = "bwrap", preload: tuple[str, ...] = ("json", "re", "typing")) -> Sandbox:
    """The one sandbox of its kind in this process, for all environments; it ends with the process.

    Raises:
        SandboxError: it does not work on this machine.
        ValueError: there is no sandbox of that name.
    """
    return make_sandbox(spec, preload=preload)
