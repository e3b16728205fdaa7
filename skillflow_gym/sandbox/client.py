"""The asker's side of ``spawn.forkserver``: give a child its orders, read what it writes, have it killed in time."""

from __future__ import annotations

import json
import os
import select
import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from io import FileIO
from typing import Any, NamedTuple

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.sandbox.spawn.forkserver import READY

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

    def run(self, orders: Mapping[str, Any], *, merged: bool, wall: float, output: int) -> Ended:
        """Start a child for these orders alone; see ``run``."""
        with self.start() as lease:
            return run(lease, orders, merged=merged, wall=wall, output=output)

    def close(self) -> None:
        """Let the server go; it kills its children."""
        self._control.close()


def silent(sock: socket.socket) -> bool:
    """Whether there is nothing to read, not even an end."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return not poll.poll(0)


def order(lease: socket.socket, orders: Mapping[str, Any], fds: Sequence[int]) -> None:
    """Give a child its orders and the descriptors that it is to use.

    Raises:
        InfrastructureError: it is gone.
    """
    body = json.dumps(orders).encode()
    try:
        socket.send_fds(lease, [len(body).to_bytes(4, "big")], fds)
        lease.sendall(body)
    except OSError as error:
        raise InfrastructureError(f"the sandbox's helper process is gone: {error}") from error


def run(lease: socket.socket, orders: Mapping[str, Any], *, merged: bool, wall: float, output: int) -> Ended:
    """Have a child carry out orders, read what it writes and wait for its end, or until it can serve again.

    Args:
        lease: on the child.
        orders: for the child.
        merged: send its standard error where its standard output goes.
        wall: seconds after which it is killed.
        output: bytes kept of each stream; the rest is read and dropped.

    Raises:
        InfrastructureError: the child or its server is gone, or cannot be killed.
    """
    with ExitStack() as stack:
        end = time.monotonic() + wall
        pipes = [_pipe(stack) for _ in range(1 if merged else 2)]
        order(lease, orders, [pipes[0][1].fileno(), pipes[-1][1].fileno()])
        for _, writer in pipes:
            writer.close()  # the child's copies are the last, so that its end is the end of the file
        streams = {reader.fileno(): Stream(output) for reader, _ in pipes}
        said, timed_out = _collect(lease, streams, end)
        texts = [bytes(stream.kept) for stream in streams.values()]
        overflow = any(stream.dropped for stream in streams.values())
        return Ended(texts[0], b"".join(texts[1:]), said, timed_out, overflow)


def _pipe(stack: ExitStack) -> tuple[FileIO, FileIO]:
    reader, writer = os.pipe()
    return stack.enter_context(FileIO(reader)), stack.enter_context(FileIO(writer, "w"))


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
    line, timed_out = bytearray(), False
    with selectors.DefaultSelector() as selector:
        selector.register(lease, selectors.EVENT_READ)
        for fd in streams:
            selector.register(fd, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, end - time.monotonic()))
            if time.monotonic() >= end:
                if timed_out:
                    raise InfrastructureError("a program in the sandbox does not die")
                timed_out, end = True, time.monotonic() + _ANSWER_DEADLINE
                lease.shutdown(socket.SHUT_WR)
            for key, _ in ready:
                if key.fileobj is lease:
                    data = lease.recv(_CHUNK)
                    line += data
                    *whole, line = line.split(b"\n")
                    for text in whole:
                        said |= json.loads(text)
                    ended = not data or (said.get("again", False) and not timed_out)
                else:
                    data = os.read(key.fd, _CHUNK)
                    streams[key.fd].add(data)
                    ended = not data
                if ended:
                    selector.unregister(key.fileobj)
    if "status" not in said and not said.get("again", False):
        raise InfrastructureError("the sandbox's helper process died")
    return said, timed_out
