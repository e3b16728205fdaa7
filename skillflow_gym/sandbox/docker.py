"""Docker: each run is a container of its own, without network and rights."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.installation import install
from skillflow_gym.sandbox import Completed, Limits, Mounts, SandboxError
from skillflow_gym.sandbox.client import Ended, Stream
from skillflow_gym.sandbox.completed import completed
from skillflow_gym.sandbox.inside import hand_over, write_files
from skillflow_gym.sandbox.rlimits import rlimits

IMAGE = "python:3.11-slim"
_CALL_DEADLINE = 60
_SCRATCH = 1 << 26
_STDIN = "/run/skillflow/stdin"


class DockerSandbox:
    """Runs programs in containers of ``image``, which must be on this machine; a second or so each.

    ``Limits.memory`` is what the whole container may use, ``Limits.processes`` its processes and threads. ``/work`` is
    a folder of the host, so that only ``Limits.file_size`` bounds what a run writes there. ``Mounts.work`` is lent as
    under bubblewrap.
    """

    def __init__(self, image: str = IMAGE) -> None:
        try:
            import docker
        except ModuleNotFoundError as error:
            raise SandboxError(f"the Python package docker is missing: {install('docker')}") from error
        self._image = image
        try:
            self._client = docker.from_env(timeout=_CALL_DEADLINE)
            self._client.images.get(image)
        except docker.errors.ImageNotFound as error:
            raise SandboxError(f"docker has no image {image}: docker pull {image}") from error
        except docker.errors.DockerException as error:
            raise SandboxError(f"docker does not answer: {error}; start it: sudo systemctl start docker") from error

    @property
    def spec(self) -> str:
        """The text that made it."""
        return f"docker:{self._image}"

    @property
    def interpreter(self) -> str:
        """The image's Python."""
        return "python3"

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
        """Run a program; see ``Sandbox.run``. An exit status above 128 is read as a signal's."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        mounts, limits = mounts or Mounts(), limits or Limits()
        with tempfile.TemporaryDirectory(prefix="skillflow-", ignore_cleanup_errors=True) as private:
            folder = mounts.work or Path(private, "work")
            folder.mkdir(exist_ok=True)
            write_files(folder, files or {})
            Path(private, "stdin").write_text(stdin, encoding="utf-8")
            owner, user = folder.stat().st_uid, 65534 if os.geteuid() == 0 else os.geteuid()
            lent = user if os.geteuid() == 0 else None
            hand_over(folder, lent)
            try:
                ended, code = self._run(
                    container(
                        argv,
                        user=user,
                        volumes={str(folder.resolve()): ("/work", "rw"), f"{private}/stdin": (_STDIN, "ro")}
                        | {str(source.resolve(strict=True)): (path, "ro") for path, source in mounts.read_only.items()},
                        environment=environment or {},
                        merged=merged,
                        limits=limits,
                    ),
                    limits,
                )
            except (DockerException, RequestException) as error:
                raise InfrastructureError(f"docker: {error}") from error
            finally:
                if lent is not None:
                    hand_over(folder, owner)
        return completed(ended, 128 - code if 128 < code <= 128 + signal.NSIG else code)

    def python(self, code: str, *, stdin: str = "", limits: Limits | None = None) -> Completed:
        """Run ``code`` as a Python program, with the packages of the image; no interpreter is kept warm."""
        argv = [self.interpreter, "-s", "-B", "main.py"]
        return self.run(argv, files={"main.py": code}, stdin=stdin, environment={"PYTHONHASHSEED": "0"}, limits=limits)

    def close(self) -> None:
        """Free the connection."""
        self._client.close()

    def _run(self, arguments: Mapping[str, Any], limits: Limits) -> tuple[Ended, int]:
        running = self._client.containers.create(self._image, **arguments)
        over = threading.Event()

        def kill() -> None:
            over.set()
            with suppress(Exception):  # it may have ended just now
                running.kill()

        timer = threading.Timer(limits.wall, kill)
        streams = Stream(limits.output), Stream(limits.output)
        try:
            output = running.attach(stdout=True, stderr=True, stream=True, logs=False, demux=True)
            running.start()
            timer.start()
            for parts in output:
                for stream, part in zip(streams, parts, strict=True):
                    stream.add(part or b"")
            code = int(running.wait()["StatusCode"])
        finally:
            timer.cancel()
            running.remove(force=True, v=True)
        out, err = streams
        return Ended(bytes(out.kept), bytes(err.kept), {}, over.is_set(), out.dropped or err.dropped), code


def container(
    argv: Sequence[str],
    *,
    user: int,
    volumes: Mapping[str, tuple[str, str]],
    environment: Mapping[str, str],
    merged: bool,
    limits: Limits,
) -> dict[str, Any]:
    """The arguments of docker's ``containers.create``."""
    redirect = f'exec "$@" < {_STDIN}' + (" 2>&1" if merged else "")
    return {
        "command": ["sh", "-c", redirect, "sh", *argv],
        "environment": {"HOME": "/tmp", "LANG": "C.UTF-8", **environment},
        "user": f"{user}:{user}",
        "working_dir": "/work",
        "volumes": {source: {"bind": path, "mode": mode} for source, (path, mode) in volumes.items()},
        "network_mode": "none",
        "read_only": True,
        "tmpfs": {path: f"rw,nosuid,nodev,mode=1777,size={_SCRATCH}" for path in ("/tmp", "/dev/shm")},
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "mem_limit": limits.memory,
        "memswap_limit": limits.memory,
        "pids_limit": limits.processes,
        "nano_cpus": 10**9,
        "ulimits": [
            {"Name": name[7:].lower(), "Soft": soft, "Hard": hard}
            for name, (soft, hard) in rlimits(limits).items()
            if name not in ("RLIMIT_AS", "RLIMIT_NPROC")  # docker knows no as, and nproc counts over all containers
        ],
        "init": True,
        "log_config": {"Type": "none", "Config": {}},
    }
