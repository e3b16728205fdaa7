"""System calls that the standard library lacks (``os.unshare`` came with Python 3.12)."""

from __future__ import annotations

import _signal
import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 1 << 5
MS_BIND, MS_REC, MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18

_PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER = 24, 36
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Leave the namespaces named by ``flags`` for new ones."""
    _checked(_libc.unshare(flags), "unshare")


def setns(fd: int, kind: int) -> None:
    """Enter the namespace of an open file of ``/proc/PID/ns``."""
    _checked(_libc.setns(fd, kind), "setns")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount a file system."""
    Mount(source, target, kind, flags, data).mount()


def become_subreaper() -> None:
    """Let orphaned descendants become children of this process."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


class Mount:
    """A file system to be mounted; made ahead, since it is to be fast."""

    def __init__(self, source: str, target: str, kind: str, flags: int, data: str = "") -> None:
        self._target = target
        names = [os.fsencode(text) for text in (source, target, kind)]
        self._arguments = (*names, ctypes.c_ulong(flags), data.encode())

    def mount(self) -> None:
        """Mount it."""
        _checked(_libc.mount(*self._arguments), f"mount {self._target}")


def user_namespace(uid: int) -> int:
    """Make a user namespace in which this process's user is ``uid``, and that can have no other in it.

    Returns a descriptor by which it can be entered.
    """
    pid = os.fork()
    if pid == 0:
        try:
            unshare(CLONE_NEWUSER)
            for name, text in (
                ("self/setgroups", "deny"),
                ("self/uid_map", f"{uid} 0 1"),
                ("self/gid_map", f"{uid} 0 1"),
                ("sys/user/max_user_namespaces", "0"),
            ):
                fd = os.open(f"/proc/{name}", os.O_WRONLY)
                os.write(fd, text.encode())
                os.close(fd)
            os.kill(os.getpid(), _signal.SIGSTOP)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        raise OSError("no user namespace can be made")
    fd = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    os.kill(pid, _signal.SIGKILL)
    os.waitpid(pid, 0)
    return fd


class Rights:
    """All capabilities, to be lost; made ahead, since it is to be fast."""

    def __init__(self) -> None:
        self._all = range(int(_read("/proc/sys/kernel/cap_last_cap")) + 1)
        self._header, self._none = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()

    def give_up(self, users: int) -> None:
        """Enter the user namespace ``users``, without capabilities; bubblewrap has seen to it that none come back."""
        setns(users, CLONE_NEWUSER)
        prctl = _libc.prctl
        for capability in self._all:
            prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        _checked(_libc.capset(self._header, self._none), "capset")


def children() -> list[int]:
    """The process ids of this process's children, dead ones that nobody has waited for included."""
    pid = os.getpid()
    return [*map(int, _read(f"/proc/{pid}/task/{pid}/children").split())]


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
