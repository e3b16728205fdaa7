"""A run killed at any moment, stopped by Ctrl-C or resumed when it was done comes to the numbers of one left alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from skillflow_gym.agents import reinforce, ttb
from skillflow_gym.agents.runs import RunError, RunFolder
from skillflow_gym.agents.trainer import Batch, Loss, train
from skillflow_gym.agents.ttb import TTB, Args
from skillflow_gym.policy import TrainablePolicy
from tests.agents.runs import SMALL, command, kept, resume, same_state, start, vaults
from tests.contract import outsider
from tests.contract.outsider import registered


@pytest.fixture(autouse=True)
def benchmark() -> Iterator[None]:
    with registered():
        yield


def assert_same_run(folder: Path, whole: Path) -> None:
    assert kept(folder) == kept(whole)
    one, other = RunFolder(folder).load_checkpoint(), RunFolder(whole).load_checkpoint()
    assert one is not None and other is not None and one[0] == other[0]
    assert same_state(one[1], other[1]), "parameters, optimiser and generator are equal bit by bit"
    steps = [row["step"] for row in RunFolder(folder).rows("timing.jsonl")]
    assert steps == list(range(1, one[0] + 1)), "every update is timed once"


class Killed(BaseException):
    """The process is gone."""


class Kill:
    """Ends a run at its ``at``-th write, before it or half way through it."""

    WRITES = ("append", "write_text", "write_trajectories", "save_checkpoint")

    def __init__(self, patch: pytest.MonkeyPatch, at: int = -1, half: bool = False) -> None:
        self.count, self._at, self._half = 0, at, half
        for name in self.WRITES:
            patch.setattr(RunFolder, name, self._wrap(name, getattr(RunFolder, name)))

    def _wrap(self, name: str, write: Any) -> Any:
        def killed(run: RunFolder, target: Any, content: Any) -> None:
            self.count += 1
            if self.count - 1 != self._at:
                write(run, target, content)
                return
            if self._half and name == "append":
                line = json.dumps(content)
                with (run.path / target).open("a") as file:
                    file.write(line[: len(line) // 2])
            elif self._half:
                folders = {"write_trajectories": "trajectories", "save_checkpoint": "checkpoints"}
                folder = run.path / folders.get(name, "evaluations")
                folder.mkdir(exist_ok=True)
                (folder / "half.partial").write_text('{"half')
            raise Killed

        return killed


def test_a_run_killed_at_any_write_resumes_to_the_same_numbers(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        writes = Kill(patch)
        vaults(tmp_path / "whole")
        total = writes.count
    assert total > 15
    moments = np.random.default_rng(0).permutation([(n, half) for n in range(1, total) for half in (0, 1)])
    for number, (at, half) in enumerate(moments[:6].tolist()):
        folder = tmp_path / str(number)
        with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
            Kill(patch, at, bool(half))
            vaults(folder)
        if number % 2:  # killed once more while it makes up for the first time
            with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
                Kill(patch, 3, bool(half))
                resume(folder)
        resume(folder)
        for partial in folder.glob("*/half.partial"):
            partial.unlink()
        assert_same_run(folder, tmp_path / "whole")


def test_a_finished_run_that_is_resumed_stays_as_it_is(tmp_path: Path) -> None:
    vaults(tmp_path / "run")
    before = kept(tmp_path / "run")
    resume(tmp_path / "run")
    assert kept(tmp_path / "run") == before


def rows_of(folder: Path) -> int:
    file = folder / "metrics.jsonl"
    return file.read_bytes().count(b"\n") if file.is_file() else 0


def wait_for(process: subprocess.Popen[str], folder: Path, rows: int) -> None:
    """Wait until the run has made ``rows`` updates."""
    end = time.monotonic() + 120
    while rows_of(folder) < rows:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "the run makes no progress"
        time.sleep(0.005)


REAL: dict[str, Any] = {
    "steps": 10,
    "eval_tasks": 2,
    "eval_rollouts": 1,
    "anchor": "tree",
    "contrast_weight": 1,
    "beta": 1,
}
"""The tree anchor moves the parameters even where all rollouts fail."""


def kill_and_resume(folder: Path, kills: int, seed: int) -> None:
    """Start a run, kill it again and again, and at last let it finish; ``folder`` must not exist yet."""
    rng = np.random.default_rng(seed)
    words = command("ttb", **REAL, run=folder)
    for _ in range(kills):
        process = start(words)
        wait_for(process, folder, int(rng.integers(1, REAL["steps"] - 2)))
        time.sleep(float(rng.uniform(0, 0.2)))
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        words = [*words[:3], "--resume", str(folder)]
    process = start(words)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    assert f"run folder: {folder}" in out


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("resume") / "whole"
    args = Args(**{**SMALL, "env": "HotpotQA-v0", **REAL, "run": str(folder)})
    trainer = train(args, lambda: TTB(args))
    metrics = trainer.run.rows("metrics.jsonl")
    assert all(row["losses/grad_norm"] > 0 for row in metrics), "every update moves the parameters"
    return folder


def test_a_process_killed_twice_comes_to_the_same_numbers(whole: Path, tmp_path: Path) -> None:
    kill_and_resume(tmp_path / "run", kills=2, seed=1)
    assert_same_run(tmp_path / "run", whole)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
def test_a_process_killed_many_times_comes_to_the_same_numbers(whole: Path, tmp_path: Path, seed: int) -> None:
    kill_and_resume(tmp_path / "run", kills=5, seed=seed)
    assert_same_run(tmp_path / "run", whole)


class Interrupted(TTB):
    """TTB during whose third update somebody presses Ctrl-C."""

    pressed = False

    def loss(self, policy: TrainablePolicy, batch: Batch) -> Loss:
        if policy.version == "scorer-2" and not self.pressed:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)
        return super().loss(policy, batch)


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vaults(tmp_path / "whole")
    args = Args(**{**SMALL, "env": "Vaults", "steps": 5, "run": str(tmp_path / "run")})
    with pytest.raises(SystemExit) as stopped:
        train(args, lambda: Interrupted(args))
    assert stopped.value.code == 130
    found = RunFolder(tmp_path / "run").load_checkpoint()
    assert found is not None and found[0] in (2, 3), "the third update is finished or not begun"
    printed = " ".join(capsys.readouterr().out.split())
    assert f"stopped after {found[0]} updates; continue with --resume {tmp_path / 'run'}" in printed
    resume(tmp_path / "run")
    assert_same_run(tmp_path / "run", tmp_path / "whole")


@pytest.fixture
def half(tmp_path: Path) -> Path:
    """A run that was killed after its third update."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        Kill(patch, at=13)
        vaults(tmp_path / "run", trajectories_every=1)
    assert rows_of(tmp_path / "run") == 3
    return tmp_path / "run"


