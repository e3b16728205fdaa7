"""User ids of the host for runs of a process that is root."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from skillflow_gym.sandbox import Limits, Mounts, Sandbox
from skillflow_gym.sandbox.uids import Uids

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")
WHOLE = "         0          0 4294967295\n"


def lend(uid_map: str, folder: Path, count: int) -> list[int | None]:
    (folder / "uid_map").write_text(uid_map)
    uids = Uids(folder / "uid_map")
    with ExitStack() as stack:
        return [stack.enter_context(uids.lend()) for _ in range(count)]


@root_only
def test_runs_at_the_same_time_have_different_users(tmp_path: Path) -> None:
    lent = [uid or 0 for uid in lend(WHOLE, tmp_path, 512)]
    assert len(set(lent)) == 512 and min(lent) >= 0x70000000 and max(lent) < 0x78000000


@root_only
@pytest.mark.parametrize(
    ("uid_map", "uid"),
    [("0 1000 1\n1 100000 65535\n", 65534), ("0 1000 1\n", None)],
    ids=["container of 65536 users", "container of one user"],
)
def test_a_container_with_few_users_gives_what_it_has(tmp_path: Path, uid_map: str, uid: int | None) -> None:
    assert lend(uid_map, tmp_path, 2) == [uid, uid]


def test_a_user_stays_who_he_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert lend(WHOLE, tmp_path, 2) == [None, None]


def test_an_id_comes_back(tmp_path: Path) -> None:
    uids = Uids()
    with uids.lend() as first:
        pass
    with uids.lend() as second:
        assert first == second


@root_only
def test_the_host_sees_an_unprivileged_user(bwrap: Sandbox, tmp_path: Path) -> None:
    script = "touch /work/mine; stat -c %u /work/mine; while [ ! -e stop ]; do sleep 0.05; done"
    seen: set[int] = set()

    def look(folder: Path) -> None:
        for path in folder.glob("mine"):
            seen.add(path.stat().st_uid)
        (folder / "stop").touch()

    timer = threading.Timer(1.5, look, [tmp_path])
    timer.start()
    done = bwrap.run(["sh", "-c", script], mounts=Mounts(work=tmp_path), limits=Limits(wall=20))
    assert done.stdout == "1000\n" and len(seen) == 1 and min(seen) >= 65534
