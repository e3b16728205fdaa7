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
from tests.sandbox.running import cold


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


def runs(sandbox: Sandbox, count: int, warm: bool) -> None:
    def one(number: int) -> str:
        code = f"open('/tmp/x', 'w').write('x' * 100000)\nprint({number})"
        return (sandbox.python(code) if warm else cold(sandbox, code)).stdout

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(count))) == [f"{number}\n" for number in range(count)]


def fill(sandbox: Sandbox) -> None:
    """Have as many warm processes as are kept."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sandbox.python, ["import time; time.sleep(1)"] * 8))


@pytest.mark.parametrize(
    ("count", "warm"),
    [
        (64, False),
        (64, True),
        pytest.param(1000, False, marks=pytest.mark.slow),
        pytest.param(1000, True, marks=pytest.mark.slow),
    ],
)
def test_nothing_piles_up(
    bwrap: Sandbox, count: int, warm: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sandbox = make_sandbox("bwrap")
    try:
        runs(sandbox, 32, warm)
        if warm:
            fill(sandbox)
        settled_crew()
        before, memory = inventory(), resident_in_all()
        runs(sandbox, count, warm)
        assert eventually(lambda: inventory() == before), (before, inventory())
        assert resident_in_all() - memory < 16 * 1024 and not list(tmp_path.iterdir())
    finally:
        sandbox.close()
