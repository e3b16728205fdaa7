"""The asker's side of ``spawn.forkserver``: give a child its orders, read what it writes, have it killed in time."""

from __future__ import annotations

import json
import marshal
import os
import select
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.sandbox.spawn.forkserver import READY, memory

_ANSWER_DEADLINE = 60.0
"""Seconds for what takes milliseconds on an idle machine: handing over orders, and dying after a kill."""
_CHUNK = 1 << 16


class Ended(NamedTuple):
    """What came of a child.

    Attributes:
        stdout, stderr: bytes, cut.
        said: the lines of JSON that it and the server wrote to the lease, as one mapping.
        timed_out: whether it was killed because its time was over.
        overflow: whether bytes were dropped.
    """

    stdout: bytes
    stderr: bytes
    said: Mapping[str, Any]
    timed_out: bool
    overflow: bool


class Client:
    """Talks to a fork server; safe to use from many threads at a time."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        control.settimeout(_ANSWER_DEADLINE)

    def wait_ready(self, deadline: float) -> bool:
        """Wait for the server's first sign of life, for ``deadline`` seconds; False if it ended or stayed silent."""
        self._control.settimeout(deadline)
        try:
            return self._control.recv(16) == READY
        except OSError:
            return False
        finally:
            self._control.settimeout(_ANSWER_DEADLINE)

    def ended(self) -> bool:
        """Whether the server is gone; a living one says nothing after its first sign of life."""
        return not silent(self._control)

    def start(self) -> socket.socket:
        """Start a child and return the lease on its life: when that is shut down or closed, the child is killed.

        Raises:
            InfrastructureError: the server is gone.
        """
        lease, theirs = socket.socketpair()
        try:
            lease.settimeout(_ANSWER_DEADLINE)
            with theirs:
                socket.send_fds(self._control, [b"!"], [theirs.fileno()])
        except OSError as error:
            lease.close()
            raise InfrastructureError(f"the sandbox's helper process is gone: {error}") from error
        return lease

    def run(self, orders: dict[str, Any], stdin: str, wall: float, output: int, *, merged: bool = False) -> Ended:
        """Start a child for these orders alone; see ``run``."""
        with self.start() as lease:
            return run(lease, orders, stdin, wall, output, merged=merged)

    def close(self) -> None:
        """Let the server go; it kills its children."""
        self._control.close()


def silent(sock: socket.socket) -> bool:
    """Whether there is nothing to read, not even an end."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return not poll.poll(0)


def order(lease: socket.socket, orders: dict[str, Any], fds: Sequence[int]) -> None:
    """Give a child its orders and the descriptors that it is to use.

    Raises:
        InfrastructureError: it is gone.
    """
    body = marshal.dumps(orders)
    try:
        socket.send_fds(lease, [len(body).to_bytes(4, "big")], fds)
        lease.sendall(body)
    except OSError as error:
        raise InfrastructureError(f"the sandbox's helper process is gone: {error}") from error


def run(
    lease: socket.socket,
    orders: dict[str, Any],
    stdin: str,
    wall: float,
    output: int,
    *,
    merged: bool = False,
) -> Ended:
    """Have a child carry out orders, read what it writes and wait for its end, or until it can serve again.

    Args:
        lease: on the child.
        orders: for the child, which are completed by descriptors of its three standard streams.
        stdin: what it can read.
        wall: seconds after which it is killed.
        output: bytes kept of each stream; the rest is read and dropped.
        merged: send its standard error where its standard output goes.

    Raises:
        InfrastructureError: the child or its server is gone, or cannot be killed.
    """
    end = time.monotonic() + wall
    with ExitStack() as readers:
        with ExitStack() as theirs:  # the child's copies are the last, so that its end is the end of the file
            fds, streams = [memory(stdin.encode("utf-8", "surrogatepass"))], {}
            theirs.callback(os.close, fds[0])
            for _ in range(1 if merged else 2):
                reader, writer = os.pipe()
                readers.callback(os.close, reader)
                theirs.callback(os.close, writer)
                streams[reader] = Stream(output)
                fds.append(writer)
            order(lease, orders, [*fds[:2], fds[-1]])
        said, timed_out = _collect(lease, streams, end)
    texts = [bytes(stream.kept) for stream in streams.values()]
    overflow = any(stream.dropped for stream in streams.values())
    return Ended(texts[0], b"".join(texts[1:]), said, timed_out, overflow)


class Stream:
    """The first ``limit`` bytes of what a program wrote."""

    def __init__(self, limit: int) -> None:
        self.kept, self.dropped, self._limit = bytearray(), False, limit

    def add(self, data: bytes) -> None:
        """Keep of ``data`` what there is room for."""
        room = self._limit - len(self.kept)
        self.kept += data[:room]
        self.dropped |= len(data) > room


def _collect(lease: socket.socket, streams: Mapping[int, Stream], end: float) -> tuple[dict[str, Any], bool]:
    said: dict[str, Any] = {}
    line, timed_out = b"", False
    poll, unfinished = select.poll(), {lease.fileno(), *streams}
    for fd in unfinished:
        poll.register(fd, select.POLLIN)
    while unfinished:
        ready = poll.poll(1000 * max(0.0, end - time.monotonic()))
        if time.monotonic() >= end:
            if timed_out:
                raise InfrastructureError("a program in the sandbox does not die")
            timed_out, end = True, time.monotonic() + _ANSWER_DEADLINE
            lease.shutdown(socket.SHUT_WR)
        for fd, _ in ready:
            try:
                data = os.read(fd, _CHUNK)
            except ConnectionResetError:  # it died before it read its orders
                data = b""
            finished = not data
            if fd in streams:
                streams[fd].add(data)
            else:
                *whole, line = (line + data).split(b"\n")
                for text in whole:
                    said |= json.loads(text)
                finished |= said.get("again", False) and not timed_out
            if finished:
                unfinished.remove(fd)
                poll.unregister(fd)
    if "status" not in said and not said.get("again", False):
        raise InfrastructureError("the sandbox's helper process died")
    return said, timed_out
