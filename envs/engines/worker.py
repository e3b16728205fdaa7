"""Engines in processes of their own: a server per kind of engine imports it once and forks a worker per environment.

A worker is there in milliseconds and shares the server's memory. It ends when it is closed or no longer referred to,
when a call takes too long, and when its owner dies in whatever way. The server (``serve.py``) ends with its owner, or
when it has had no worker for a while.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from skillflow_gym.envs.engines import serve
from skillflow_gym.errors import InfrastructureError

START = 300.0
"""Seconds that a server has for its imports."""

_servers: dict[str, _Server] = {}
_lock = threading.Lock()


class Worker:
    """A process that holds one engine; for one thread at a time.

    Attributes:
        pid: its process id.
    """

    def __init__(self, engine: str, environment: Mapping[str, str]) -> None:
        """Fork it.

        Args:
            engine: ``module:class``. The class is made without arguments in the worker, after its ``warm_up()`` in the
                server.
            environment: variables for the server, beside those of this process.

        Raises:
            InfrastructureError: the server cannot be started.
        """
        ours, theirs = socket.socketpair()
        self._connection, self._owner = Connection(ours.detach()), os.getpid()
        with theirs:
            self.pid = _fork(engine, environment, theirs.fileno())

    @property
    def closed(self) -> bool:
        """Whether it was closed, has died, or belongs to the process that this one was forked from."""
        # Between calls nothing is sent, so what can be read is the end.
        return self._connection.closed or self._owner != os.getpid() or self._connection.poll()

    def call(self, method: str, *arguments: Any, deadline: float) -> Any:
        """What the engine's ``method`` returns; arguments and result are pickled.

        Raises:
            InfrastructureError: the engine raised an error, its process died, or it took more than ``deadline`` seconds
                and was ended.
        """
        if self.closed:
            raise InfrastructureError("the engine's process has ended: reset the environment")
        try:
            self._connection.send((method, arguments))
            if not self._connection.poll(deadline):
                os.kill(self.pid, signal.SIGKILL)
                self.close()
                raise InfrastructureError(f"the engine took more than {deadline:g} s for {method} and was ended")
            error, result = self._connection.recv()
        except (OSError, EOFError) as problem:
            self.close()
            raise InfrastructureError(f"the engine's process died during {method}") from problem
        if error:
            raise InfrastructureError(f"the engine failed in {method}: {error}")
        return result

    def close(self) -> None:
        """End the process; may be called twice."""
        self._connection.close()


class _Server:
    """The owner's side of a server."""

    def __init__(self, engine: str, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        code = f"from {serve.__name__} import main; main({theirs.fileno()}, {engine!r})"
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONPATH": path, **environment},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # engines print
                stderr=subprocess.DEVNULL,
            )
        try:
            self._control.settimeout(START)
            answer = self._control.recv(4096).decode()
        except OSError as problem:
            answer = str(problem)
        if answer != serve.READY:
            self.stop()
            raise InfrastructureError(f"the engine {engine} cannot be started: {answer or 'its process died'}")

    def fork(self, fd: int) -> int:
        """The id of a new worker that serves the socket ``fd``.

        Raises:
            OSError: the server is gone.
        """
        socket.send_fds(self._control, [b"fork"], [fd])
        if not (answer := self._control.recv(16)):
            raise BrokenPipeError("the server has ended")
        return int(answer)

    def stop(self) -> None:
        """End the server and, by that, its workers."""
        self._control.close()
        self._process.kill()
        self._process.wait()

    def disown(self) -> None:
        """Leave it to the process that this one was forked from."""
        self._control.close()
        self._process.returncode = 0  # so that nothing here waits for it


def _fork(engine: str, environment: Mapping[str, str], fd: int) -> int:
    with _lock:
        if engine in _servers:
            try:
                return _servers[engine].fork(fd)
            except OSError:  # it had nothing to do for a while, or was killed
                _servers.pop(engine).stop()
        _servers[engine] = _Server(engine, environment)
        return _servers[engine].fork(fd)


@atexit.register
def stop_servers() -> None:
    """End all servers and their workers."""
    with _lock:
        while _servers:
            _servers.popitem()[1].stop()


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()  # another thread may have held it
    while _servers:
        _servers.popitem()[1].disown()


os.register_at_fork(after_in_child=_after_fork)
