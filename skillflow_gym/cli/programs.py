"""Programs outside Python that benchmarks need: whether they run here, and what installs or starts them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple


class Check(NamedTuple):
    """One thing that was looked at.

    Attributes:
        name: what it is.
        state: ``ok``; ``absent`` for what some uses need and is not there; ``broken`` for what must work and does not.
        detail: a version, a path, or what is wrong.
        command: mends it; "" where nothing is to be mended.
    """

    name: str
    state: Literal["ok", "absent", "broken"]
    detail: str
    command: str = ""


class Program(NamedTuple):
    """A program that some benchmarks need.

    Attributes:
        name: as people call it.
        probe: a command that must succeed.
        use: what it is for.
        install, start: the commands for when it is not there, and for when the probe fails.
    """

    name: str
    probe: tuple[str, ...]
    use: str
    install: str
    start: str


_PROGRAMS = (
    Program(
        "bubblewrap",
        ("bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"),
        "runs the code of HumanEval and SWEBench",
        "sudo apt-get install bubblewrap",
        "",
    ),
    Program(
        "docker",
        ("docker", "info"),
        "runs that code where bubblewrap cannot",
        "sudo apt-get install docker.io",
        "sudo systemctl start docker",
    ),
    Program(
        "java",
        ("java", "-version"),
        "runs ScienceWorld",
        "sudo apt-get install default-jre-headless",
        "sudo apt-get install --reinstall default-jre-headless",
    ),
)


def programs() -> Iterator[Check]:
    """Programs outside Python, run for real."""
    for program in _PROGRAMS:
        path = shutil.which(program.probe[0])
        if path is None:
            yield Check(program.name, "absent", f"not found; {program.use}", program.install)
            continue
        try:
            done = subprocess.run(program.probe, capture_output=True, text=True, timeout=10)
            problem = first_line(done.stderr or done.stdout) if done.returncode else ""
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = first_line(error)
        if problem:
            start = program.start or allow_namespaces()
            yield Check(program.name, "absent", f"{path} does not work: {problem}", start)
        else:
            yield Check(program.name, "ok", f"{path}; {program.use}")


_NAMESPACES = (
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "15000"),
)
"""Linux settings with the value that keeps bubblewrap from working and the one that lets it."""


def allow_namespaces(settings: Path = Path("/proc/sys")) -> str:
    """The command that lets bubblewrap make namespaces; "" if no setting forbids them, as inside a container."""
    for name, forbids, allows in _NAMESPACES:
        file = settings / name.replace(".", "/")
        if file.is_file() and file.read_text().strip() == forbids:
            return f"sudo sysctl -w {name}={allows}"
    return ""


def first_line(problem: object) -> str:
    """The first line with text of an error or of a program's output."""
    return next((line.strip() for line in str(problem).splitlines() if line.strip()), type(problem).__name__)
