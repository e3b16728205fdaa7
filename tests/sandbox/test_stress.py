"""Many runs, eight at a time: nothing piles up."""

from __future__ import annotations

import gc
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.sandbox import Sandbox, make_sandbox
from tests.sandbox.processes import crew, descendants, eventually, settled_crew
from tests.sandbox.running import WAYS


def resident(pid: int) -> int:
    """KiB of memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def resident_in_all() -> int:
    return sum(resident(pid) for pid in (os.getpid(), *descendants(os.getpid())))


def inventory() -> dict[str, Any]:
    gc.collect()
    return {
        "processes": crew(),
        "files": sorted(len(os.listdir(f"/proc/{pid}/fd")) for pid in (os.getpid(), *descendants(os.getpid()))),
        "threads": threading.active_count(),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
    }


def runs(sandbox: Sandbox, count: int, way: str) -> None:
    def one(number: int) -> str:
        code = f"open('/tmp/x', 'w').write('x' * 100000)\nprint({number})"
        return WAYS[way](sandbox, code).stdout

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(count))) == [f"{number}\n" for number in range(count)]


def fill(sandbox: Sandbox) -> None:
    """Have as many cells as are kept."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sandbox.python, ["import time; time.sleep(1)"] * 8))


@pytest.mark.parametrize(
    ("count", "way"),
    [
        *((64, way) for way in WAYS),
        *(pytest.param(1000, way, marks=pytest.mark.slow) for way in WAYS),
    ],
)
def test_nothing_piles_up(
    bwrap: Sandbox, count: int, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sandbox = make_sandbox("bwrap")
    try:
        runs(sandbox, 32, way)
        fill(sandbox)
        settled_crew()
        before, memory = inventory(), resident_in_all()
        runs(sandbox, count, way)
        assert eventually(lambda: inventory() == before), (before, inventory())
        assert resident_in_all() - memory < 16 * 1024 and not list(tmp_path.iterdir())
    finally:
        sandbox.close()
