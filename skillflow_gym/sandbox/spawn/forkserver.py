"""A process that has children ready for requests, reports how they end, and kills them when the asker goes away.

A request is one message on the control socket that carries a file descriptor, the *lease*: a stream socket. The asker
writes the child's orders to it (four bytes of length, which carry the descriptors that the child is to use, then the
orders as ``marshal`` writes them, since that is read with the least work) and reads lines of JSON from it. The last
has ``status``, the wait status, and ``failed``, if the child could not begin; it is written when the child and what it
left behind are dead. When the asker shuts its end of the lease down, or dies, the child is killed.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import signal
import socket
import struct
from collections.abc import Callable

from . import linux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

READY = b"+"
_SPARES = 2
"""Children forked ahead; each is used once."""
_SPACE = socket.CMSG_SPACE(16 * 4)
"""For 16 descriptors."""
_MESSAGE = 4096


class _Child:
    """A child, its lease once it has orders, and its wait status once it is dead."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self.lease: socket.socket | None = None
        self.status: int | None = None


class _Server:
    def __init__(self, fork: Callable[[], int], run: Callable[[socket.socket], NoReturn]) -> None:
        self._fork, self._run = fork, run
        self._children: dict[int, _Child] = {}
        self._poll = select.poll()

    def serve(self, control: socket.socket) -> None:
        parent = os.getppid()
        wake, wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._poll.register(control, select.POLLIN)
        self._poll.register(wake, select.POLLIN)
        self._fill()
        control.send(READY)
        while os.getppid() == parent:
            for fd, _ in self._poll.poll(1000):
                if fd == wake:
                    os.read(wake, 4096)
                    self._reap()
                elif fd == control.fileno():
                    lease = _received(control)
                    if lease is None:  # nobody can ask any more
                        return
                    self._hand_out(lease)
                    self._fill()
                else:
                    self._kill(fd)

    def _fill(self) -> None:
        missing = _SPARES - sum(child.lease is None for child in self._children.values())
        with contextlib.suppress(OSError):  # no more processes: a request will say so
            for _ in range(missing):
                self._add()

    def _add(self) -> int:
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            pid = self._fork()
            if pid == 0:
                _be_child(theirs, self._run)
        self._children[pid] = _Child(ours)
        return pid

    def _hand_out(self, lease: socket.socket) -> None:
        try:
            pid = next((pid for pid, child in self._children.items() if child.lease is None), None) or self._add()
            socket.send_fds(self._children[pid].channel, [b"!"], [lease.fileno()])
        except OSError as error:
            with lease, contextlib.suppress(OSError):
                say(lease, failed=explained(error), status=-1)
        else:
            self._children[pid].lease = lease
            self._poll.register(lease, select.POLLRDHUP)

    def _kill(self, lease: int) -> None:
        self._poll.unregister(lease)
        for pid, child in self._children.items():
            if child.lease is not None and child.lease.fileno() == lease and child.status is None:
                os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid in self._children:
                    self._children[pid].status = status
        # What a dead child left behind has become ours: it dies as well, and only then is the child's end reported.
        alive = {pid for pid, child in self._children.items() if child.status is None}
        orphans = [pid for pid in linux.children() if pid not in alive]
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not orphans:
            for pid in self._children.keys() - alive:
                self._report(self._children.pop(pid))

    def _report(self, child: _Child) -> None:
        with child.channel as channel:
            if child.lease is None:
                return
            with contextlib.suppress(KeyError):  # it was killed and is no longer polled
                self._poll.unregister(child.lease)
            failed = b""
            with contextlib.suppress(OSError):  # nothing was said
                failed = channel.recv(_MESSAGE, socket.MSG_DONTWAIT)
            with child.lease, contextlib.suppress(OSError):  # perhaps nobody listens
                if failed:
                    say(child.lease, failed=failed.decode(), status=child.status)
                else:
                    child.lease.sendall(f'{{"status": {child.status}}}\n'.encode())


def serve(control: socket.socket, fork: Callable[[], int], run: Callable[[socket.socket], NoReturn]) -> None:
    """Serve until the other end of ``control`` is closed or the parent process is gone.

    Args:
        control: a SOCK_SEQPACKET socket.
        fork: as ``os.fork``.
        run: what a child does; it calls ``take`` with its channel once it is ready for orders, and does not return.
    """
    control.set_inheritable(False)
    linux.become_subreaper()
    try:
        _Server(fork, run).serve(control)
    finally:
        while pids := linux.children():
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _be_child(channel: socket.socket, run: Callable[[socket.socket], NoReturn]) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.closerange(3, channel.fileno())  # the server's own, and those of other children
        os.closerange(channel.fileno() + 1, 1 << 16)
        run(channel)
    except BaseException as error:
        with contextlib.suppress(OSError):
            channel.send(explained(error).encode())
    finally:
        os._exit(1)


def take(channel: socket.socket) -> socket.socket:
    """A child waits for its lease."""
    lease = _received(channel)
    if lease is None:
        os._exit(1)  # the server is gone
    return lease


def ordered(lease: socket.socket) -> tuple[Any, list[int]]:
    """Orders, and the descriptors that came with them."""
    length, fds = _received_bytes(lease, 4)
    if len(length) < 4:
        os._exit(1)  # the asker is gone
    return marshal.loads(_exactly(lease, int.from_bytes(length, "big"))), fds


def explained(error: BaseException) -> str:
    """An error in a few words."""
    return f"{type(error).__name__}: {error}"[:500]


def say(lease: socket.socket, **what: Any) -> None:
    """Write a line of JSON."""
    import json  # seldom needed, and what is imported makes every fork dearer

    lease.sendall(json.dumps(what).encode() + b"\n")


def memory(content: bytes) -> int:
    """A descriptor from which ``content`` can be read."""
    fd = os.memfd_create("data", os.MFD_CLOEXEC)
    written = 0
    while written < len(content):
        written += os.pwrite(fd, content[written:], written)
    return fd


def _received(sock: socket.socket) -> socket.socket | None:
    _, fds = _received_bytes(sock, 16)
    return socket.socket(fileno=fds[0]) if fds else None


def _received_bytes(sock: socket.socket, most: int) -> tuple[bytes, list[int]]:
    """As ``socket.recv_fds``, but with less work, and so that no program started later has the descriptors."""
    data, more, _, _ = sock.recvmsg(most, _SPACE, socket.MSG_CMSG_CLOEXEC)
    return data, [fd for _, _, fds in more for (fd,) in struct.iter_unpack("i", fds)]


def _exactly(lease: socket.socket, length: int) -> bytes:
    parts = []
    while length:
        part = lease.recv(min(length, 1 << 20))
        if not part:
            os._exit(1)  # the asker is gone
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
