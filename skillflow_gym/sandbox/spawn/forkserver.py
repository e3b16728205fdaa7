"""A process that has children ready for requests, reports how they end, and kills them when the asker goes away.

A request is one message on the control socket that carries a file descriptor, the *lease*: a stream socket. The asker
writes the child's orders to it (four bytes of length, which carry the descriptors that the child is to use, then the
orders as ``marshal`` writes them, since that is read with the least work) and reads lines of JSON from it. The last
has ``status``, the wait status, and ``failed``, if the child could not begin; it is written when the child and what it
left behind are dead. When the asker shuts its end of the lease down, or dies, the child is killed.

The modules of this package import little, and no module that a part in C can stand in for (hence ``_socket`` and
``_signal``): a fork costs in proportion to the memory it shares, which is half of what a warm run takes.
"""

from __future__ import annotations

import _signal
import _socket
import marshal
import os
import select
import struct

from . import linux

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, NoReturn

READY = b"+"
_SPARES = 2
"""Children forked ahead; each is used once."""
_SPACE = _socket.CMSG_SPACE(16 * 4)
"""For 16 descriptors."""
_MESSAGE = 4096


class _Child:
    """A child, its lease once it has orders, and its wait status once it is dead."""

    def __init__(self, channel: _socket.socket) -> None:
        self.channel = channel
        self.lease: _socket.socket | None = None
        self.status: int | None = None


class _Server:
    def __init__(self, fork: Callable[[], int], run: Callable[[_socket.socket], NoReturn]) -> None:
        self._fork, self._run = fork, run
        self._children: dict[int, _Child] = {}
        self._poll = select.poll()

    def serve(self, control: _socket.socket) -> None:
        parent = os.getppid()
        wake, wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        _signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        _signal.signal(_signal.SIGCHLD, lambda *_: None)
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
        try:
            for _ in range(missing):
                self._add()
        except OSError:
            pass  # no more processes: a request will say so

    def _add(self) -> int:
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        try:
            pid = self._fork()
            if pid == 0:
                _be_child(theirs, self._run)
        finally:
            theirs.close()
        self._children[pid] = _Child(ours)
        return pid

    def _hand_out(self, lease: _socket.socket) -> None:
        try:
            pid = next((pid for pid, child in self._children.items() if child.lease is None), None) or self._add()
            rights = struct.pack("i", lease.fileno())
            self._children[pid].channel.sendmsg([b"!"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
        except OSError as error:
            _close(lease, line(failed=explained(error), status=-1))
        else:
            self._children[pid].lease = lease
            self._poll.register(lease, select.POLLRDHUP)

    def _kill(self, lease: int) -> None:
        self._poll.unregister(lease)
        for pid, child in self._children.items():
            if child.lease is not None and child.lease.fileno() == lease and child.status is None:
                os.kill(pid, _signal.SIGKILL)

    def _reap(self) -> None:
        for pid, status in _ended():
            if pid in self._children:
                self._children[pid].status = status
        # What a dead child left behind has become ours: it dies as well, and only then is the child's end reported.
        alive = {pid for pid, child in self._children.items() if child.status is None}
        orphans = [pid for pid in linux.children() if pid not in alive]
        for pid in orphans:
            try:
                os.kill(pid, _signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not orphans:
            for pid in self._children.keys() - alive:
                self._report(self._children.pop(pid))

    def _report(self, child: _Child) -> None:
        if child.lease is not None:
            try:
                self._poll.unregister(child.lease)
            except KeyError:
                pass  # it was killed and is no longer polled
            try:
                failed = child.channel.recv(_MESSAGE, _socket.MSG_DONTWAIT)
            except OSError:
                failed = b""  # nothing was said
            if failed:
                _close(child.lease, line(failed=failed.decode(), status=child.status))
            else:
                _close(child.lease, f'{{"status": {child.status}}}\n'.encode())
        child.channel.close()


def serve(control: _socket.socket, fork: Callable[[], int], run: Callable[[_socket.socket], NoReturn]) -> None:
    """Serve until the other end of ``control`` is closed or the parent process is gone.

    Args:
        control: a SOCK_SEQPACKET socket.
        fork: as ``os.fork``.
        run: what a child does; it calls ``take`` with its channel once it is ready for orders, and does not return.
    """
    os.set_inheritable(control.fileno(), False)
    linux.become_subreaper()
    try:
        _Server(fork, run).serve(control)
    finally:
        while pids := linux.children():
            for pid in pids:
                os.kill(pid, _signal.SIGKILL)
                os.waitpid(pid, 0)


def _be_child(channel: _socket.socket, run: Callable[[_socket.socket], NoReturn]) -> NoReturn:
    try:
        _signal.set_wakeup_fd(-1)
        _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
        os.closerange(3, channel.fileno())  # the server's own, and those of other children
        os.closerange(channel.fileno() + 1, 1 << 16)
        run(channel)
    except BaseException as error:
        try:
            channel.send(explained(error).encode())
        except OSError:
            pass  # the server is gone
    finally:
        os._exit(1)


def take(channel: _socket.socket) -> _socket.socket:
    """A child waits for its lease."""
    lease = _received(channel)
    if lease is None:
        os._exit(1)  # the server is gone
    return lease


def ordered(lease: _socket.socket) -> tuple[Any, list[int]]:
    """Orders, and the descriptors that came with them."""
    length, fds = _received_bytes(lease, 4)
    if len(length) < 4:
        os._exit(1)  # the asker is gone
    return marshal.loads(_exactly(lease, int.from_bytes(length, "big"))), fds


def explained(error: BaseException) -> str:
    """An error in a few words."""
    return f"{type(error).__name__}: {error}"[:500]


def line(**what: Any) -> bytes:
    """A line of JSON."""
    import json  # seldom needed, and what is imported makes every fork dearer

    return json.dumps(what).encode() + b"\n"


def _close(lease: _socket.socket, last: bytes) -> None:
    try:
        lease.sendall(last)
    except OSError:
        pass  # nobody listens
    lease.close()


def _ended() -> Iterator[tuple[int, int]]:
    """Process ids and wait statuses of the children that have died."""
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            yield ended
    except ChildProcessError:
        pass


def memory(content: bytes) -> int:
    """A descriptor from which ``content`` can be read."""
    fd = os.memfd_create("data", os.MFD_CLOEXEC)
    written = 0
    while written < len(content):
        written += os.pwrite(fd, content[written:], written)
    return fd


def _received(sock: _socket.socket) -> _socket.socket | None:
    _, fds = _received_bytes(sock, 16)
    return _socket.socket(fileno=fds[0]) if fds else None


def _received_bytes(sock: _socket.socket, most: int) -> tuple[bytes, list[int]]:
    """As ``socket.recv_fds``, but with less work, and so that no program started later has the descriptors."""
    data, more, _, _ = sock.recvmsg(most, _SPACE, _socket.MSG_CMSG_CLOEXEC)
    return data, [fd for _, _, fds in more for (fd,) in struct.iter_unpack("i", fds)]


def _exactly(lease: _socket.socket, length: int) -> bytes:
    parts = []
    while length:
        part = lease.recv(min(length, 1 << 20))
        if not part:
            os._exit(1)  # the asker is gone
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
