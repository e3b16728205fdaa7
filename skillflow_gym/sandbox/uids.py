"""Unprivileged user ids of the host for a process that is root: each run gets one that no other run has."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FIRST, _PROCESSES, _RUNS = 0x70000000, 1 << 17, 1 << 9
"""Ids that no distribution gives to users, services or containers; 512 for each of 131072 processes."""
_NOBODY = 65534


class Uids:
    """Lends out user ids; safe to use from many threads at a time."""

    def __init__(self, uid_map: Path = Path("/proc/self/uid_map")) -> None:
        first = _FIRST + os.getpid() % _PROCESSES * _RUNS
        if os.geteuid() != 0:
            self._ids: tuple[int | None, ...] = (None,)  # we may not become anyone else
        elif _mapped(uid_map.read_text(), first + _RUNS - 1):
            self._ids = tuple(range(first, first + _RUNS))
        elif _mapped(uid_map.read_text(), _NOBODY):
            self._ids = (_NOBODY,)
        else:
            self._ids = (None,)  # root of a container that knows one user only: nobody special outside
        self._lent = {uid: 0 for uid in self._ids}
        self._lock = threading.Lock()

    @contextmanager
    def lend(self) -> Iterator[int | None]:
        """An id that nobody has (among those lent least often, when there are too few); None to stay who we are."""
        with self._lock:
            uid = min(self._ids, key=self._lent.__getitem__)
            self._lent[uid] += 1
        try:
            yield uid
        finally:
            with self._lock:
                self._lent[uid] -= 1


def _mapped(uid_map: str, uid: int) -> bool:
    lines = [[int(number) for number in line.split()] for line in uid_map.splitlines()]
    return any(first <= uid < first + count for first, _, count in lines)
