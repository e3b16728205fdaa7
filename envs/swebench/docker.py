"""The backend ``docker``: the benchmark's official images, run by swebench's own harness."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tarfile
import tempfile
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from skillflow_gym.envs.swebench import checkouts
from skillflow_gym.envs.swebench.local import TIMED_OUT
from skillflow_gym.envs.swebench.script import TESTBED
from skillflow_gym.envs.swebench.tree import FolderTree
from skillflow_gym.envs.swebench.workspace import Workspace
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.tasks import Gold, Task

DISK = 20 << 30
"""Bytes that must be free where docker keeps its images; one takes several GiB."""
TIMEOUT = 1800
"""Seconds that a record's tests may take, as in the official harness."""

_imports = threading.Lock()


class DockerBackend:
    """Every run is a container of its own, made and removed by swebench."""

    name = "docker"

    def tree(self, task: Task, gold: Gold) -> FolderTree:
        """The repository as it is in the image, copied out once.

        Raises:
            InfrastructureError: there is no docker, no room, or no image.
        """
        client, image = _client(), gold.record["image"]
        if not image:
            raise InfrastructureError(f"{task.id}: the record names no image: use backend='local'")

        def copy(place: Path) -> None:
            _check_disk(client)
            try:
                container = client.containers.create(image=_pulled(client, image), command="true")
                try:
                    stream, _ = container.get_archive(TESTBED)
                    _unpack(stream, place)
                finally:
                    container.remove(force=True)
            except Exception as error:  # docker's own errors, and those of the archive
                raise InfrastructureError(f"{task.id}: image {image}: {error}") from error

        return _folder(checkouts.made(f"image-{task.id}", copy))

    def run(self, task: Task, gold: Gold, workspace: Workspace, script: str) -> str:
        """Run a script by swebench's ``run_instance``, the workspace's diff applied as a model's patch.

        Raises:
            InfrastructureError: there is no docker, or the harness failed.
        """
        client = _client()
        with _imports:
            from swebench.harness import run_evaluation
            from swebench.harness.constants import LOG_TEST_OUTPUT
            from swebench.harness.utils import make_test_spec
        logs = checkouts.cache_folder() / "logs"
        run_evaluation.RUN_EVALUATION_LOG_DIR = logs
        spec = make_test_spec({**gold.record, "instance_id": task.id, "repo": task.record["repo"]})
        spec.eval_script_list = script.split("\n")
        patch, run_id = workspace.diff(), f"skillflow-{secrets.token_hex(8)}"
        prediction = {"instance_id": task.id, "model_name_or_path": "skillflow", "model_patch": patch}
        folder = logs / run_id
        try:
            run_evaluation.run_instance(spec, prediction, client, run_id, TIMEOUT, skip_patch=not patch)
            output = folder / "skillflow" / task.id / LOG_TEST_OUTPUT
            if not output.is_file():
                raise InfrastructureError(f"{task.id}: swebench's harness ran no tests: see {folder}")
            text: str = output.read_text(encoding="utf-8", errors="replace")
            shutil.rmtree(folder, ignore_errors=True)
        except InfrastructureError:
            raise
        except Exception as error:
            raise InfrastructureError(f"{task.id}: swebench's harness failed: {error}") from error
        return text + (TIMED_OUT if "\nTimeout error: " in text[-200:] else "")


@lru_cache(maxsize=1)
def _client() -> Any:
    """A client of a docker daemon that answers.

    Raises:
        InfrastructureError: none does.
    """
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    try:
        _connect(host)  # docker's own constructor would fail with its socket left open
        import docker

        client = docker.from_env(timeout=TIMEOUT)
        client.ping()
    except Exception as error:
        raise InfrastructureError(
            f"SWE-bench's official images need a docker daemon, and none answers at {host}: start one, or use "
            f"backend='local', whose scores are no SWE-bench scores ({type(error).__name__}: {error})"
        ) from error
    return client


def _connect(host: str) -> None:
    """Whether somebody listens.

    Raises:
        OSError: nobody does.
    """
    url = urlsplit(host)
    if url.scheme == "unix":
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(url.path)
    elif url.hostname and url.port:
        socket.create_connection((url.hostname, url.port), timeout=10.0).close()


def _check_disk(client: Any) -> None:
    root = client.info().get("DockerRootDir", "")
    if os.path.isdir(root) and (free := shutil.disk_usage(root).free) < DISK:
        raise InfrastructureError(f"{root}: {free >> 30} GiB free; SWE-bench's images need {DISK >> 30}")


def _pulled(client: Any, image: str) -> str:
    import docker

    try:
        client.images.get(image)
    except docker.errors.ImageNotFound:
        client.images.pull(image)
    return image


def _unpack(stream: Any, place: Path) -> None:
    """The folder in docker's tar archive, at ``place``."""
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        archive = Path(folder, "archive.tar")
        with archive.open("wb") as file:
            for chunk in stream:
                file.write(chunk)
        with tarfile.open(archive) as tar:
            tar.extractall(Path(folder, "unpacked"), filter="data")
        (root,) = Path(folder, "unpacked").iterdir()
        root.rename(place)


@lru_cache(maxsize=64)
def _folder(place: Path) -> FolderTree:
    return FolderTree(place)