def test_a_run_whose_data_changed_is_refused(half: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept(half)
    real = outsider.mini_records
    monkeypatch.setattr(outsider, "mini_records", lambda split: [{**r, "lever": "lilac"} for r in real(split)][:-1])
    with pytest.raises(RunError, match=r"on other tasks than mini now holds.*restore its data or start a new run"):
        resume(half)
    assert kept(half) == before, "nothing is touched"


@pytest.mark.parametrize("agent", [ttb, reinforce])
def test_a_folder_that_cannot_be_resumed_gives_one_line(
    agent: Any, half: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unusable = [tmp_path / "nowhere", tmp_path] + ([half] if agent is reinforce else [])  # TTB made that one
    for folder in unusable:
        monkeypatch.setattr(sys, "argv", [agent.__name__, "--resume", str(folder)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            agent.main()
        out, error = capsys.readouterr()
        assert ended.value.code not in (0, None) and out == ""
        assert error.startswith("error: ") and error.count("\n") == 1
        assert folder == half or str(folder) in error


def change_deadline(folder: Path, deadline: float) -> None:
    """Make the clock of the resumed run another one than that of the run before."""
    config = RunFolder(folder).config()
    config["args"]["deadline"] = deadline
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def test_recorded_drops_are_honoured_when_a_run_is_resumed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        Kill(patch, at=20, half=True)
        vaults(folder, deadline=1e-9, trajectories_every=1)
    rows = {row["step"]: row for row in RunFolder(folder).rows("metrics.jsonl")}
    drops = {row["step"]: row["dropped"] for row in RunFolder(folder).rows("drops.jsonl")}
    assert max(rows) >= 3 and drops.get(3) and rows[3]["charts/unscored"] > 0, "past the checkpoint at 2"
    before = kept(folder)
    change_deadline(folder, 1e9)
    resume(folder)
    after = {row["step"]: row for row in RunFolder(folder).rows("metrics.jsonl")}
    assert {step: after[step] for step in rows} == rows
    name = "trajectories/step-000003.jsonl"
    assert kept(folder)[name] == before[name]
    assert after[5]["charts/unscored"] == 0.0, "where nothing was recorded, the new clock counts"
