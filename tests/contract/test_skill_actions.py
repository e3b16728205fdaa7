"""``skill(id)``: the catalogue, reading a body, and the snapshot that an episode keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
import skills_ref

from skillflow_gym import Action, SkillLibrary
from tests.contract.harness import Tape, core, first_act, make, play

BODIES = {
    "ask-twice": "# Ask twice\n\nSearch once more, with other words.",
    "stop-early": "Stop *early*: [1] is enough.",
}


@pytest.fixture
def library(tmp_path: Path) -> str:
    for name, body in BODIES.items():
        folder = tmp_path / "skills" / name
        folder.mkdir(parents=True)
        front = f"---\nname: {name}\ndescription: |\n  How to {name},\n  in short.\nmetadata:\n  visits: '3'\n---\n"
        (folder / "SKILL.md").write_text(f"{front}\n{body}\n", encoding="utf-8")
        assert skills_ref.validate(folder) == []
    return str(tmp_path / "skills")


def engine_state(env: gym.Env[Any, Any]) -> dict[str, Any]:
    """Everything the environment holds that a benchmark wrote."""
    return {k: v for k, v in vars(core(env)).items() if k not in ("_steps", "_np_random", "_np_random_seed")}


def test_the_catalogue_shows_names_and_descriptions_only(name: str, library: str) -> None:
    env = make(name, library=library)
    observation, info = env.reset(seed=0)
    assert observation["skills"] == (
        "- ask-twice: How to ask-twice, in short.\n- stop-early: How to stop-early, in short."
    )
    assert info["skills"] == ("ask-twice", "stop-early")
    assert info["library_version"] == SkillLibrary.load(library).version
    bare, without = make(name).reset(seed=0)
    assert bare["skills"] == "" and without["skills"] == ()
    assert without["library_version"] == SkillLibrary().version != info["library_version"]
    assert {**observation, "skills": ""} == bare, "a library changes nothing but the catalogue"


def test_a_body_is_added_below_what_was_last_shown(name: str, library: str) -> None:
    env = make(name, library=library)
    first, before = env.reset(options={"index": 0})
    state = {k: v for k, v in engine_state(env).items()}
    for skill, body in BODIES.items():
        observation, reward, terminated, truncated, info = env.step(Action.skill(skill))
        assert (reward, terminated, truncated, info) == (0.0, False, False, before)
        assert observation["observation"] == f"{first['observation']}\n\nSkill {skill}:\n{body}"
    assert engine_state(env) == state, "the engine has not moved"
    acted = env.step(first_act(core(env)))[0]["observation"]
    assert acted != first["observation"]
    env.step("no action")
    again = env.step(Action.skill("ask-twice"))[0]["observation"]
    assert again == f"{acted}\n\nSkill ask-twice:\n{BODIES['ask-twice']}", "neither errors nor skills are repeated"


@pytest.mark.parametrize(
    "unknown", ["", "ask twice", "ASK-TWICE", "x" * 10_000, "two\nlines", "\ud800", "../ask-twice"]
)
def test_an_unknown_skill_costs_a_step_and_says_so(name: str, library: str, unknown: str) -> None:
    env = make(name, library=library, step_limit=2)
    env.reset(seed=0)
    observation, reward, terminated, truncated, info = env.step(Action.skill(unknown))
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert observation["observation"] == info["error"] == f"no skill is named {unknown[:64]!r}"
    assert len(info["error"].splitlines()) == 1
    assert env.step(Action.skill("ask-twice"))[3] is True, "both cost a step"


def test_the_snapshot_is_frozen_at_reset(name: str, library: str) -> None:
    env = make(name, library=library)
    _, before = env.reset(seed=0)
    core(env).library = SkillLibrary()
    observation, *_, info = env.step(Action.skill("ask-twice"))
    assert BODIES["ask-twice"] in observation["observation"] and observation["skills"] != ""
    assert info["library_version"] == before["library_version"] and info["skills"] == before["skills"]
    observation, info = env.reset(seed=0)
    assert observation["skills"] == "" and info["skills"] == ()
    assert env.step(Action.skill("ask-twice"))[4]["error"]


def test_skills_are_proposed_until_they_are_read(name: str, library: str) -> None:
    env = make(name, library=library)
    wanted = [Action.skill(skill) for skill in BODIES]
    seen: list[list[Action]] = []

    def read(context: Any, rng: Any) -> Action:
        seen.append([action for action in context.proposals if action in wanted])
        return seen[-1][0] if seen[-1] else Action.accept("x")

    play(env, 0, read)
    assert seen == [wanted, wanted[1:], []]


def test_a_policy_with_skills_plays_the_same_game(name: str, library: str) -> None:
    gold = core(make(name)).gold_actions(core(make(name)).taskset[0])
    env = Tape(make(name, library=library))
    env.reset(options={"index": 0})
    for action in (Action.skill("ask-twice"), *gold):
        *_, info = env.step(action)
    assert env.said[-1][1] == 1.0 and info["success"] is True
