"""No sandbox: a child process with limits. For trusted code, on machines where nothing better works."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.sandbox import Completed, Limits, Mounts, SandboxError
from skillflow_gym.sandbox.completed import completed
from skillflow_gym.sandbox.inside import write_files
from skillflow_gym.sandbox.launcher import Launcher, orders
from skillflow_gym.sandbox.rlimits import prlimit_options


class UnsafeSubprocess:
    """Runs programs as this user, who sees all files and the network; the kernel's limits and the kill still work.

    The current folder is a temporary one, or ``Mounts.work`` itself; there is no ``/work``. For root the kernel ignores
    ``Limits.processes``.
    """

    def __init__(self) -> None:
        prlimit = shutil.which("prlimit")
        if prlimit is None:
            raise SandboxError("the program prlimit is not installed: apt-get install util-linux")
        self._prlimit, self._launcher = prlimit, Launcher()

    @property
    def spec(self) -> str:
        """The text that made it."""
        return "unsafe-subprocess"

    @property
    def interpreter(self) -> str:
        """This process's Python."""
        return sys.executable

    def run(
        self,
        argv: Sequence[str],
        *,
        files: Mapping[str, str] | None = None,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
        merged: bool = False,
        mounts: Mounts | None = None,
        limits: Limits | None = None,
    ) -> Completed:
        """Run a program; see ``Sandbox.run``.

        Raises:
            ValueError: also for ``Mounts.read_only``, which takes a sandbox.
        """
        mounts, limits = mounts or Mounts(), limits or Limits()
        if mounts.read_only:
            raise ValueError("unsafe-subprocess cannot show a host path under another name; ask for bwrap or docker")
        with tempfile.TemporaryDirectory(prefix="skillflow-", ignore_cleanup_errors=True) as private:
            folder = mounts.work or Path(private)
            write_files(folder, files or {})
            order = orders(
                [self._prlimit, *prlimit_options(limits), "--", *argv],
                environment={"PATH": os.defpath, "HOME": private, "LANG": "C.UTF-8", **(environment or {})},
                cwd=str(folder),
            )
            ended = self._launcher.client().run(order, stdin, limits.wall, limits.output, merged=merged)
        if "failed" in ended.said:
            raise InfrastructureError(f"the program did not start: {ended.said['failed']}")
        return completed(ended, os.waitstatus_to_exitcode(ended.said["status"]))

    def python(self, code: str, *, stdin: str = "", limits: Limits | None = None) -> Completed:
        """Run ``code`` as a Python program; no interpreter is kept warm."""
        argv = [self.interpreter, "-s", "-B", "main.py"]
        return self.run(argv, files={"main.py": code}, stdin=stdin, environment={"PYTHONHASHSEED": "0"}, limits=limits)

    def close(self) -> None:
        """Kill what still runs and free what it holds."""
        self._launcher.close()
