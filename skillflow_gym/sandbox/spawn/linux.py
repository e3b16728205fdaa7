"""System calls that the standard library lacks (``os.unshare`` came with Python 3.12)."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 1 << 5
MS_BIND, MS_REC, MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18

_PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 22, 24, 36, 38
_SECCOMP_MODE_FILTER = 2
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
    arguments = [os.fsencode(text) for text in (source, target, kind)]
    _checked(_libc.mount(*arguments, ctypes.c_ulong(flags), data.encode()), f"mount {target}")


def become_subreaper() -> None:
    """Let orphaned descendants become children of this process."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


class Rights:
    """What a process loses before it runs what is not trusted; made ahead, since losing it is to be fast."""

    def __init__(self, seccomp: bytes) -> None:
        """Take an array of ``struct sock_filter``."""
        self._last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
        self._filter = ctypes.create_string_buffer(seccomp, len(seccomp))
        self._program = struct.pack("@HP", len(seccomp) // 8, ctypes.addressof(self._filter))

    def give_up(self, uid: int, sysctl: int) -> None:
        """Become user ``uid`` of a user namespace of one's own, without capabilities and with no way to any.

        Args:
            uid: the id, also of the group.
            sysctl: a descriptor of ``/proc/sys``, opened where it can be written to.
        """
        unshare(CLONE_NEWUSER)
        for name, folder, text in (
            ("/proc/self/setgroups", None, "deny"),
            ("/proc/self/uid_map", None, f"{uid} 0 1"),
            ("/proc/self/gid_map", None, f"{uid} 0 1"),
            ("user/max_user_namespaces", sysctl, "0"),
        ):
            fd = os.open(name, os.O_WRONLY, dir_fd=folder)
            os.write(fd, text.encode())
            os.close(fd)
        prctl = _libc.prctl
        for capability in range(self._last + 1):
            prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        _checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
        _checked(prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")

    def filter_calls(self) -> None:
        """Filter the system calls of this process and its children."""
        _checked(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, self._program, 0, 0), "seccomp")


def children() -> list[int]:
    """The process ids of this process's children, dead ones that nobody has waited for included."""
    pid = os.getpid()
    return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
