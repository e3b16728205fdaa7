from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from skillflow_gym import SkillEnv
from skillflow_gym.cli.eval import load_policy
from skillflow_gym.envs import mini
from skillflow_gym.envs.hotpotqa import HotpotQAEnv
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.policy import FirstProposalPolicy, UniformPolicy
from skillflow_gym.registration import stanza
from skillflow_gym.rollout import Collector
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.store import SkillStore
from skillflow_gym.tasks import panel_sha256
from skillflow_gym.trajectory import read_trajectories
from tests.built import built, mini_source
from tests.contract.harness import few

SMALL = ("--source", "mini", "--tasks", 4, "--rollouts", 2)


@pytest.mark.parametrize("name", built())
def test_the_table_says_what_was_measured_and_on_what(skillflow: Any, name: str) -> None:
    size = few(name, 4)
    small = (*SMALL[:3], size, *SMALL[4:], *(("--step-limit", 5) if stanza(name).extra else ()))
    done = skillflow("eval", "--env", name, *small, "--seed", 7)
    assert done.code == 0 and done.err == ""
    with gym.make(f"SkillFlow/{name}-v0", source="mini", split="test") as env:
        core = env.unwrapped
        assert isinstance(core, SkillEnv)
        panel, metrics = core.taskset[:size], core.metrics
    shown = {" ".join(line.split()[:-1]): line.split()[-1] for line in done.out.splitlines() if len(line.split()) > 1}
    assert shown["env"] == f"SkillFlow/{name}-v0" and shown["policy"] == "uniform"
    assert (shown["source"], shown["split"]) == (mini_source(name), "test")
    assert (shown["tasks"], shown["seed"]) == (str(size), "7")
    assert shown["panel sha256"] == panel_sha256(panel)
    figures = {line.split()[0] for line in done.out.splitlines() if line.rstrip().endswith("]")}
    assert figures == {"success", "pass@2", *metrics}
    assert shown["unscored"] == "0.0%"
    for kind in {str(task.record["kind"]) for task in panel if "kind" in task.record}:
        assert f"{kind} {sum(task.record['kind'] == kind for task in panel)} 0." in " ".join(done.out.split())


def test_the_files_hold_the_figures_and_the_rollouts_and_repeat_exactly(skillflow: Any, tmp_path: Path) -> None:
    out = tmp_path / "new" / "result.json"
    contents = []
    for _ in range(2):
        assert skillflow("eval", *SMALL, "--out", out).code == 0
        contents.append((out.read_bytes(), (tmp_path / "new" / "result.trajectories.jsonl").read_bytes()))
    assert contents[0] == contents[1]
    content = json.loads(out.read_text())
    assert content["args"]["env"] == "HotpotQA-v0" and content["source"] == "mini"
    assert content["results"]["tasks"] == 4 and content["results"]["rollouts_per_task"] == 2
    trajectories = read_trajectories(out.parent / content["trajectories"])
    assert [t.task_id for t in trajectories] == [id for id in content["task_ids"] for _ in range(2)]
    mean = sum(t.success for t in trajectories) / len(trajectories)
    assert content["results"]["success"][0] == pytest.approx(mean, abs=1e-6)
    assert sorted(path.name for path in out.parent.iterdir()) == ["result.json", "result.trajectories.jsonl"]


def test_a_killed_evaluation_goes_on_and_comes_to_the_same_files(
    skillflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """152 rollouts: a batch of 128, and one that is killed in the middle of writing it down."""
    words = ("eval", "--source", "mini", "--tasks", 38, "--rollouts", 4, "--out")
    assert skillflow(*words, tmp_path / "whole.json").code == 0

    class Killed(BaseException):
        """The process is gone."""

    real, played = Collector.collect, list[int]()

    def collect(self: Collector, policy: Any, jobs: Any, *more: Any, **options: Any) -> Any:
        played.append(len(jobs))
        if len(played) == 2:
            raise Killed
        return real(self, policy, jobs, *more, **options)

    monkeypatch.setattr(Collector, "collect", collect)
    with pytest.raises(Killed):
        skillflow(*words, tmp_path / "part.json")
    (journal,) = tmp_path.glob("part.*.partial.jsonl")
    assert not (tmp_path / "part.json").exists()
    lines = journal.read_text()
    journal.write_text(lines + lines[:1000])  # the second batch was about to be written
    assert skillflow(*words[:-1], "--seed", 1, "--out", tmp_path / "part.json").code == 0, "its journal is another's"
    assert played == [128, 24, 128, 24]
    assert skillflow(*words, tmp_path / "part.json").code == 0
    assert played == [128, 24, 128, 24, 24], "the first batch is not played again"
    whole, part = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("whole", "part"))
    assert part["results"] == whole["results"] and part["task_ids"] == whole["task_ids"]
    rollouts = [(tmp_path / f"{name}.trajectories.jsonl").read_bytes() for name in ("whole", "part")]
    assert rollouts[0] == rollouts[1] and not list(tmp_path.glob("*.partial.jsonl"))


