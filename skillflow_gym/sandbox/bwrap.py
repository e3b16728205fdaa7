"""bubblewrap: a program in namespaces of its own (user, mount, pid, network, ipc, uts), under an unprivileged user."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.sandbox import Completed, Limits, Mounts, SandboxError
from skillflow_gym.sandbox.client import Ended
from skillflow_gym.sandbox.completed import completed
from skillflow_gym.sandbox.inside import hand_over, write_files
from skillflow_gym.sandbox.launcher import Launcher, Slot, orders
from skillflow_gym.sandbox.rlimits import prlimit_options
from skillflow_gym.sandbox.spawn import seccomp
from skillflow_gym.sandbox.uids import Uids
from skillflow_gym.sandbox.view import View
from skillflow_gym.sandbox.warm import Warm

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
NAMESPACES = (
    *("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--hostname", "sandbox", "--die-with-parent", "--new-session"),
)
_USER = ("--uid", "1000", "--gid", "1000", "--disable-userns")
_MOST_FILES = 200


class BwrapSandbox:
    """Runs programs under bubblewrap; docs/sandbox.md says what it keeps apart.

    A host folder given as ``Mounts.work`` is lent to the run: where this process is root, the folder and all in it are
    given to the run's unprivileged user (``chown``) and, after the run, to the folder's owner. One run at a time may
    have it, and nothing in it may be hard-linked from outside. What a run left in it is untrusted: a program that obeys
    files there (git and its hooks, pytest and conftest.py) belongs in the sandbox as well.
    """

    def __init__(self, preload: Sequence[str] = ()) -> None:
        self._bwrap, self._prlimit = works()
        self._launcher = Launcher()
        self._uids = Uids()
        self._view = View()
        self._warm = Warm([self._bwrap, *NAMESPACES], ENVIRONMENT, self._launcher, self._uids, preload)

    @property
    def spec(self) -> str:
        """The text that made it."""
        return "bwrap"

    @property
    def interpreter(self) -> str:
        """The path inside of this process's Python, without the packages of a virtual environment."""
        return os.path.realpath(sys.executable)

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

        Where it sees folders of the host, bubblewrap is started for it, and an exit status above 128 is read as a
        signal's, since bubblewrap tells no more; otherwise it runs in one that has started already.
        """
        limits, files = limits or Limits(), files or {}
        if mounts is None:
            return self._warm.run(argv, files, stdin, environment or {}, limits, merged=merged)
        return self._run_alone(argv, files, stdin, environment or {}, mounts, limits, merged)

    def _run_alone(
        self,
        argv: Sequence[str],
        files: Mapping[str, str],
        stdin: str,
        environment: Mapping[str, str],
        mounts: Mounts,
        limits: Limits,
        merged: bool,
    ) -> Completed:
        if len(files) > _MOST_FILES:
            raise ValueError(f"{len(files)} files: more than {_MOST_FILES} go into a folder of their own, Mounts.work")
        view = self._view.copy()
        view.mount(mounts, files)
        variables = [text for pair in (ENVIRONMENT | dict(environment)).items() for text in ("--setenv", *pair)]
        with ExitStack() as stack:
            uid = stack.enter_context(self._uids.lend())
            if mounts.work is not None:
                write_files(mounts.work, files)
                owner = mounts.work.stat().st_uid
                hand_over(mounts.work, uid)
                if uid is not None:
                    stack.callback(hand_over, mounts.work, owner)
            order = orders(
                [
                    *(self._bwrap, *NAMESPACES, *_USER),
                    "--json-status-fd",
                    Slot("lease"),
                    "--seccomp",
                    Slot("seccomp"),
                    *view.arguments,
                    *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/work", "--clearenv", *variables, "--"),
                    *(self._prlimit, *prlimit_options(limits), "--", *argv),
                ],
                data=[] if mounts.work else [*files.values()],
                uid=uid,
                stage=view.stage,
            )
            ended = self._launcher.client().run(order, stdin, limits.wall, limits.output, merged=merged)
        return completed(ended, _exit_status(ended))

    def python(self, code: str, *, stdin: str = "", limits: Limits | None = None) -> Completed:
        """Run ``code`` as a Python program, in a child of a warm interpreter."""
        return self._warm.python(code, stdin, limits or Limits())

    def close(self) -> None:
        """Kill what still runs and free what it holds."""
        self._warm.close()
        self._launcher.close()


@lru_cache(maxsize=1)
def works() -> tuple[str, str]:
    """The paths of bwrap and prlimit, if they work here.

    Raises:
        SandboxError: they do not; the message says what to do.
    """
    bwrap, prlimit = shutil.which("bwrap"), shutil.which("prlimit")
    if bwrap is None or prlimit is None:
        raise SandboxError("bubblewrap is not installed: apt-get install bubblewrap util-linux")
    if os.uname().machine not in seccomp.MACHINES:
        raise SandboxError(f"no seccomp filter for {os.uname().machine}: {', '.join(seccomp.MACHINES)} have one")
    probe = [bwrap, *NAMESPACES, *_USER, "--ro-bind", "/", "/", "--proc", "/proc", "--size", "4096", "--tmpfs", "/tmp"]
    done = subprocess.run([*probe, "true"], capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise SandboxError(f"bubblewrap does not work here (it takes 0.8 or later): {done.stderr.strip()}")
    return bwrap, prlimit


def _exit_status(ended: Ended) -> int:
    if "failed" in ended.said:
        raise InfrastructureError(f"the sandbox did not start: {ended.said['failed']}")
    if ended.timed_out:
        return -signal.SIGKILL
    if "exit-code" not in ended.said:
        text = (ended.stderr or ended.stdout).decode(errors="replace").strip()
        raise InfrastructureError(f"the sandbox did not start: {text or ended.said}")
    code = int(ended.said["exit-code"])
    return 128 - code if 128 < code <= 128 + signal.NSIG else code
