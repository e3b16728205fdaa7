"""The fork server inside the sandbox: a Python that has started already, as the root user of bubblewrap's namespaces.

Its children are cells (``spawn.cell``), which fork programs (``spawn.program``). What can be got ready before a fork is
got ready here: every page of memory that a program writes to is copied first, which is most of what its start costs.
"""

from __future__ import annotations

import _socket
import gc
import os

from . import linux, program
from .cell import Cell
from .forkserver import serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


def main(control: int, preload: Sequence[str]) -> None:
    """Import ``preload``, then serve the control socket with that number."""
    for name in preload:
        __import__(name)
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    rights = linux.Rights()

    def fork() -> int:
        linux.unshare(linux.CLONE_NEWPID)
        pid = os.fork()
        if pid:
            linux.setns(own, linux.CLONE_NEWPID)
        return pid

    def cell(channel: _socket.socket) -> NoReturn:
        Cell(rights).serve(channel)

    program.prepare()
    gc.collect()
    gc.freeze()  # a collection in a child would else copy every page that it shares with this process
    serve(_socket.socket(fileno=control), fork, cell)
