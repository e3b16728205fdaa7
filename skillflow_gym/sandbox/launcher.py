"""The helper process that starts programs: ``spawn.launch``, started when first needed and again when it has died."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.sandbox.client import Client

_CODE = "import sys; sys.path.append(sys.argv[1]); from spawn.launch import main; main(int(sys.argv[2]))"
_START_DEADLINE = 120.0


class Slot(NamedTuple):
    """What stands in ``argv`` for something that ``spawn.launch`` makes; see there."""

    kind: Literal["data", "stage", "seccomp", "fd", "lease"]
    number: int = 0


def orders(
    argv: Sequence[str | Slot],
    *,
    environment: Mapping[str, str] | None = None,
    cwd: str = "/",
    data: Sequence[str] = (),
    uid: int | None = None,
    stage: Sequence[str] = (),
) -> dict[str, Any]:
    """Orders as ``spawn.launch`` takes them."""
    return {
        "argv": [tuple(part) if isinstance(part, Slot) else part for part in argv],
        "environment": dict(environment or {}),
        "cwd": cwd,
        "data": list(data),
        "uid": uid,
        "stage": list(stage),
    }


class Launcher:
    """Owns one helper process. It is small and has one thread, so that starting a program from it is fast and safe.

    Neither a fork of this process, which may be large and have many threads, nor what happens between fork and exec
    needs care here. The helper ends when this process does, even by SIGKILL, and takes what it started along.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def client(self) -> Client:
        """The way to talk to it.

        Raises:
            InfrastructureError: it does not start.
        """
        with self._lock:
            running = self._running
            if running is None or running.owner != os.getpid() or running.client.ended():
                self._forget()
                running = self._running = self._start()
            return running.client

    def close(self) -> None:
        """End it and all that it started."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        if self._running is None:
            return
        if self._running.owner == os.getpid():
            self._running.end()
        else:  # we are a fork: what the parent started is the parent's
            self._running.end.detach()
            self._running.client.close()
        self._running = None

    def _start(self) -> _Running:
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        folder = str(Path(__file__).parent)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _CODE, folder, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={},
                start_new_session=True,  # a Ctrl-C in the terminal is not for it
            )
        client = Client(ours)
        end = weakref.finalize(self, _end, client, process)
        if not client.wait_ready(_START_DEADLINE):
            end()
            raise InfrastructureError("the sandbox's helper process did not start")
        return _Running(process, client, end, os.getpid())


class _Running(NamedTuple):
    process: subprocess.Popen[bytes]
    client: Client
    end: weakref.finalize[[Client, subprocess.Popen[bytes]], Launcher]
    owner: int


def _end(client: Client, process: subprocess.Popen[bytes]) -> None:
    client.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
