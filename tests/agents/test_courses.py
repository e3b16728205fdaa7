"""Training on several benchmarks in turn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym.agents.args import restore
from skillflow_gym.agents.trainer import Trainer, train
from skillflow_gym.agents.ttb import TTB, Args
from skillflow_gym.trajectory import read_trajectories
from tests.agents.runs import SMALL, kept, same_state

TWO: dict[str, Any] = {
    **SMALL,
    "env": "HotpotQA-v0",
    "also": "MuSiQue-v0",
    "steps": 4,
    "trajectories_every": 1,
    "eval_tasks": 1,
    "eval_rollouts": 1,
}


def trained(folder: Path, **changes: Any) -> Trainer:
    args = Args(**{**TWO, "run": str(folder), **changes})
    return train(args, lambda: TTB(args))


def played(trainer: Trainer) -> list[set[str]]:
    files = sorted((trainer.run.path / "trajectories").iterdir())
    return [{json.loads(t.env_spec)["id"] for t in read_trajectories(file)} for file in files]


def test_updates_take_turns_and_each_course_goes_on_where_it_was(tmp_path: Path) -> None:
    trainer = trained(tmp_path / "two")
    assert played(trainer) == [{"SkillFlow/HotpotQA-v0"}, {"SkillFlow/MuSiQue-v0"}] * 2
    alone = trained(tmp_path / "one", also="", steps=2)
    both = [sorted((run.run.path / "trajectories").iterdir()) for run in (trainer, alone)]
    tasks = [[[t.task_id for t in read_trajectories(f)] for f in files] for files in both]
    assert tasks[0][::2] == tasks[1], "the same tasks in the same order as without the other"
    config = trainer.run.config()
    assert config["args"]["also"] == "MuSiQue-v0=mini"
    assert set(config["data"]) == {"train", "test", "train of MuSiQue"}


def test_it_resumes_to_the_same_numbers(tmp_path: Path) -> None:
    whole, part = trained(tmp_path / "whole"), trained(tmp_path / "part")
    (part.run.path / "checkpoints" / "step-000004.pt").unlink()
    for name in ("after", "greedy"):
        (part.run.path / "evaluations" / f"{name}.json").unlink()
    args = restore(Args, str(tmp_path / "part"))
    again = train(args, lambda: TTB(args))
    assert kept(again.run.path) == kept(whole.run.path)
    assert same_state(again.policy.state_dict(), whole.policy.state_dict())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"also": "WebShop-v0"}, "describes its actions unlike"),
        ({"also": "MuSiQQ"}, "did you mean MuSiQue"),
        ({"evolve": {"on": True}}, "leave out --also"),
    ],
)
def test_what_cannot_be_trained_together_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trained(tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()
