"""The examples run from anywhere, as a reader would run them, and show what they promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import pytest
import skills_ref

import skillflow_gym
from skillflow_gym import Action
from skillflow_gym.skills import SkillLibrary

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SKILLS = sorted(path.name for path in (EXAMPLES / "skills").iterdir())


def run(name: str, folder: Path, *arguments: str) -> list[str]:
    """The lines that an example prints when it runs in another folder, offline and with warnings as errors."""
    environment = {**os.environ, "SKILLFLOW_DATA": str(folder), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert list(folder.iterdir()) == [], "an example leaves no files"
    return done.stdout.splitlines()


def test_every_example_is_tested() -> None:
    here = Path(__file__).read_text()
    assert [path.name for path in EXAMPLES.glob("*.py") if f'run("{path.name}"' not in here] == []


def test_own_training_loop(tmp_path: Path) -> None:
    first = run("own_training_loop.py", tmp_path, "--episodes", "400")
    success, weights = first
    shares = re.fullmatch(r"success, first half (\d\.\d{3}), second half (\d\.\d{3})", success)
    assert shares, success
    for share in map(float, shares.groups()):
        assert 0 <= share <= 1 and share * 200 == pytest.approx(round(share * 200), abs=0.1), "of 200 episodes each"
    learned = dict(re.findall(r"'([a-z ]+)': (-?\d+\.\d+)", weights))
    assert list(learned) == ["accepts", "accepts what the task names", "accepts yes or no"]
    assert any(float(weight) for weight in learned.values()), "nothing was learned"
    assert run("own_training_loop.py", tmp_path, "--episodes", "400") == first


def test_own_agent(tmp_path: Path) -> None:
    lines = run("own_agent.py", tmp_path)
    found = [re.fullmatch(r"(\S+) +success (\S+) \[(\S+), (\S+)\], panel ([0-9a-f]{12})", line) for line in lines]
    (uniform, own) = (match.groups() for match in found if match)
    assert (uniform[0], own[0]) == ("uniform", "search-first")
    assert uniform[-1] == own[-1], "the same panel for both"
    for _, mean, low, high, _ in (uniform, own):
        assert 0.0 <= float(low) <= float(mean) <= float(high) <= 1.0


def test_evolving_skills(tmp_path: Path) -> None:
    success, *catalogue = run("evolving_skills.py", tmp_path, "--groups", "160")
    assert re.fullmatch(r"success, first half 0\.\d{3}, second half 0\.\d{3}; 1 phases", success), success
    assert catalogue and all(re.fullmatch(r"- [a-z0-9-]+: \S.*", line) for line in catalogue), "a skill was written"


def test_own_benchmark(tmp_path: Path) -> None:
    question, counted, accepted = run("own_benchmark.py", tmp_path)
    word = question.removeprefix("How many letters has ").removesuffix("?")
    assert counted == f"{word} has {len(word)} letters."
    assert accepted == f"accept({len(word)}): reward 1.0, terminated True, success True"


def test_vector_rollouts(tmp_path: Path) -> None:
    (line,) = run("vector_rollouts.py", tmp_path)
    found = re.fullmatch(r"(\d+) episodes, (\d+) successes", line)
    assert found and 12 <= int(found[1]) <= 48 and 0 < int(found[2]) <= int(found[1])
    assert run("vector_rollouts.py", tmp_path) == [line]


@pytest.mark.slow
def test_sb3_ppo(tmp_path: Path) -> None:
    pytest.importorskip("stable_baselines3")
    first, *turns = lines = run("sb3_ppo.py", tmp_path, "--steps", "300")
    assert first == f"skillflow-gym {skillflow_gym.__version__}: trained 512 steps", "whole iterations of 256"
    assert 1 <= len(turns) <= 8
    assert all(re.fullmatch(r"(act\(.*\)|accept\(.*\)|an empty slot): reward [01]\.0", turn) for turn in turns), turns
    assert run("sb3_ppo.py", tmp_path, "--steps", "300") == lines


@pytest.mark.parametrize("name", SKILLS)
def test_skills_pass_the_official_validator(name: str) -> None:
    assert skills_ref.validate(EXAMPLES / "skills" / name) == []


def test_skills_are_a_library() -> None:
    library = SkillLibrary.load(EXAMPLES / "skills")
    assert list(library.names) == SKILLS and SKILLS
    with gym.make("SkillFlow/HotpotQA-v0", source="mini", library=str(EXAMPLES / "skills")) as env:
        observation, info = env.reset(seed=0)
        assert observation["skills"] == library.catalogue and info["skills"] == library.names
        for name in SKILLS:
            shown, reward, terminated, truncated, info = env.step(Action.skill(name))
            assert library[name].body in shown["observation"] and info["error"] == ""
            assert (reward, terminated, truncated) == (0.0, False, False)
