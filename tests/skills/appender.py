"""Appends to a store without end, in child processes that somebody kills: ``python -m tests.skills.appender FOLDER``.

Every line on stdin starts a child. The child prints its process id, then a line of JSON for every append that returned:
number, version, n. When it is gone, the parent prints ``gone``. Files are written slowly, so that most kills come
in the middle of one.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from skillflow_gym import Skill, SkillLibrary
from skillflow_gym.skills.store import SkillStore


class SlowFile(io.FileIO):
    """Writes 512 bytes at a time."""

    def write(self, content: Any) -> int:
        for start in range(0, len(content), 512):
            super().write(content[start : start + 512])
            time.sleep(0.0002)
        return len(content)


def open_slowly(path: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
    return SlowFile(path, "w") if mode == "wb" else open(path, mode, *rest, **options)


def library(n: int) -> SkillLibrary:
    """The n-th library: statistics change with every n, the content with every third."""
    skills = [Skill(f"skill-{i}", f"Number {i}", f"{n // 3} " * 1000, {"n": str(n)}) for i in range(1 + n // 3 % 4)]
    return SkillLibrary(skills)


def append_for_ever(store: SkillStore) -> None:
    n = len(list(store.entries()))
    say(str(os.getpid()))
    while True:
        n += 1
        if n % 10:
            entry = store.append(library(n), {"kind": "refine", "n": n})
        else:
            entry = store.rollback(store.versions[n % len(store.versions)])
        say(json.dumps([entry.number, entry.version, n]))


def say(line: str) -> None:
    os.write(sys.stdout.fileno(), f"{line}\n".encode())


def main() -> None:
    Path.open = open_slowly  # type: ignore[assignment, method-assign]
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            append_for_ever(SkillStore(sys.argv[1]))
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