def test_another_seed_is_another_run(skillflow: Any, tmp_path: Path) -> None:
    for seed in (0, 1):
        skillflow("eval", *SMALL, "--seed", seed, "--out", tmp_path / f"{seed}.json")
    first, second = ((tmp_path / f"{seed}.trajectories.jsonl").read_text() for seed in (0, 1))
    assert first != second


def test_first_always_takes_the_first_proposal(skillflow: Any, tmp_path: Path) -> None:
    skillflow("eval", *SMALL, "--policy", "first", "--out", tmp_path / "r.json")
    trajectories = read_trajectories(tmp_path / "r.trajectories.jsonl")
    assert {turn.chosen for t in trajectories for turn in t.turns} == {0}


def test_one_rollout_per_task_has_no_pass_at_k(skillflow: Any) -> None:
    assert "pass@" not in skillflow("eval", "--source", "mini", "--tasks", 2, "--rollouts", 1).out


def test_zero_tasks_are_all(skillflow: Any) -> None:
    done = skillflow(
        "eval", "--source", "mini", "--split", "validation", "--tasks", 0, "--rollouts", 1, "--step-limit", 1
    )
    (line,) = [line for line in done.out.splitlines() if line.split()[:1] == ["tasks"]]
    assert line.split() == ["tasks", str(len(mini.records("HotpotQA", "validation")))]


def test_failures_of_the_infrastructure_are_shown_as_unscored(skillflow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: HotpotQAEnv, text: str) -> Any:
        raise InfrastructureError("gone")

    monkeypatch.setattr(HotpotQAEnv, "act", fail)
    done = skillflow("eval", *SMALL, "--policy", "first")
    assert done.code == 0
    (line,) = [line for line in done.out.splitlines() if "unscored" in line]
    assert line.split() == ["unscored", "100.0%"]


def test_load_policy_knows_the_policies_that_need_no_training() -> None:
    assert isinstance(load_policy("uniform"), UniformPolicy)
    assert isinstance(load_policy("first"), FirstProposalPolicy)


def test_a_policy_is_evaluated_with_the_skills_of_its_run(skillflow: Any, tmp_path: Path) -> None:
    """Those that it was given, or those that it evolved; others only where they are named."""
    pytest.importorskip("torch")
    from skillflow_gym.agents.trainer import train
    from skillflow_gym.agents.ttb import TTB, Args

    def catalogues(*words: Any) -> set[str]:
        out = tmp_path / "result.json"
        assert skillflow("eval", *SMALL, "--policy", args.run, "--out", out, *words).code == 0
        found = {t.catalogue for t in read_trajectories(tmp_path / "result.trajectories.jsonl")}
        out.unlink()
        return found

    SkillLibrary([Skill("look", "Look again.", "Read it twice.")]).save(tmp_path / "given")
    one: dict[str, Any] = {
        "source": "mini",
        "steps": 1,
        "tasks_per_step": 1,
        "rollouts": 2,
        "eval_tasks": 1,
        "eval_rollouts": 1,
    }
    args = Args(**one, library=str(tmp_path / "given"), run=str(tmp_path / "run"))
    train(args, lambda: TTB(args))
    (given,) = catalogues()
    assert "- look: Look again." in given
    assert catalogues("--library", "none") == {""}

    evolved = SkillLibrary([Skill("wait", "Wait a while.", "Count to ten.")])
    SkillStore(tmp_path / "run" / "skills").append(evolved, {"kind": "start"})
    (own,) = catalogues()
    assert "- wait: Wait a while." in own and "look" not in own
    assert catalogues("--library", tmp_path / "given") == {given}
