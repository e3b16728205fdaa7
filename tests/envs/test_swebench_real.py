"""psf__requests-6028 of SWE-bench Verified on the backend ``local``; its tree is the sdist requests 2.27.0."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym import Action, InfrastructureError
from skillflow_gym.envs.swebench import checkouts
from skillflow_gym.envs.swebench.env import SWEBenchEnv
from skillflow_gym.envs.swebench.records import parse_record
from tests.envs.swebench_files import REAL, needs_real

pytest.importorskip("swebench", reason="needs the swebench extra: pip install 'skillflow-gym[swebench]'")

INSTANCE = "psf__requests-6028"
TREE = "sdist:requests==2.27.0"
REQUIREMENTS = (
    "pytest<8 pytest-httpbin==2.1.0 httpbin trustme pytest-mock urllib3<2 charset_normalizer<3 idna<4 chardet<6 "
    "PySocks certifi flask<3 werkzeug<3"
)
REWRITE = """import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
"""

pytestmark = [needs_real, pytest.mark.slow, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module")
def made() -> Iterator[SWEBenchEnv]:
    """The environment, with tree and virtual environment made."""
    made = SWEBenchEnv(
        "SWEBench",
        split="test",
        source=f"file:{REAL.parent}",
        backend="local",
        trees=TREE,
        requirements=REQUIREMENTS,
    )
    try:
        made.reset(options={"task_id": INSTANCE})
        checkouts.environment(REQUIREMENTS)
    except InfrastructureError as error:
        pytest.skip(f"the package index cannot be reached: {error}")
    yield made
    made.close()


def gold() -> tuple[str, dict[str, Any]]:
    """The gold patch and the record."""
    for index, line in enumerate(REAL.read_text(encoding="utf-8").split("\n")):
        if line and (record := json.loads(line))["instance_id"] == INSTANCE:
            parse_record(record, index)
            return record["patch"], record
    raise LookupError(INSTANCE)


def submit(made: SWEBenchEnv, *edits: str) -> dict[str, Any]:
    made.reset(options={"task_id": INSTANCE})
    for edit in edits:
        shown = made.step(Action.act(f"edit: {edit}"))[0]["observation"]
        assert shown.startswith("Edited ")
    info: dict[str, Any] = made.step(Action.accept(""))[4]
    assert info["graded_by"] == "local"
    return info


def test_the_gold_patch_resolves(made: SWEBenchEnv) -> None:
    info = submit(made, gold()[0])
    assert info["success"] is True
    assert info["score"] == {"resolved": 1.0, "fail_to_pass": 1.0, "pass_to_pass": 1.0, "tampered": 0.0}


def test_the_empty_patch_does_not(made: SWEBenchEnv) -> None:
    assert submit(made)["success"] is False


def test_a_patch_beside_the_point_does_not(made: SWEBenchEnv) -> None:
    info = submit(made, "requests/notes.txt\n<<<<<<< SEARCH\n=======\nnothing\n>>>>>>> REPLACE")
    assert info["score"] == {"resolved": 0.0, "fail_to_pass": 0.0, "pass_to_pass": 1.0, "tampered": 0.0}


@pytest.mark.parametrize("path", ["conftest.py", "tests/conftest.py"])
def test_a_conftest_that_rewrites_outcomes_does_not(made: SWEBenchEnv, path: str) -> None:
    made.reset(options={"task_id": INSTANCE})
    old = made._workspace.read(path) if path in made._workspace else ""
    made._workspace.write(path, REWRITE + old)
    made._workspace.write("requests/notes.txt", "so that something is left to grade\n")
    _, reward, *_, info = made.step(Action.accept(""))
    assert reward == 0.0 and info["dropped"] == path
    assert info["score"] == {"resolved": 0.0, "fail_to_pass": 0.0, "pass_to_pass": 1.0, "tampered": 0.0}


def test_code_of_the_package_that_rewrites_outcomes_is_told(made: SWEBenchEnv) -> None:
    made.reset(options={"task_id": INSTANCE})
    source = made._workspace.read("requests/__init__.py")
    made._workspace.write(
        "requests/__init__.py",
        "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n" + source,
    )
    info = made.step(Action.accept(""))[4]
    assert info["success"] is False and info["score"]["tampered"] == 1.0


def test_its_own_tests_can_be_run(made: SWEBenchEnv) -> None:
    made.reset(options={"task_id": INSTANCE})
    shown = made.step(Action.act("run: tests/test_structures.py"))[0]["observation"]
    assert " passed" in shown and "failed" not in shown


def test_nothing_of_the_record_is_shown(made: SWEBenchEnv) -> None:
    record = gold()[1]
    shown = json.dumps([made.reset(options={"task_id": INSTANCE}), made.task.record, made.details()])
    for line in (*record["patch"].split("\n"), *record["test_patch"].split("\n")):
        if line.startswith("+") and len(line) > 12:
            assert line[1:].strip() not in shown


def test_an_index_that_cannot_be_reached_is_infrastructure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLFLOW_CACHE", str(tmp_path))
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "0")
    made = SWEBenchEnv(
        "SWEBench", split="test", source=f"file:{REAL.parent}", backend="local", trees="sdist:nothing==1"
    )
    with pytest.raises(InfrastructureError, match=r"pip download failed|failed: "):
        made.reset(options={"task_id": INSTANCE})
    assert not [path for path in (tmp_path / "swebench").iterdir() if path.suffix != ".lock"], "nothing is half made"
