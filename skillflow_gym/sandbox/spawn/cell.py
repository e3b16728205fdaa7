"""A cell: the first process of a pid namespace, with a network namespace, in which it runs one program after the other.

Each program gets a mount namespace of its own with empty folders, and has no rights. The cell never sees what it is or
does. It serves another one only if the last one left nothing: no process, no use of the network, no limit changed. Else
it ends, and all in its namespaces with it. So no program sees what another one did, before it or at the same time.
(System calls for System V and POSIX message queues, whose objects an ipc namespace would keep apart, do not exist for a
program at all.)

The asker writes a program's orders to the lease (see ``spawn.program``) and is told ``code``, its exit status, and
``again``, whether the cell serves another one; or ``failed``, why the sandbox could not be made.
"""

from __future__ import annotations

import _signal
import _socket
import fcntl
import os
import resource
import struct
import sys
import types

from . import linux, program
from .forkserver import take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


class Cell:
    """Makes the namespaces when it is created, in a process that is the first of its pid namespace already."""

    def __init__(self, rights: linux.Rights) -> None:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # which the first process of a pid namespace never gets
        linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWNET)
        linux.mount("proc", "/proc", "proc", _FLAGS, "hidepid=2")  # this process is nobody's business
        self._last_pid = os.open("/proc/sys/kernel/ns_last_pid", os.O_WRONLY)
        self._users = linux.user_namespace(program.USER)
        linux.mount("/proc/sys", "/proc/sys", "none", linux.MS_BIND)
        linux.mount("none", "/proc/sys", "none", linux.MS_BIND | linux.MS_REMOUNT | linux.MS_RDONLY | _FLAGS)
        _loopback_up()
        self._rights, self._traces = rights, _Traces()

    def serve(self, channel: _socket.socket) -> NoReturn:
        """Take a lease and run programs."""
        lease = take(channel)
        channel.close()
        frame: types.FrameType | None = sys._getframe()
        depth = 2  # of ``program.run`` and what it calls
        while frame is not None:
            depth, frame = depth + 1, frame.f_back
        sys.setrecursionlimit(sys.getrecursionlimit() + depth)
        while True:
            os.pwrite(self._last_pid, b"1", 0)  # its number shall not tell a program how many there were before
            pid = os.fork()
            if pid == 0:
                program.run(lease, self._users, self._rights)
            ended = 0
            while ended != pid:
                ended, status = os.wait()
            again = not _somebody_left() and self._traces.none()
            code = os.waitstatus_to_exitcode(status)
            lease.sendall(b'{"code": %d, "again": %s}\n' % (code, b"true" if again else b"false"))
            if not again:
                os._exit(0)


_FLAGS = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC


def _somebody_left() -> bool:
    """Whether there are other processes: whose parent is dead, he is a child of the first process of the namespace."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True


class _Traces:
    """What a program can change that outlives it, although it and all its processes are dead.

    That is the state of the network namespace (the counters tell whether it was used, and nothing stays in it that was
    not), and the limits of this process, which has the same user on the host.
    """

    def __init__(self) -> None:
        self._files = [os.open(f"/proc/self/net/{name}", os.O_RDONLY) for name in ("dev", "snmp", "unix")]
        self._limits = {getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
        self._before = self._now()

    def none(self) -> bool:
        """Whether all is as it was at first."""
        return self._now() == self._before

    def _now(self) -> tuple[list[bytes], list[tuple[int, int]]]:
        return [os.pread(file, 1 << 16, 0) for file in self._files], [*map(resource.getrlimit, self._limits)]


def _loopback_up() -> None:
    sock, name = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM), b"lo".ljust(16, b"\0")
    flags = struct.unpack("16xh", fcntl.ioctl(sock, _SIOCGIFFLAGS, name + bytes(2))[:18])[0]
    fcntl.ioctl(sock, _SIOCSIFFLAGS, name + struct.pack("h14x", flags | _IFF_UP))
    sock.close()
