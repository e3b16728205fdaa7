"""The processes of this machine, from /proc."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def parents() -> dict[int, int]:
    """Process id -> that of its parent; zombies are left out."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                state, parent = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    found[int(entry)] = int(parent)
    return found


def descendants(pid: int) -> set[int]:
    """Children, their children and so on."""
    by_pid = parents()
    found = {pid}
    while more := {child for child, parent in by_pid.items() if parent in found} - found:
        found |= more
    return found - {pid}


def command(pid: int) -> str:
    """The command line, with spaces."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def name(pid: int) -> str:
    """The short name, which a process can change."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def crew() -> Counter[str]:
    """How many processes of each command line descend from this one."""
    return Counter(command(pid) for pid in descendants(os.getpid()))


def settled_crew() -> Counter[str]:
    """The same once it has stayed as it is for a second: helpers replace used children in their own time."""
    before, since = crew(), time.monotonic()
    while time.monotonic() - since < 1:
        time.sleep(0.05)
        if (now := crew()) != before:
            before, since = now, time.monotonic()
    return before


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether ``condition`` comes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
