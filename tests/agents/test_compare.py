"""A comparison from the command line to its files, on the vaults: the same twice, killed and resumed; a failure."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from skillflow_gym.agents import compare, compare_processes
from skillflow_gym.agents.compare_cell import Spec
from skillflow_gym.agents.compare_processes import Machine, free_memory_mb, run_all
from tests.agents.runs import ROOT
from tests.contract.outsider import registered

FAILS = "flowsteer --clip 0 --gradient-steps 1 --replay-groups 2"  # refused once it runs
AGENTS = f"reinforce,{FAILS},random"
SMALL = "--source mini --seeds 2 --episodes 128 --tasks 3 --rollouts 5 --processes 2".split()


class Done(NamedTuple):
    returncode: int | str | None
    stdout: str
    stderr: str


def words(folder: Path, *more: str) -> list[str]:
    vaults = ["--env", "tests.agents.registered_vaults:Vaults", "--agents", AGENTS, "--out", str(folder)]
    return [*vaults, *SMALL, *more]


def run(folder: Path, *more: str) -> Done:
    """The command in this process, which has loaded torch already; its runs are processes of their own."""
    out, err = io.StringIO(), io.StringIO()
    with registered(), pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["compare", *words(folder, *more)])
        with pytest.raises(SystemExit) as ended:
            compare.main()
    return Done(ended.value.code, out.getvalue(), err.getvalue())


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


FILES = ("results.jsonl", "table.md", "table.csv", "table.json", "compare.json")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    folder = tmp_path_factory.mktemp("finished") / "out"
    return folder, run(folder)


def test_every_run_is_in_the_results(finished: tuple[Path, Done]) -> None:
    folder, done = finished
    found = rows(folder)
    scored = [row for row in found if not row["failed"]]
    assert {(row["agent"], row["seed"]) for row in scored} == {(a, s) for a in ("reinforce", "random") for s in (0, 1)}
    assert len(scored) == 2 * 2 * 2 * 3, "agents, seeds, panels, tasks"
    for row in scored:
        assert row["env"] == "Vaults" and row["task"].startswith("train-" if row["panel"] == "train" else "test-")
        assert row["rollouts"] == row["scored"] == 5 and row["success"] == row["successes"] / 5
        assert row["score"]["progress"] == row["reward"] >= row["success"]
        assert 1 <= row["steps"] <= 6 and row["calls"] <= row["steps"] and row["prompt_tokens"] == 0
        assert (row["steps_per_success"] is None) == (row["successes"] == 0)
        assert min(row["successes"], 1) <= row["paths"] <= row["successes"]
        assert (row["greedy"] is None) == (row["agent"] == "random") and row["entropy"] > 0
    assert "wall budget: about 0.0 h, at most" in done.stdout.replace("\n", " ")


def test_a_failed_run_is_shown_and_the_comparison_does_not_hold(
    finished: tuple[Path, Done],
) -> None:
    folder, done = finished
    assert done.returncode == 1, done.stderr
    assert [(r["agent"], r["seed"]) for r in rows(folder) if r["failed"]] == [(FAILS, 0), (FAILS, 1)]
    assert f"| {FAILS} | 0 (2 FAILED) | - |" in (folder / "table.md").read_text()
    assert "flowsteer is on-policy: leave --replay-groups and --stale at 0" in done.stdout, "the reason is told"
    assert "does not hold" in done.stdout and f"{FAILS} on Vaults: 2 failed runs" in done.stdout


def test_the_table_as_markdown_csv_and_json_agree(finished: tuple[Path, Done]) -> None:
    folder, _ = finished
    found = json.loads((folder / "table.json").read_text())
    lines = list(csv.DictReader((folder / "table.csv").read_text().splitlines()))
    assert found["baseline"] == "reinforce" and len(found["problems"]) == 1
    assert [r["agent"] for r in found["results"]] == [line["agent"] for line in lines] == AGENTS.split(",")
    text = (folder / "table.md").read_text()
    for result, line in zip(found["results"], lines, strict=True):
        if result["runs"]:
            mean, low, high = result["success"]
            assert (float(line["success"]), float(line["success_low"])) == (mean, low)
            assert f"| {result['agent']} | 2 | {mean:.3f} [{low:.3f}, {high:.3f}] |" in text
            test = [r for r in rows(folder) if r["agent"] == result["agent"] and r.get("panel") == "test"]
            assert mean == pytest.approx(sum(r["success"] for r in test) / len(test))
            assert result["score"]["progress"] == pytest.approx(sum(r["score"]["progress"] for r in test) / 6, abs=1e-6)
    panels = found["panels"]["Vaults"]
    assert panels["test"]["sha256"] in text and panels["train"]["sha256"] in text
    assert len(panels["test"]["sha256"]) == len(hashlib.sha256().hexdigest())


def test_times_are_in_their_own_file(finished: tuple[Path, Done]) -> None:
    folder, _ = finished
    times = [json.loads(line) for line in (folder / "times.jsonl").read_text().splitlines()]
    assert [(t["agent"], t["seed"]) for t in times] == [(a, s) for a in ("reinforce", "random") for s in (0, 1)]
    assert all(t["seconds"] >= t["train"] + t["evaluate"] + t["paths"] > 0 and t["peak_mb"] > 50 for t in times)
    for name in FILES[:4]:
        assert "seconds" not in (folder / name).read_text()


def test_killed_and_resumed_it_ends_with_the_same_files(finished: tuple[Path, Done], tmp_path: Path) -> None:
    """Also: the same command in another folder gives the same results."""
    folder = tmp_path / "out"
    command = [sys.executable, "-m", "agents.compare", *words(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(folder.glob("cells/*/*/*/rows.jsonl")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = {file: file.stat().st_mtime_ns for file in folder.glob("cells/*/*/*/rows.jsonl")}
    assert 0 < len(done) < 4 and not (folder / "table.md").exists()
    while _alive(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _alive(folder) == [], "its runs end with it"
    assert run(folder).returncode == 1
    assert {file: file.stat().st_mtime_ns for file in done} == done, "what was done is not done again"
    for name in FILES:
        assert (folder / name).read_bytes() == (finished[0] / name).read_bytes(), name


def _alive(folder: Path) -> list[str]:
    """The other processes that have a file below ``folder`` open, as every run has its log."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            found += [str(file) for file in (process / "fd").iterdir() if os.readlink(file).startswith(str(folder))]
        except OSError:  # it has ended meanwhile
            continue
    return found


