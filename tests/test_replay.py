from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from skillflow_gym import Action, InfrastructureError, SkillLibrary, Trajectory
from skillflow_gym.envs import mini
from skillflow_gym.envs.hotpotqa import HotpotQAEnv
from skillflow_gym.policy import UniformPolicy
from skillflow_gym.replay import Difference, ReplayError, replay
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.trajectory import read_trajectories
from skillflow_gym.wrappers import RecordTrajectory
from tests.built import built
from tests.contract.harness import few, short

ENV_ID = "SkillFlow/HotpotQA-v0"


def record(path: Path, *actions: Any, seed: int | None = 5, **kwargs: Any) -> Trajectory:
    """An episode of these actions, from its file."""
    env = RecordTrajectory(gym.make(ENV_ID, **{"source": "mini", **kwargs}), path / "t.jsonl")
    env.reset(seed=seed)
    for action in actions:
        env.step(action)
    env.close()
    return read_trajectories(path / "t.jsonl")[-1]


@pytest.fixture
def recorded(tmp_path: Path) -> Trajectory:
    return record(tmp_path, "act(search: town)", "hello", "skill(no-such)", "act(lookup: town)", "accept(yes)")


@pytest.mark.parametrize("name", built())
def test_every_benchmark_replays_what_a_policy_did(name: str) -> None:
    collector = Collector(lambda: short(name, split="test"))
    with short(name, split="test") as env:
        ids = [task.id for task in env.unwrapped.taskset[: few(name, 5)]]  # type: ignore[attr-defined]
    jobs = [Job(f"{id}#{i}", id, id, (i,)) for id in ids for i in range(2)]
    trajectories = collector.collect(UniformPolicy(), jobs).trajectories
    collector.close()
    assert len({t.to_json() for t in trajectories}) == 2 * len(ids)
    for trajectory in trajectories:
        result = replay(Trajectory.from_json(trajectory.to_json()))
        assert result.equal, result.first_difference
        assert (result.source_changed, result.library_changed, result.deterministic) == (False, False, True)


@pytest.mark.parametrize("seed", [5, None])
def test_refused_actions_unknown_skills_and_a_drawn_task_replay(tmp_path: Path, seed: int | None) -> None:
    broken_call = {"name": "act", "arguments": "{"}
    kept = record(
        tmp_path, "hello", broken_call, ("buy", "it"), 7, "skill(no-such)", "act(buy: it)", "accept()", seed=seed
    )
    assert [bool(turn.error) for turn in kept.turns] == [True, True, True, True, True, False, False]
    result = replay(kept)
    assert result.equal and result.trajectory.turns[4] == kept.turns[4]


def test_a_truncated_episode_replays(tmp_path: Path) -> None:
    kept = record(tmp_path, "act(search: a)", "act(search: b)", step_limit=2)
    assert kept.truncated and replay(kept).equal


def turn_change(index: int, **changes: Any) -> Callable[[Trajectory], Trajectory]:
    def change(t: Trajectory) -> Trajectory:
        return replace(t, turns=(*t.turns[:index], replace(t.turns[index], **changes), *t.turns[index + 1 :]))

    return change


def change(**changes: Any) -> Callable[[Trajectory], Trajectory]:
    return lambda t: replace(t, **changes)


@pytest.mark.parametrize(
    ("tamper", "turn", "what"),
    [
        (change(task="Who?"), 0, "task"),
        (change(first="Tools: none"), 0, "first"),
        (change(catalogue="- a: b"), 0, "catalogue"),
        (change(first_admissible=("look",)), 0, "first_admissible"),
        (change(step_limit=3), 0, "step_limit"),
        (turn_change(0, observation="Nothing."), 1, "observation"),
        (turn_change(0, usage={"calls": 9}), 1, "usage"),
        (turn_change(1, error="", observation=""), 2, "observation"),
        (turn_change(1, error="refused", observation="refused", action=Action.act("act(search: it)")), 2, "error"),
        (turn_change(2, error="gone"), 3, "error"),
        (turn_change(3, admissible=("look",)), 4, "admissible"),
        (turn_change(4, action=Action.act("search: more")), 5, "observation"),
        (change(reward=1.0), 5, "reward"),
        (change(score={"em": 1.0, "f1": 0.0}), 5, "score"),
        (change(success=True), 5, "success"),
        (change(terminated=False), 5, "terminated"),
        (change(truncated=True), 5, "truncated"),
    ],
)
def test_the_first_difference_is_found_where_it_is(
    recorded: Trajectory, tamper: Callable[[Trajectory], Trajectory], turn: int, what: str
) -> None:
    difference = replay(tamper(recorded)).first_difference
    assert difference is not None
    assert (difference.turn, difference.what) == (turn, what)
    assert difference.expected != difference.got


