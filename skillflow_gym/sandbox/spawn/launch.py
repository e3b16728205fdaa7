"""The fork server outside the sandbox: each child becomes the program that it is ordered to become.

Orders: ``argv``, which starts with an absolute path; ``environment``; ``cwd``; ``data`` (texts that the program reads
from descriptors); ``uid`` (None to stay who we are) and ``stage`` (paths of the host to show to that user). A pair in
``argv`` stands for what is known here only: ``("data", i)`` for the descriptor of ``data[i]``, ``("seccomp", 0)`` for
the filter's, ``("lease", 0)`` for the lease's, ``("fd", i)`` for the descriptor i of the orders, of which the first
three are the standard streams, and ``("stage", i)`` for a path where that user finds ``stage[i]``.
"""

from __future__ import annotations

import _signal
import _socket
import gc
import os
import stat
import sys

from . import linux, seccomp
from .forkserver import memory, ordered, serve, take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn

_STAGE = "/tmp"
_FILTER = seccomp.program()


def main(control: int) -> None:
    """Serve the control socket with that number."""
    for number in (_signal.SIGINT, _signal.SIGQUIT, _signal.SIGHUP):  # which a shell's background jobs ignore
        _signal.signal(number, _signal.SIG_DFL)
    gc.collect()
    gc.freeze()  # a collection in a child would else copy every page that it shares with this process
    serve(_socket.socket(fileno=control), os.fork, _launch)


def _launch(channel: _socket.socket) -> NoReturn:
    os.setsid()
    score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(score, b"1000")  # rather this than the process that trains
    os.close(score)
    filters = memory(_FILTER)
    lease = take(channel)
    order, fds = ordered(lease)
    for number, fd in enumerate(fds[:3]):
        os.dup2(fd, number)
    names: dict[str, list[Any]] = {
        "fd": fds,
        "lease": [lease.fileno()],
        "data": [memory(text.encode("utf-8", "surrogatepass")) for text in order["data"]],
        "stage": order["stage"],
        "seccomp": [filters],
    }
    if order["uid"] is not None:
        names["stage"] = _stage(order["stage"])
        os.setgroups([])
        os.setresgid(order["uid"], order["uid"], order["uid"])
        os.setresuid(order["uid"], order["uid"], order["uid"])
    os.chdir(order["cwd"])
    argv = []
    for text in order["argv"]:
        if not isinstance(text, str):
            kind, index = text
            name = names[kind][index]
            if isinstance(name, int):
                os.set_inheritable(name, True)
            text = str(name)
        argv.append(text)
    os.execve(argv[0], argv, order["environment"])


def _stage(paths: Sequence[str]) -> list[str]:
    """Mount ``paths`` where any user can reach them, in a mount namespace of our own, and give their new names.

    An unprivileged user cannot pass through a folder like /root, even if what lies further down is open to all.
    """
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount("none", "/", "none", linux.MS_REC | linux.MS_PRIVATE)
    sources = [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in paths]  # before the next line covers some
    linux.mount("tmpfs", _STAGE, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755,size=1m")
    staged = []
    for number, source in enumerate(sources):
        target = f"{_STAGE}/{number}"
        if stat.S_ISDIR(os.fstat(source).st_mode):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
        linux.mount(f"/proc/self/fd/{source}", target, "none", linux.MS_BIND | linux.MS_REC)
        os.close(source)
        staged.append(target)
    return staged


if __name__ == "__main__":
    main(int(sys.argv[1]))
