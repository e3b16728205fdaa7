"""Docker: there is no daemon where these tests run, so they check its error and what it would be asked for."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.sandbox import Limits, SandboxError, make_sandbox
from skillflow_gym.sandbox.docker import container


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_without_a_daemon_the_error_says_what_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("docker")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    with pytest.raises(SandboxError, match=r"docker does not answer.*systemctl start docker"):
        make_sandbox("docker:some-image")
    gc.collect()  # the docker package leaves the socket open on which nobody answered


def arguments(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "user": 65534,
        "volumes": {"/host/work": ("/work", "rw"), "/host/data": ("/data", "ro")},
        "environment": {"A": "1"},
        "merged": False,
        "limits": Limits(wall=5, memory=1 << 28, processes=9, file_size=100),
    }
    return container(["python3", "a b.py"], **given | changes)


def test_docker_is_asked_for_a_container_without_network_and_rights() -> None:
    client = pytest.importorskip("docker.models.containers")
    version = "1.45"
    asked = client._create_container_args({**arguments(), "image": "i", "version": version})
    host = asked["host_config"]
    assert host["NetworkMode"] == "none" and host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"] and host["Init"] and asked["user"] == "65534:65534"
    assert host["Memory"] == host["MemorySwap"] == 1 << 28 and host["PidsLimit"] == 9 and host["NanoCpus"] == 10**9
    assert sorted(host["Binds"]) == ["/host/data:/data:ro", "/host/work:/work:rw"]
    assert all("size=67108864" in options for options in host["Tmpfs"].values()) and len(host["Tmpfs"]) == 2
    limits = {limit["Name"]: (limit["Soft"], limit["Hard"]) for limit in host["Ulimits"]}
    assert limits == {"fsize": (100, 100), "nofile": (256, 256), "core": (0, 0), "cpu": (6, 7)}
    assert not host.get("Privileged") and "Devices" not in host


@pytest.mark.parametrize(("merged", "redirect"), [(False, ""), (True, " 2>&1")])
def test_the_program_reads_its_input_from_a_file(merged: bool, redirect: str) -> None:
    assert arguments(merged=merged)["command"] == [
        *("sh", "-c", f'exec "$@" < /run/skillflow/stdin{redirect}', "sh", "python3", "a b.py")
    ]
