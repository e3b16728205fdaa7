"""The backend ``docker`` before any test runs: docker's own client talks to a daemon that knows just enough."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Thread
from typing import Any

import pytest

from skillflow_gym import InfrastructureError
from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.envs.swebench import docker as backend
from skillflow_gym.envs.swebench.records import parse_record

pytest.importorskip("docker", reason="needs the docker extra: pip install 'skillflow-gym[docker]'")

IMAGE = "an/image:latest"
TASK, GOLD = parse_record({**mini.records("train")[0], "repo": "somebody/something", "image": IMAGE}, 0)


class Daemon(ThreadingMixIn, UnixStreamServer):
    """Has one image, ``/testbed`` in it, and a folder for images."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.root, self.images, self.asked = str(folder), {IMAGE}, list[str]()
        super().__init__(str(folder / "docker.sock"), Answer)

    def answer(self, method: str, path: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers."""
        name = path.partition("?")[0].partition("/v1.44")[2] or path
        self.asked.append(f"{method} {name}")
        if name == "/version":
            return 200, json.dumps({"ApiVersion": "1.44"}).encode(), {}
        if name == "/_ping":
            return 200, b"OK", {}
        if name == "/info":
            return 200, json.dumps({"DockerRootDir": self.root}).encode(), {}
        if name.startswith("/images/") and name.endswith("/json"):
            found = name.removeprefix("/images/").removesuffix("/json") in self.images
            return (200, b'{"Id": "sha256:1"}', {}) if found else (404, b'{"message": "no such image"}', {})
        if name == "/images/create":
            return 500, b'{"message": "the registry is closed"}', {}
        if name == "/containers/create":
            return 201, b'{"Id": "one", "Warnings": []}', {}
        if name == "/containers/one/json":
            return 200, b'{"Id": "one", "Image": "sha256:1", "Config": {}}', {}
        if name == "/containers/one/archive":
            told = base64.b64encode(json.dumps({"name": "testbed"}).encode()).decode()
            return 200, archive({"testbed/pkg/one.py": "x = 1\n"}), {"X-Docker-Container-Path-Stat": told}
        return (204, b"", {}) if method == "DELETE" else (404, b'{"message": "no such thing"}', {})


class Answer(BaseHTTPRequestHandler):
    server: Daemon

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body, headers = self.server.answer(self.command, self.path)
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_GET

    def log_message(self, *args: Any) -> None:
        """Nothing is logged."""

    def address_string(self) -> str:
        return ""


def archive(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    monkeypatch.setenv("SKILLFLOW_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    backend._client.cache_clear()
    with Daemon(tmp_path) as made:
        thread = Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        backend._client().close()
        made.shutdown()
        thread.join()
    backend._client.cache_clear()


def test_the_tree_is_copied_out_of_the_image_once(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "DISK", 0)
    tree = backend.DockerBackend().tree(TASK, GOLD)
    assert (tree.paths, tree.read("pkg/one.py")) == (("pkg/one.py",), b"x = 1\n")
    assert "DELETE /containers/one" in daemon.asked
    asked = len(daemon.asked)
    assert backend.DockerBackend().tree(TASK, GOLD).paths == tree.paths and len(daemon.asked) == asked


def test_too_little_room_is_said_before_anything_is_pulled(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "DISK", 1 << 60)
    with pytest.raises(InfrastructureError, match=r"GiB free; SWE-bench's images need 1073741824"):
        backend.DockerBackend().tree(TASK, GOLD)
    assert not any("/images/" in line or "/containers/" in line for line in daemon.asked)


def test_an_image_that_cannot_be_had_leaves_nothing(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "DISK", 0)
    daemon.images.clear()
    with pytest.raises(InfrastructureError, match=rf"image {IMAGE}: .*the registry is closed"):
        backend.DockerBackend().tree(TASK, GOLD)
    assert not [path for path in (Path(daemon.root) / "cache").rglob("*") if path.suffix not in (".lock", "")]
    daemon.images.add(IMAGE)
    assert backend.DockerBackend().tree(TASK, GOLD).paths == ("pkg/one.py",), "the next try finds no half-made tree"


def test_a_record_without_an_image_is_no_task_for_docker(daemon: Daemon) -> None:
    task, gold = parse_record({**mini.records("train")[0], "repo": "somebody/something"}, 0)
    with pytest.raises(InfrastructureError, match=r"the record names no image: use backend='local'"):
        backend.DockerBackend().tree(task, gold)