def test_an_episode_that_ends_before_the_recording_does(recorded: Trajectory) -> None:
    longer = replace(recorded, turns=recorded.turns + recorded.turns[:1])
    difference = replay(longer).first_difference
    assert difference == Difference(6, "length", "6 turns", "the episode ended after 5")


def test_an_unfinished_recording_is_compared_as_far_as_it_goes(recorded: Trajectory) -> None:
    start = replace(recorded, turns=recorded.turns[:2], terminated=False)
    assert replay(start).equal
    assert replay(replace(start, terminated=True)).first_difference == Difference(2, "terminated", True, False)


def test_changed_content_and_another_library_are_said(recorded: Trajectory) -> None:
    result = replay(replace(recorded, fingerprint="0" * 64, library_version="before"))
    assert result.equal and result.source_changed and result.library_changed
    assert result.trajectory.library_version == SkillLibrary().version


def test_the_recorded_source_is_used_whatever_auto_means_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKILLFLOW_DATA", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-cache"))
    kept = record(tmp_path, "act(search: town)", "accept(yes)", source="auto")
    assert kept.source == "mini"
    folder = tmp_path / "data" / "hotpotqa"
    folder.mkdir(parents=True)
    lines = [json.dumps({**entry, "question": "Is it so?"}) for entry in mini.records("HotpotQA", "train")]
    (folder / "train.jsonl").write_text("\n".join(lines))
    monkeypatch.setenv("SKILLFLOW_DATA", str(tmp_path / "data"))
    with gym.make(ENV_ID) as env:
        assert env.reset(seed=5)[0]["task"] == "Is it so?"
    assert replay(kept).equal


def test_a_file_source_that_was_edited_is_found_out(tmp_path: Path) -> None:
    file = tmp_path / "train.jsonl"
    entries = mini.records("HotpotQA", "train")[:3]
    file.write_text("\n".join(json.dumps(entry) for entry in entries))
    kept = record(tmp_path, "act(search: town)", "accept(yes)", source=f"file:{file}")
    assert replay(kept).equal
    file.write_text("\n".join(json.dumps({**entry, "question": "Changed?"}) for entry in entries))
    result = replay(kept)
    assert result.source_changed and result.first_difference == Difference(0, "task", kept.task, "Changed?")
    file.unlink()
    with pytest.raises(ReplayError, match=r"train\.jsonl"):
        replay(kept)


def test_an_unscored_recording_is_compared_up_to_the_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    act = HotpotQAEnv.act

    def fail_at_the_second(self: HotpotQAEnv, text: str) -> Any:
        if text == "search: second":
            raise InfrastructureError("the server is gone")
        return act(self, text)

    with monkeypatch.context() as patch:
        patch.setattr(HotpotQAEnv, "act", fail_at_the_second)
        kept = record(tmp_path, "act(search: first)", "act(search: second)")
    assert kept.unscored and kept.turns[-1].error == "the server is gone"
    assert replay(kept).equal
    assert not replay(turn_change(0, observation="other")(kept)).equal


def test_a_failure_during_the_replay_is_a_difference(recorded: Trajectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: HotpotQAEnv, text: str) -> Any:
        raise InfrastructureError("the server is gone")

    monkeypatch.setattr(HotpotQAEnv, "act", fail)
    assert replay(recorded).first_difference == Difference(1, "error", "", "the server is gone")


def test_make_env_takes_the_place_of_the_spec(recorded: Trajectory) -> None:
    assert replay(replace(recorded, env_spec=""), lambda: gym.make(ENV_ID, source="mini")).equal
    other = replay(recorded, lambda: gym.make(ENV_ID, source="mini", step_limit=20))
    assert other.first_difference == Difference(0, "step_limit", 8, 20)


def spec(recorded: Trajectory, **changes: Any) -> Trajectory:
    return replace(recorded, env_spec=json.dumps({**json.loads(recorded.env_spec), **changes}))


def test_the_recording_does_not_choose_what_is_imported(recorded: Trajectory) -> None:
    assert replay(spec(recorded, entry_point="no_such_module:Evil")).equal


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (change(env_spec=""), "no environment spec"),
        (change(env_spec="{"), "cannot be made"),
        (change(task_id="no-such-task"), "no task 'no-such-task'"),
        (change(source="file:/no/such"), "no such file"),
        (lambda t: spec(t, id="SkillFlow/NoSuch-v0"), "Import the module that registers it"),
        (lambda t: spec(t, kwargs={"benchmark": "HotpotQA", "colour": "red"}), "colour"),
    ],
)
def test_what_cannot_be_replayed_says_why(
    recorded: Trajectory, tamper: Callable[[Trajectory], Trajectory], says: str
) -> None:
    with pytest.raises(ReplayError, match=says):
        replay(tamper(recorded))
