"""``Limits`` as resource limits of the kernel."""

from __future__ import annotations

from collections.abc import Mapping

from skillflow_gym.sandbox import Limits

_OPEN_FILES = 256


def rlimits(limits: Limits) -> Mapping[str, tuple[int, int]]:
    """Name as in the ``resource`` module -> soft and hard limit."""
    cpu = limits.cpu or int(limits.wall) + 1
    same = {
        "RLIMIT_AS": limits.memory,
        "RLIMIT_FSIZE": limits.file_size,
        "RLIMIT_NPROC": limits.processes,
        "RLIMIT_NOFILE": _OPEN_FILES,
        "RLIMIT_CORE": 0,
    }
    # The signal of the soft limit tells why a program died; the hard one kills a program that ignores it.
    return {name: (value, value) for name, value in same.items()} | {"RLIMIT_CPU": (cpu, cpu + 1)}


def prlimit_options(limits: Limits) -> list[str]:
    """The options of the program prlimit."""
    return [f"--{name[7:].lower()}={soft}:{hard}" for name, (soft, hard) in rlimits(limits).items()]
