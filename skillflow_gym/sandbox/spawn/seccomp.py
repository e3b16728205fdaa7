"""The system calls that no program in a sandbox gets: what namespaces and limits do not keep apart or do not count.

Sockets of families that ignore network namespaces (AF_VSOCK reaches the host of a virtual machine), kernel keyrings,
memory that no limit counts (System V, memfd), and interfaces to the kernel that programs here do not need.
"""

from __future__ import annotations

import _socket
import errno
import os
import struct

_FAMILIES = (_socket.AF_UNIX, _socket.AF_INET, _socket.AF_INET6, _socket.AF_NETLINK)

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NUMBERS = {
    # socket, then: shmget, msgget, semget, mq_open, add_key, request_key, keyctl, kexec_load, perf_event_open,
    # open_by_handle_at, memfd_create, kexec_file_load, bpf, userfaultfd, io_uring_setup, io_uring_enter,
    # io_uring_register, memfd_secret
    "x86_64": (41, 29, 68, 64, 240, 248, 249, 250, 246, 298, 304, 319, 320, 321, 323, 425, 426, 427, 447),
    "aarch64": (198, 194, 186, 190, 180, 217, 218, 219, 104, 241, 265, 279, 294, 280, 282, 425, 426, 427, 447),
}
_X32 = 0x40000000  # x86_64's second table of system calls; no number of another architecture is that high

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000

MACHINES = tuple(_NUMBERS)
"""Architectures that there is a filter for, as ``os.uname().machine`` names them."""


def program(machine: str = "") -> bytes:
    """The filter as an array of ``struct sock_filter``; Linux's Documentation/userspace-api/seccomp_filter.rst."""
    machine = machine or os.uname().machine
    sock, *denied = _NUMBERS[machine]
    absent, family = _ERROR | errno.ENOSYS, _ERROR | errno.EAFNOSUPPORT
    code = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, absent),
        (_LOAD, 0, 0, _NUMBER),
        *((_EQUAL, len(denied) + 1 - i, 0, number) for i, number in enumerate(denied)),
        (_AT_LEAST, 1, 0, _X32),
        (_EQUAL, 2, 1, sock),
        (_RETURN, 0, 0, absent),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        *((_EQUAL, len(_FAMILIES) - i, 0, number) for i, number in enumerate(_FAMILIES)),
        (_RETURN, 0, 0, family),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