def test_another_comparison_in_the_same_folder_is_refused(
    finished: tuple[Path, Done],
) -> None:
    folder, _ = finished
    before = (folder / "results.jsonl").read_bytes()
    done = run(folder, "--tasks", "4")
    assert done.returncode == 2 and "holds a comparison with other tasks: give another --out" in done.stderr
    assert (folder / "results.jsonl").read_bytes() == before


def spec(agent: str) -> Spec:
    env = {"env": "tests.agents.registered_vaults:Vaults", "source": "mini"}
    return Spec(agent, (), env, (env["env"],), 0, 1, 2, 5, 0.0, 0)


def test_a_run_that_takes_too_long_has_failed_and_is_ended(tmp_path: Path) -> None:
    long = replace(spec("random"), rollouts=100_000)
    ((name, outcome),) = run_all({"a/b": long}, tmp_path, Machine(1), limit=1.2)
    assert (name, outcome.problem) == ("a/b", "took longer than 0.02 minutes")
    assert outcome.seconds < 30 and _alive(tmp_path) == [] and (tmp_path / "a" / "b" / "log.txt").exists()
    assert not (tmp_path / "a" / "b" / "rows.jsonl").exists()


def test_a_run_that_ends_badly_says_its_last_line(tmp_path: Path) -> None:
    bad = replace(spec("random"), tasks=-1, evaluate=("Vaultz",))
    ((_, outcome),) = run_all({"a": bad}, tmp_path, Machine(1), limit=100)
    assert outcome.problem.startswith("exit code 2: error: no benchmark is named 'Vaultz'")


def test_processes_fit_cores_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = len(os.sched_getaffinity(0))
    monkeypatch.setattr(compare_processes, "free_memory_mb", lambda: 1000.0)
    assert Machine.here(0, peak_mb=1.0) == Machine(cores)
    assert Machine.here(0, peak_mb=900.0) == Machine(1), "one there is always"
    assert Machine.here(0, peak_mb=0.0) == Machine(cores), "nothing is known"
    assert Machine.here(7, peak_mb=900.0) == Machine(7), "who asks for more gets it"
    assert 0 < free_memory_mb() < float("inf")
