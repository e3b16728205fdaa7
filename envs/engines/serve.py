"""A server's process: it imports an engine, then forks a worker for every socket that its owner hands it."""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import signal
import socket
from multiprocessing.connection import Connection
from typing import Any

READY = "ready"
"""What the server says when its imports are done; anything else is the reason why it cannot."""
LINGER = 30.0
"""Seconds that a server without workers waits for the next."""

_PR_SET_PDEATHSIG = 1


def main(control_fd: int, engine: str) -> None:
    """Serve the socket ``control_fd`` until its other end is closed or idle; ``engine`` is ``module:class``."""
    control = socket.socket(fileno=control_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, who may want to finish the step
    module, _, name = engine.partition(":")
    try:
        kind = getattr(importlib.import_module(module), name)
        kind.warm_up()
    except Exception as error:
        control.send(f"{type(error).__name__}: {error}"[:4000].encode())
        return
    gc.collect()
    gc.freeze()  # a worker's collector then leaves the memory that it shares with this process alone
    server = os.getpid()
    signal.signal(signal.SIGCHLD, _reap)
    control.send(READY.encode())
    control.settimeout(LINGER)
    while True:
        try:
            message, fds, _, _ = socket.recv_fds(control, 16, 1)
        except TimeoutError:
            if _reap():
                continue
            return
        if not message:  # the owner is gone; with this process the kernel ends the workers
            return
        if (pid := os.fork()) == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() == server:  # else it died before it could take its workers with it
                work(Connection(fds[0]), kind)
            os._exit(0)
        os.close(fds[0])
        control.send(str(pid).encode())


def _reap(*_: Any) -> bool:
    """Take leave of the workers that have ended, and say whether others are left; may interrupt itself as a handler."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def work(connection: Connection, kind: type) -> None:
    """A worker's process: the engine's methods are called until the connection is closed."""
    try:
        engine = kind()
        while True:
            method, arguments = connection.recv()
            try:
                answer = "", getattr(engine, method)(*arguments)
            except Exception as error:
                answer = f"{type(error).__name__}: {error}", None
            connection.send(answer)
    except (EOFError, OSError):
        return
