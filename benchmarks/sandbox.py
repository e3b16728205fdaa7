"""What a run in a sandbox costs: a Python started bare, under bubblewrap and unsafely, and the warm one, in one run.

Every way runs ``pass``, a few times in a row, then the next way, so that they meet the same load; what a way gets ready
for its next run is paid by that run. The bare Python is that of an empty virtual environment: it finds as few packages
at its start as the one in the sandbox does.

python benchmarks/sandbox.py
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
import venv
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import tyro

from skillflow_gym.sandbox import Mounts, make_sandbox


@dataclass
class Args:
    """Time runs in the sandbox."""

    rounds: int = 12
    """How often each way has its turn."""
    repetitions: int = 10
    """Runs of each way in a row."""


def main(args: Args) -> None:
    """Print medians and ratios."""
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as lent,
        closing(make_sandbox("bwrap")) as bwrap,
        closing(make_sandbox("bwrap", preload=["sympy"])) as with_sympy,
        closing(make_sandbox("unsafe-subprocess")) as unsafe,
    ):
        venv.create(folder, symlinks=True)
        bare = [f"{folder}/bin/python", "-I", "-c", "pass"]
        ways: dict[str, Callable[[], object]] = {
            "bare python -I": lambda: subprocess.run(bare, check=True),
            "bwrap": lambda: bwrap.run([bwrap.interpreter, *bare[1:]]),
            "bwrap, a folder lent": lambda: bwrap.run([bwrap.interpreter, *bare[1:]], mounts=Mounts(Path(lent))),
            "unsafe-subprocess": lambda: unsafe.run(bare),
            "warm": lambda: bwrap.python("pass"),
            "warm, sympy imported": lambda: with_sympy.python("pass"),
        }
        for name, way in ways.items():  # the first run starts the helpers
            print(f"{name:22} {1000 * timed(way):7.1f} ms the first time")
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(args.rounds):
            for name, way in ways.items():
                time.sleep(0.05)  # what the way before has still to do is not this one's
                way()
                times[name] += [timed(way) for _ in range(args.repetitions)]
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:22} {1000 * median:7.1f} ms, {median / medians['bare python -I']:.2f} of bare")
    print(f"bwrap costs {medians['bwrap'] / medians['bare python -I']:.2f} of bare (goal: at most 1.6)")
    print(f"warm is {medians['bare python -I'] / medians['warm']:.1f} times as fast as bare (goal: at least 5)")


def timed(way: Callable[[], object]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


if __name__ == "__main__":
    main(tyro.cli(Args))
