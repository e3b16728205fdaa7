from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec

from skillflow_gym import Action
from skillflow_gym.trajectory import read_trajectories
from skillflow_gym.wrappers import RecordTrajectory, TextAction
from tests.built import built

ROOT = Path(__file__).resolve().parent.parent.parent


def make(path: Path, env_id: str = "SkillFlow/HotpotQA-v0") -> RecordTrajectory:
    return RecordTrajectory(gym.make(env_id, source="mini"), path)


def play(env: gym.Env, index: int = 0, answer: str = "yes") -> None:
    env.reset(seed=index, options={"index": index})
    env.step(Action.act("search: river"))
    env.step(Action.accept(answer))


@pytest.mark.parametrize("env_id", built(lambda entry: entry.env_id))
def test_the_file_holds_what_the_environment_said(tmp_path: Path, env_id: str) -> None:
    env = make(tmp_path / "new folder" / "t.jsonl", env_id)
    observation, info = env.reset(seed=7)
    steps = [env.step(action) for action in ("hello", Action.skill("none"), (1, "search: river"), "accept(yes)")]
    env.close()
    (kept,) = read_trajectories(tmp_path / "new folder" / "t.jsonl")

    assert (kept.task, kept.first, kept.seed) == (observation["task"], observation["observation"], 7)
    assert (kept.task_id, kept.split, kept.source) == (info["task_id"], "train", info["source"])
    assert [turn.action.to_text() for turn in kept.turns] == [
        "act(hello)",
        "skill(none)",
        "act(search: river)",
        "accept(yes)",
    ]
    assert [turn.observation for turn in kept.turns] == [step[0]["observation"] for step in steps]
    assert [turn.error for turn in kept.turns] == [step[4]["error"] for step in steps]
    assert kept.turns[0].error and kept.turns[1].error and not kept.turns[2].error
    last = steps[-1]
    assert (kept.reward, kept.terminated, kept.truncated) == last[1:4]
    assert (kept.score, kept.success, kept.unscored) == (last[4]["score"], last[4]["success"], False)
    assert all(turn.log_pf is None and turn.log_ref is None and turn.chosen == -1 for turn in kept.turns)


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError


def test_an_action_of_any_type_is_kept_as_text(tmp_path: Path) -> None:
    env = make(tmp_path / "t.jsonl")
    env.reset(seed=0)
    for action in (None, ("act", 3), Unspeakable(), "\udc80", Action.accept("\udc80 é")):
        env.step(action)
    env.close()
    (kept,) = read_trajectories(tmp_path / "t.jsonl")
    texts = ["None", "('act', 3)", "<Unspeakable>", "\udc80", "\udc80 é"]
    assert [turn.action.argument for turn in kept.turns] == texts


def test_an_episode_that_is_left_is_not_kept(tmp_path: Path) -> None:
    env = make(tmp_path / "t.jsonl")
    env.reset(seed=0)
    env.step(Action.act("search: river"))
    play(env, 3)
    env.reset(seed=0)
    env.close()
    (kept,) = read_trajectories(tmp_path / "t.jsonl")
    assert kept.seed == 3 and len(kept) == 2


def test_a_truncated_episode_is_kept(tmp_path: Path) -> None:
    env = RecordTrajectory(gym.make("SkillFlow/HotpotQA-v0", source="mini", step_limit=2), tmp_path / "t.jsonl")
    env.reset(seed=0)
    env.step("act(search: a)")
    assert not (tmp_path / "t.jsonl").read_bytes()
    env.step("act(search: b)")
    (kept,) = read_trajectories(tmp_path / "t.jsonl")
    assert kept.truncated and not kept.terminated
    env.close()


def test_a_second_run_appends_and_counts_on(tmp_path: Path) -> None:
    for _ in range(2):
        env = make(tmp_path / "t.jsonl")
        play(env, 0)
        play(env, 1)
        env.close()
    assert [t.id for t in read_trajectories(tmp_path / "t.jsonl")] == [f"episode-{i}" for i in range(4)]


@pytest.mark.parametrize("tail", ['{"id": "episode-1", "task": "hal', "x", "é\n\n"[:1]])
def test_a_half_written_last_line_is_cut(tmp_path: Path, tail: str) -> None:
    path = tmp_path / "t.jsonl"
    env = make(path)
    play(env)
    env.close()
    whole = path.read_bytes()
    path.write_bytes(whole + tail.encode())
    env = make(path)
    assert path.read_bytes() == whole
    play(env, 1)
    env.close()
    assert [t.id for t in read_trajectories(path)] == ["episode-0", "episode-1"]


def test_a_file_that_is_only_half_a_line_becomes_empty(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"id": "epi')
    make(tmp_path / "t.jsonl").close()
    assert (tmp_path / "t.jsonl").read_text() == ""


def test_a_line_that_could_not_be_written_whole_is_reported_and_cut_at_the_next_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = make(tmp_path / "t.jsonl")
    play(env)
    whole = (tmp_path / "t.jsonl").read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:100]))
    with pytest.raises(OSError, match="is the disk full"):
        play(env)
    monkeypatch.undo()
    env.close()
    assert len((tmp_path / "t.jsonl").read_bytes()) == len(whole) + 100
    make(tmp_path / "t.jsonl").close()
    assert (tmp_path / "t.jsonl").read_bytes() == whole


ENDLESS = """
import sys, gymnasium as gym, skillflow_gym
from skillflow_gym.wrappers import RecordTrajectory
env = RecordTrajectory(gym.make("SkillFlow/HotpotQA-v0", source="mini"), sys.argv[1])
while True:
    env.reset(seed=0)
    env.step("accept(yes)")
    print("episode", flush=True)
"""


def test_whatever_a_kill_leaves_can_be_read_and_continued(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    command = [sys.executable, "-c", ENDLESS, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        finished = [process.stdout.readline() for _ in range(5)]
        process.send_signal(signal.SIGKILL)
    assert finished == ["episode\n"] * 5
    env = make(path)
    kept = len(read_trajectories(path))
    assert kept >= 5
    play(env)
    env.close()
    assert [t.id for t in read_trajectories(path)] == [f"episode-{i}" for i in range(kept + 1)]


def test_it_goes_below_wrappers_that_change_the_spaces(tmp_path: Path) -> None:
    env = TextAction(make(tmp_path / "t.jsonl"))
    play(env)
    env.close()
    assert len(read_trajectories(tmp_path / "t.jsonl")) == 1
    bare = gym.make("SkillFlow/HotpotQA-v0", source="mini")
    with pytest.raises(TypeError, match=r"TextAction\(RecordTrajectory\(env\)\)"):
        RecordTrajectory(TextAction(bare), tmp_path / "u.jsonl")
    bare.close()


def test_it_refuses_what_is_none_of_the_suite(tmp_path: Path) -> None:
    env = gym.make("CartPole-v1")
    with pytest.raises(TypeError, match="CartPole"):
        RecordTrajectory(env, tmp_path / "t.jsonl")
    env.close()


def test_it_comes_back_from_its_spec_and_closes_twice(tmp_path: Path) -> None:
    env = make(tmp_path / "t.jsonl")
    assert env.spec is not None
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert type(again) is RecordTrajectory and again.path == tmp_path / "t.jsonl"
    for made in (env, again):
        made.close()
        made.close()
