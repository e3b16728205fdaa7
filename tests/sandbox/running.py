"""Ways to run Python code in a sandbox."""

from __future__ import annotations

from collections.abc import Callable

from skillflow_gym.sandbox import Completed, Limits, Mounts, Sandbox

RunPython = Callable[..., Completed]
"""Takes the code, and ``stdin`` and ``limits`` by name."""

PATIENT = Limits(wall=60)
"""For what ends soon on a machine that is not busy with other tests."""


def cold(sandbox: Sandbox, code: str, stdin: str = "", limits: Limits | None = None) -> Completed:
    """Start an interpreter for the code."""
    argv = [sandbox.interpreter, "-B", "main.py"]
    return sandbox.run(argv, files={"main.py": code}, stdin=stdin, limits=limits or PATIENT)


def alone(sandbox: Sandbox, code: str, stdin: str = "", limits: Limits | None = None) -> Completed:
    """Start bubblewrap and an interpreter for the code, as for a run that sees folders of the host."""
    argv, files = [sandbox.interpreter, "-B", "main.py"], {"main.py": code}
    return sandbox.run(argv, files=files, stdin=stdin, limits=limits or PATIENT, mounts=Mounts())


def warm(sandbox: Sandbox, code: str, stdin: str = "", limits: Limits | None = None) -> Completed:
    """Take the warm interpreter."""
    return sandbox.python(code, stdin=stdin, limits=limits or PATIENT)


WAYS = {"cold": cold, "alone": alone, "warm": warm}
