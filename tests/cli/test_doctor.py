from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from gymnasium.error import DependencyNotInstalled

from skillflow_gym.cli import doctor, programs
from skillflow_gym.cli.common import EXTRAS
from skillflow_gym.registration import Stanza, stanzas
from skillflow_gym.sandbox import bwrap
from tests.built import lacking

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKOUT = f"-c {ROOT / 'constraints.txt'} -e '{ROOT}"


@pytest.mark.slow
def test_it_looks_at_everything_and_every_built_benchmark_plays() -> None:
    code = "import sys; from skillflow_gym.cli import main; sys.exit(main(['doctor']))"
    environment = {key: value for key, value in os.environ.items() if key != "SKILLFLOW_DATA"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith("    ") and line.strip()}
    for s in stanzas():
        expected = "not built yet" if not s.built else " -  " if lacking(s.name) else "ok   plays"
        assert expected in table[s.name]
    assert gym.__version__ in table["gymnasium"] and sys.version.split()[0] in table["python"]
    assert {"bubblewrap", "docker", "java", "SKILLFLOW_DATA", *EXTRAS} <= set(table)
    assert "export SKILLFLOW_DATA=FOLDER" in done.stdout.split("what mends it")[1]


def test_the_extras_are_those_of_the_project_file() -> None:
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stanza_extras = {s.extra for s in stanzas() if s.extra}
    listed = {
        requirement.split(">")[0]: extra
        for extra, requirements in project["optional-dependencies"].items()
        if extra not in ("dev", "llama") and extra not in stanza_extras  # a server is no part of an installation
        for requirement in requirements
    }
    assert listed == EXTRAS


def test_a_package_that_is_missing_or_broken_gets_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package.py").write_text("raise OSError('libgone.so: cannot open')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(doctor, "EXTRAS", {"no_such_package": "train", "broken_package": "hub"})
    absent, broken = doctor.extras()
    assert (absent.state, absent.command) == ("absent", f"pip install {CHECKOUT}[train]'")
    assert broken.state == "broken" and "libgone.so" in broken.detail
    assert broken.command == f"pip install --force-reinstall {CHECKOUT}[hub]'"


def failing(error: Exception) -> Any:
    def make(*args: Any, **kwargs: Any) -> Any:
        raise error

    return make


@pytest.mark.parametrize(
    ("error", "extra", "state", "command"),
    [
        (ModuleNotFoundError("No module named 'engine'"), "engine", "absent", f"pip install {CHECKOUT}[engine]'"),
        (ModuleNotFoundError("No module named 'bm25s'"), "", "broken", f"pip install {CHECKOUT}".replace("'", "")),
        (DependencyNotInstalled("Java is missing: install it"), "engine", "absent", ""),
        (RuntimeError("bad\nnews"), "", "broken", f"pip install --force-reinstall {CHECKOUT}".replace("'", "")),
    ],
)
def test_a_benchmark_that_does_not_work_gets_its_command_and_exit_code_1(
    skillflow: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, extra: str, state: str, command: str
) -> None:
    entry = {"family": "qa", "distribution": "iid", "step_limit": 1, "splits": {}, "licence": "", "extra": extra}
    broken = Stanza(name="Broken", entry_point="x:Y", metric="", reward="", success="", **entry)  # type: ignore[arg-type]
    monkeypatch.setattr(doctor, "stanzas", lambda: (broken,))
    monkeypatch.setattr(doctor.gym, "make", failing(error))
    (check,) = doctor.benchmarks()
    assert (check.name, check.state, check.command) == ("Broken", state, command)
    assert str(error).splitlines()[0] in check.detail and "\n" not in check.detail
    monkeypatch.setattr(doctor, "extras", lambda: iter(()))
    monkeypatch.setattr(doctor, "programs", lambda: iter(()))
    done = skillflow("doctor")
    assert done.code == (1 if state == "broken" else 0)
    assert not command or f"    {command}\n" in done.out


def script(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755 | stat.S_IXUSR)


def test_programs_are_run_not_only_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path, "bwrap", "echo 'bwrap: no permissions' >&2; exit 1")
    script(tmp_path, "java", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "allow_namespaces", lambda: "sudo sysctl -w a=1")
    found = {check.name: check for check in programs.programs()}
    assert found["java"].state == "ok" and found["java"].command == ""
    assert found["bubblewrap"].state == "absent" and "bwrap: no permissions" in found["bubblewrap"].detail
    assert found["bubblewrap"].command == "sudo sysctl -w a=1"
    assert found["docker"].state == "absent" and found["docker"].command == "sudo apt-get install docker.io"


def test_the_sandbox_runs_a_program_or_gets_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "allow_namespaces", lambda: "")
    bwrap.works.cache_clear()
    (check,) = doctor.sandbox()
    if shutil.which("bwrap"):
        assert (check.name, check.state, check.command) == ("bwrap", "ok", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    bwrap.works.cache_clear()
    (check,) = doctor.sandbox()
    assert (check.name, check.state) == ("bwrap", "absent") and "is not installed" in check.detail
    assert check.command == "sudo apt-get install bubblewrap util-linux"


@pytest.mark.parametrize(
    ("setting", "value", "command"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("kernel/unprivileged_userns_clone", "1", ""),
    ],
)
def test_the_setting_that_forbids_namespaces_is_named(tmp_path: Path, setting: str, value: str, command: str) -> None:
    (tmp_path / setting).parent.mkdir()
    (tmp_path / setting).write_text(value + "\n")
    assert programs.allow_namespaces(tmp_path) == (f"sudo sysctl -w {command}" if command else "")


def test_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLFLOW_DATA", str(tmp_path))
    (tmp_path / "hotpotqa").mkdir()
    (check,) = doctor.data()
    assert check.state == "ok" and check.detail == f"{tmp_path}: HotpotQA"
    monkeypatch.setenv("SKILLFLOW_DATA", str(tmp_path / "gone"))
    (check,) = doctor.data()
    assert (check.state, check.command) == ("broken", f"mkdir -p {tmp_path / 'gone'}")


def test_a_checkout_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = types.SimpleNamespace(
        version=failing(doctor.importlib.metadata.PackageNotFoundError("skillflow-gym")),
        PackageNotFoundError=doctor.importlib.metadata.PackageNotFoundError,
    )
    monkeypatch.setattr(doctor.importlib, "metadata", metadata)
    check = {check.name: check for check in doctor.installation()}["skillflow-gym"]
    assert (check.state, check.command) == ("absent", f"pip install -c {ROOT / 'constraints.txt'} -e {ROOT}")
