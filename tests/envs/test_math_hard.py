"""MATH-Hard: what accept takes, records that are refused, hostile answers, and the real records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillflow_gym import Action, Context, InfrastructureError
from skillflow_gym.envs.math_hard import MATHHardEnv
from skillflow_gym.envs.mini.math_hard import math_hard_problems, math_hard_records
from skillflow_gym.scoring import math_worker
from skillflow_gym.sources import SourceError
from skillflow_gym.tasks import RecordError
from tests.contract.harness import make
from tests.envs.math_files import DATA, needs

pytest.importorskip("math_verify", reason="needs the reasoning extra")


@pytest.mark.parametrize("form", ["{}", "${}$", r"\boxed{{{}}}", r"The answer is $\boxed{{{}}}$."])
def test_what_accept_takes(form: str) -> None:
    env = make("MATH-Hard")
    for index, problem in enumerate(math_hard_problems("train")[:4]):
        env.reset(options={"index": index})
        _, reward, terminated, _, info = env.step(Action.accept(form.format(problem.answer)))
        assert (reward, terminated, info["success"], info["score"]) == (1.0, True, True, {"accuracy": 1.0})


def test_a_hostile_answer_is_wrong_and_scored() -> None:
    env = make("MATH-Hard")
    env.reset(options={"index": 0})
    _, reward, terminated, _, info = env.step(Action.accept("9^{9^{9^{9}}}"))
    assert (reward, terminated, info["success"], info["unscored"], info["error"]) == (0.0, True, False, False, "")


def test_a_grader_that_fails_leaves_the_episode_unscored(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(gold: str, answer: str) -> bool:
        raise InfrastructureError("the engine's process died")

    monkeypatch.setattr(math_worker, "equivalent", failing)
    env = make("MATH-Hard")
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step(Action.accept("1"))
    assert (reward, terminated, truncated, info["unscored"]) == (0.0, False, True, True)
    assert info["error"] == "the engine's process died"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": "Level 4"}, "record 0: field level: it is not Level 5"),
        ({"solution": "It is 7."}, r"record 0: field solution: the solution has no \\boxed{answer}"),
        ({"solution": r"It is \boxed{}."}, "record 0: field solution: the solution has no"),
    ],
)
def test_records_that_are_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    record = {**math_hard_records("train")[0], **change}
    (tmp_path / "train.jsonl").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(RecordError, match=message):
        make("MATH-Hard", f"file:{tmp_path}").reset(seed=0)


def test_the_subject_is_public_and_the_solution_is_not() -> None:
    env = MATHHardEnv("MATH-Hard", source="mini")
    for task, record in zip(env.taskset, math_hard_records("train"), strict=True):
        assert dict(task.record) == {"type": record["type"]} and task.prompt == record["problem"]
        assert env.taskset.gold(task.id).record == {"solution": record["solution"]}


def test_a_split_that_the_real_set_lacks(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text(json.dumps(math_hard_records("test")[0]), encoding="utf-8")
    assert make("MATH-Hard", f"file:{tmp_path}", split="test").reset(seed=0)[1]["split"] == "test"
    with pytest.raises(SourceError, match=r"expected validation\.jsonl or validation\.json for split 'validation'"):
        make("MATH-Hard", f"file:{tmp_path}", split="validation")


@needs("math_hard/test.jsonl")
def test_the_real_records() -> None:
    env = MATHHardEnv("MATH-Hard", split="test", source=f"file:{DATA / 'math_hard'}")
    assert len(env.taskset) == 90
    for task in env.taskset:
        assert env.correct(env.gold_actions(task)[-1].argument, env.taskset.gold(task.id))
        assert 0 < len(env.proposals(Context(task.prompt, "", "", (), (), (), 0, env.step_limit))) <= 120
