"""Bubblewrap started ahead: ``spawn.zygote``, a warm interpreter that forks each run into a sandbox of its own."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.sandbox import Completed, Limits, Mounts
from skillflow_gym.sandbox.client import Client, order, run, silent
from skillflow_gym.sandbox.completed import completed
from skillflow_gym.sandbox.inside import check_relative
from skillflow_gym.sandbox.launcher import Launcher, Slot, orders
from skillflow_gym.sandbox.rlimits import rlimits
from skillflow_gym.sandbox.uids import Uids
from skillflow_gym.sandbox.view import View

_HOME = "/run/skillflow"
_CODE = f"import sys; sys.path.append('{_HOME}'); from spawn.zygote import main; main(int(sys.argv[1]), sys.argv[2:])"
_START_DEADLINE = 120.0
_MOST_IDLE = 8
"""Cells of the zygote that wait for their next program; each has a process or two."""


class Warm:
    """Owns one zygote, started when first needed and again when it has died; safe to use from many threads."""

    def __init__(
        self,
        bwrap: Sequence[str],
        environment: Mapping[str, str],
        launcher: Launcher,
        uids: Uids,
        preload: Sequence[str],
    ) -> None:
        """Take the arguments that start bwrap, programs' environment, and the modules that the zygote is to import."""
        self._bwrap, self._launcher, self._uids, self._preload = bwrap, launcher, uids, tuple(preload)
        self._environment = environment
        self._lock = threading.Lock()
        self._held = ExitStack()
        self._client: Client | None = None
        self._idle: list[socket.socket] = []
        self._owner = 0

    def python(self, code: str, stdin: str, limits: Limits) -> Completed:
        """Run ``code`` as a Python program of its own; see ``run``."""
        return self.run((), {"main.py": code}, stdin, {}, limits)

    def run(
        self,
        argv: Sequence[str],
        files: Mapping[str, str],
        stdin: str,
        environment: Mapping[str, str],
        limits: Limits,
        *,
        merged: bool = False,
    ) -> Completed:
        """Run a program in a cell.

        Raises:
            InfrastructureError: the zygote does not start, or died.
        """
        orders = {
            "argv": list(argv),
            "files": {str(check_relative(name)): text for name, text in files.items()},
            "environment": {**self._environment, **environment},
            "limits": rlimits(limits),
        }
        with ExitStack() as stack:
            client, cell = self._take()
            stack.callback(cell.close)
            ended = run(cell, orders, stdin, limits.wall, limits.output, merged=merged)
            if "failed" in ended.said:
                raise InfrastructureError(f"the sandbox did not start: {ended.said['failed']}")
            if "status" not in ended.said and self._keep(client, cell):
                stack.pop_all()
        # The first process of a namespace dies before it can tell only by the hand that also kills the program.
        return completed(ended, int(ended.said.get("code", -signal.SIGKILL)))

    def close(self) -> None:
        """End the zygote and its runs."""
        with self._lock:
            self._end()

    def _take(self) -> tuple[Client, socket.socket]:
        """A cell that nobody uses, or a new one, and its zygote's client."""
        with self._lock:
            if self._client is None or self._owner != os.getpid() or self._client.ended():
                self._end()
                self._client = self._start()
                self._owner = os.getpid()
            while self._idle:
                cell = self._idle.pop()
                if silent(cell):
                    return self._client, cell
                cell.close()  # it has died
            return self._client, self._client.start()

    def _keep(self, client: Client, cell: socket.socket) -> bool:
        with self._lock:
            kept = client is self._client and len(self._idle) < _MOST_IDLE
            if kept:
                self._idle.append(cell)
            return kept

    def _end(self) -> None:
        self._client = None
        while self._idle:
            self._idle.pop().close()
        self._held.close()

    def _start(self) -> Client:
        view = View()
        view.mount(Mounts(read_only={f"{_HOME}/spawn": Path(__file__).parent / "spawn"}), {})
        packages = ":".join(view.show_packages())
        environment = {**self._environment, "PYTHONHASHSEED": "0", "PYTHONPATH": packages}
        variables = [text for pair in environment.items() for text in ("--setenv", *pair)]
        ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        program = orders(
            [
                *(*self._bwrap, *view.arguments, "--remount-ro", "/dev", "--remount-ro", "/"),
                *("--uid", "0", "--gid", "0", "--cap-add", "ALL", "--chdir", "/work", "--clearenv"),
                "--seccomp",
                Slot("seccomp"),
                *variables,
                *("--", os.path.realpath(sys.executable), "-s", "-B", "-c", _CODE),
                Slot("fd", 3),
                *self._preload,
            ],
            uid=self._held.enter_context(self._uids.lend()),
            stage=view.stage,
        )
        complaints = self._held.enter_context(os.fdopen(os.memfd_create("complaints"), "rb"))
        with theirs, open(os.devnull, "r+b", 0) as nothing:
            fds = [nothing.fileno(), nothing.fileno(), complaints.fileno(), theirs.fileno()]
            lease = self._held.enter_context(self._launcher.client().start())
            order(lease, program, fds)
        client = Client(ours)
        self._held.callback(client.close)
        if not client.wait_ready(_START_DEADLINE):
            complaints.seek(0)
            text = complaints.read().decode(errors="replace").strip()
            self._held.close()
            raise InfrastructureError(f"the sandbox's warm interpreter did not start: {text}")
        return client
