"""Same seed, same episode, byte for byte: again, beside others, in another process, and from the saved spec."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from skillflow_gym.registration import stanza
from tests.contract.harness import PLAYABLE, careless, few, make, play, short, taskset, transcript

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = """
import hashlib, sys
from skillflow_gym.registration import stanza
from tests.contract.harness import short, transcript
for name in sys.argv[1:]:
    print(name, hashlib.sha256(transcript(short(name)).encode()).hexdigest())
"""


def test_same_seed_same_episode(name: str) -> None:
    assert transcript(short(name)) == transcript(short(name))


def test_used_environments_are_as_good_as_new(name: str) -> None:
    env = short(name)
    play(env, 1, careless)
    env.reset(seed=3)  # an episode given up half-way
    assert transcript(env) == transcript(short(name))


def test_whatever_runs_beside_it(name: str) -> None:
    alone = transcript(short(name))
    with ThreadPoolExecutor(4) as pool:
        beside = [
            pool.submit(transcript, short(name, split="test" if i % 2 else "train")) for i in range(2 * few(name, 3))
        ]
        assert {job.result() for job in beside[::2]} == {alone}
        others = {job.result() for job in beside[1::2]}
    assert len(others) == 1 and alone not in others


def test_every_process_agrees() -> None:
    command = [sys.executable, "-c", ELSEWHERE, *PLAYABLE]
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}  # here it is another, or none
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as other:
        here = [f"{name} {sha256(transcript(short(name)).encode()).hexdigest()}" for name in PLAYABLE]
        assert other.communicate()[0].splitlines() == here


def test_the_saved_spec_makes_the_same_environment(name: str) -> None:
    env = make(name, split="test", step_limit=4, executor="tools")
    assert env.spec is not None
    spec = EnvSpec.from_json(env.spec.to_json())
    assert spec == env.spec
    assert transcript(gym.make(spec)) == transcript(env)


def test_the_panel_has_a_name(name: str) -> None:
    first, again = taskset(name, "test"), make(name, split="test").unwrapped.taskset  # type: ignore[attr-defined]
    assert first.sha256 == again.sha256 and len(first.sha256) == 64
    assert len({taskset(name, split).sha256 for split in stanza(name).splits}) == len(stanza(name).splits)
