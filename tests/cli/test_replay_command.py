from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.trajectory import Trajectory, read_trajectories, write_trajectories


@pytest.fixture
def file(skillflow: Any, tmp_path: Path) -> Path:
    """Three trajectories; the second says it saw another word, the third has lost its environment."""
    skillflow("eval", "--source", "mini", "--tasks", 3, "--rollouts", 1, "--out", tmp_path / "r.json")
    path = tmp_path / "r.trajectories.jsonl"
    first, second, third = read_trajectories(path)
    write_trajectories(path, [first, spoil(second), replace(third, env_spec="")])
    return path


def spoil(trajectory: Trajectory) -> Trajectory:
    turn = replace(trajectory.turns[0], observation="[bold]another[/] word")
    return replace(trajectory, turns=(turn, *trajectory.turns[1:]), fingerprint="", library_version="before")


def test_all_are_judged(skillflow: Any, file: Path) -> None:
    done = skillflow("replay", file)
    assert done.code == 1 and done.err == ""
    assert "= 0  test task" in done.out and "x 1  test task" in done.out and "? 2  test task" in done.out
    assert "first difference at turn 1, in observation" in done.out
    assert "expected '[bold]another[/] word'" in done.out
    assert "the skill library is another one: recorded with before, now" in done.out
    assert "cannot be replayed" in done.out and "no environment spec" in done.out
    assert done.out.rstrip().endswith("1 of 3 equal")


@pytest.mark.parametrize(("index", "code"), [(0, 0), (1, 1), (2, 1)])
def test_one_is_judged(skillflow: Any, file: Path, index: int, code: int) -> None:
    done = skillflow("replay", file, "--index", index)
    assert done.code == code
    assert f" {index}  test task" in done.out and done.out.rstrip().endswith(f"{1 - code} of 1 equal")


def test_an_index_that_is_not_there(skillflow: Any, file: Path) -> None:
    done = skillflow("replay", file, "--index", 3)
    assert done.code == 2 and "holds the trajectories 0 to 2" in done.err


def test_a_file_of_something_else(skillflow: Any, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("hello\n")
    done = skillflow("replay", tmp_path / "x.jsonl")
    assert done.code == 2 and "x.jsonl: line 1: no trajectory" in done.err and done.err.count("\n") == 1


def test_a_long_text_is_shown_from_where_it_parts(skillflow: Any, file: Path) -> None:
    (first, *_) = read_trajectories(file)
    write_trajectories(file, [replace(first, task="so " * 500 + "END"), replace(first, task=first.task + " END")])
    done = skillflow("replay", file)
    long, short = done.out.split("x 1")
    assert len(long) < 1500 and "..." in long
    assert "END'" in short and "the reset, in task" in short
