"""The run's folder: files that are whole or absent, and what a resumed run finds again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from skillflow_gym.agents.policies.load import load_run
from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.agents.runs import RunError, RunFolder
from skillflow_gym.trajectory import Trajectory, read_trajectories

CONFIG: dict[str, Any] = {"agent": "ttb", "args": {"env": "HotpotQA-v0"}, "data": {}}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs" / "one", CONFIG)


def test_the_config_comes_back(run: RunFolder) -> None:
    assert run.config() == CONFIG
    assert list(run.config()) == list(CONFIG), "in the order it was written"


def test_the_config_takes_what_only_looks_like_plain_data(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "run", {**CONFIG, "versions": {"torch": torch.__version__}, "name": "Évora"})
    assert run.config()["versions"]["torch"] == str(torch.__version__)
    assert "Évora" in (tmp_path / "run" / "config.yaml").read_text(encoding="utf-8")


def test_a_config_that_cannot_be_written_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        RunFolder.create(tmp_path / "run", {**CONFIG, "odd": object()})
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_gets_a_number(run: RunFolder) -> None:
    (run.path / "mine.txt").write_text("do not touch")
    names = [RunFolder.create(run.path, CONFIG).path.name for _ in range(2)]
    assert names == ["one-2", "one-3"]
    assert sorted(path.name for path in run.path.iterdir()) == ["config.yaml", "mine.txt"]


@pytest.mark.parametrize("content", [None, "", "a: [", "- agent", "agent: ttb", b"\xff\xfe\x00"])
def test_a_folder_without_a_runs_config_is_refused(tmp_path: Path, content: str | bytes | None) -> None:
    if content is not None:
        (tmp_path / "config.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    message = "is no run: it has no config.yaml" if content is None else "was not written by a run"
    with pytest.raises(RunError, match=message):
        RunFolder(tmp_path).config()
    with pytest.raises(RunError, match=message):
        load_run(str(tmp_path))


def test_text_is_written_whole_or_not_at_all(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run.write_text("evaluations/after.json", '{"a": 1}')
    assert run.evaluation("after") == {"a": 1} and run.evaluation("before") is None

    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        run.write_text("evaluations/after.json", '{"a": 2}')
    assert run.evaluation("after") == {"a": 1}


def test_rows_leave_out_a_line_that_was_cut_off(run: RunFolder) -> None:
    assert run.rows("metrics.jsonl") == []
    rows = [{"step": step, "x": 1 / step, "name": "ü\n"} for step in (1, 2, 3)]
    for row in rows:
        run.append("metrics.jsonl", row)
    file = run.path / "metrics.jsonl"
    whole = file.read_bytes()
    assert run.rows("metrics.jsonl") == rows
    last = len(whole) - whole[:-1].rindex(b"\n") - 1
    for cut in range(1, last + 1):
        file.write_bytes(whole[:-cut])
        assert run.rows("metrics.jsonl") == rows[:2]


def test_cutting_back_forgets_what_came_later(run: RunFolder) -> None:
    for step in range(1, 6):
        run.append("metrics.jsonl", {"step": step, "x": 0.1 * step})
        run.append("timing.jsonl", {"step": step, "collect": 0.5})
        run.append("drops.jsonl", {"step": step, "dropped": {f"{step}/0/0": 1}})
        run.write_trajectories(step, [Trajectory(str(step), "task", ())])
    lines = (run.path / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    for name in ("metrics", "timing", "drops"):
        with (run.path / f"{name}.jsonl").open("a") as file:
            file.write('{"step": 6, "dr')
    run.cut_back(3)
    assert (run.path / "metrics.jsonl").read_bytes() == b"".join(lines[:3]), "the same bytes"
    assert [row["step"] for row in run.rows("timing.jsonl")] == [1, 2, 3]
    kept = sorted((run.path / "trajectories").iterdir())
    assert [file.name for file in kept] == [f"step-{step:06d}.jsonl" for step in (1, 2, 3)]
    assert [t.id for file in kept for t in read_trajectories(file)] == ["1", "2", "3"]
    run.append("drops.jsonl", {"step": 6, "dropped": {}})
    drops = [row["step"] for row in run.rows("drops.jsonl")]
    assert drops == [1, 2, 3, 4, 5, 6], "drops outlive the cut, half rows do not"


def test_cutting_back_a_run_that_wrote_nothing(run: RunFolder) -> None:
    run.cut_back(0)
    assert [path.name for path in run.path.iterdir()] == ["config.yaml"]


def test_the_newest_checkpoints_are_kept(run: RunFolder) -> None:
    assert run.load_checkpoint() is None
    for step in (5, 10, 1_000_000, 1_500_000):
        run.save_checkpoint(step, {"weights": torch.tensor([0.1, float(step)]), "names": ["a"]})
        found = run.load_checkpoint()
        assert found is not None and found[0] == step
        assert torch.equal(found[1]["weights"], torch.tensor([0.1, float(step)])) and found[1]["names"] == ["a"]
    files = sorted(path.name for path in (run.path / "checkpoints").iterdir())
    assert files == ["step-1000000.pt", "step-1500000.pt"]


def test_a_checkpoint_that_was_cut_off_is_none(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    run.save_checkpoint(5, {"x": torch.ones(3)})
    real = torch.save

    def half(state: Any, file: Any) -> None:
        file.write(b"half a checkpoint")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        run.save_checkpoint(10, {"x": torch.zeros(3)})
    monkeypatch.setattr(torch, "save", real)
    found = run.load_checkpoint()
    assert found is not None and found[0] == 5 and torch.equal(found[1]["x"], torch.ones(3))


@pytest.mark.parametrize("hindsight", [False, True])
def test_a_policy_is_loaded_from_the_newest_checkpoint(run: RunFolder, hindsight: bool) -> None:
    with pytest.raises(RunError, match="has no checkpoint yet"):
        load_run(str(run.path))
    policy = Scorer(seed=3, hindsight=hindsight)
    policy.bump()
    run.save_checkpoint(1, {"policy": policy.state_dict()})
    loaded = load_run(str(run.path))
    assert loaded.version == "scorer-1" and (loaded.phi is not None) == hindsight
    for which in ("policy", "hindsight"):
        pairs = zip(policy.parameters(which), loaded.parameters(which), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


def test_rows_are_json_that_others_can_read(run: RunFolder) -> None:
    run.append("metrics.jsonl", {"step": 1, "charts/reward": 0.25})
    (line,) = (run.path / "metrics.jsonl").read_text().splitlines()
    assert json.loads(line) == {"step": 1, "charts/reward": 0.25}
