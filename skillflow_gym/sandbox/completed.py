"""What came of a child, in the words of ``Completed``."""

from __future__ import annotations

import signal

from skillflow_gym.sandbox import Completed
from skillflow_gym.sandbox.client import Ended


def completed(ended: Ended, code: int) -> Completed:
    """Describe a child that ended with ``code``."""
    exceeded = {
        "wall": ended.timed_out,
        "cpu": code == -signal.SIGXCPU,
        "memory": b"MemoryError" in (ended.stderr or ended.stdout)[-1000:],
        "output": ended.overflow,
    }
    return Completed(
        ended.stdout.decode(errors="replace"),
        ended.stderr.decode(errors="replace"),
        code,
        ended.timed_out,
        tuple(name for name, whether in exceeded.items() if whether),
    )
