"""What every environment promises Gymnasium and its users: ids, info, step limit, life cycle."""

from __future__ import annotations

import json
import random
import warnings
from itertools import pairwise
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from skillflow_gym import Action
from skillflow_gym.registration import stanza, stanzas
from tests.contract.harness import QA, careless, core, few, make, play, quick, short

Env = gym.Env[Any, Any]
WAIT = Action.skill("no-such-skill")
"""Costs a step and does nothing, in every benchmark."""
INFO = {
    "task_id": str,
    "split": str,
    "source": str,
    "library_version": str,
    "success": bool,
    "unscored": bool,
    "score": dict,
    "admissible_actions": tuple,
    "skills": tuple,
    "usage": dict,
    "error": str,
    "deterministic": bool,
}


@pytest.mark.parametrize("executor", ["", "tools", "direct"])
def test_check_env_has_nothing_to_say(name: str, executor: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(name, executor=executor).unwrapped)


def test_every_form_of_the_id_makes_it(name: str) -> None:
    for env_id in (f"SkillFlow/{name}-v0", f"skillflow_gym:SkillFlow/{name}-v0"):
        env = gym.make(env_id, source="mini")
        assert env.spec is not None and env.spec.id == f"SkillFlow/{name}-v0" and env.spec.max_episode_steps is None
    for bare in (name, f"{name}-v0", f"SkillFlow/{name}-v0"):
        assert stanza(bare).name == name


@pytest.mark.parametrize("entry", [s for s in stanzas() if not s.built], ids=lambda s: s.name)
def test_an_unbuilt_one_says_what_is_ready(entry: Any) -> None:
    with pytest.raises(gym.error.Error, match=f"{entry.env_id} is not built yet") as caught:
        gym.make(entry.env_id)
    for ready in QA:
        assert f"SkillFlow/{ready}-v0" in str(caught.value)


def test_info_keeps_its_keys_and_types(name: str, env: Env) -> None:
    inner = core(env)
    for seed in range(few(name, 5)):
        tape = play(env, seed, careless)
        for info in tape.infos:
            assert {key: type(value) for key, value in info.items()} == INFO | dict.fromkeys(inner.details(), str)
            assert tuple(info["score"]) == inner.metrics and all(type(x) is float for x in info["score"].values())
            assert {"calls", "prompt_tokens", "completion_tokens"} <= set(info["usage"])
            assert all(type(x) is int for x in info["usage"].values())
            assert all(type(x) is str for x in (*info["admissible_actions"], *info["skills"]))
            json.dumps(info)
        for observation, reward, terminated, truncated, _ in tape.said[1:]:
            assert env.observation_space.contains(observation)
            assert (type(reward), type(terminated), type(truncated)) == (float, bool, bool)
        assert all(reward == 0.0 for _, reward, *_ in tape.said[1:-1]), "reward before the end"
        assert 0.0 <= tape.said[-1][1] <= 1.0
        assert not any(info["success"] for info in tape.infos[:-1])
        assert [entry[2] or entry[3] for entry in tape.said[1:]] == [False] * (len(tape.said) - 2) + [True]
        assert tape.infos[0]["task_id"] in {task.id for task in inner.taskset}
        assert len({info["task_id"] for info in tape.infos}) == 1
        assert {entry[0]["task"] for entry in tape.said} == {inner.task.prompt}


def test_usage_adds_up(name: str, env: Env) -> None:
    calls = [info["usage"]["calls"] for seed in range(few(name, 5)) for info in play(env, seed).infos]
    assert max(calls) > 0
    assert all(later >= earlier or later == 0 for earlier, later in pairwise(calls))


def test_tasks_are_drawn_named_and_counted(name: str, env: Env) -> None:
    tasks = core(env).taskset
    for options in ({"task_id": tasks[3].id}, {"index": 3}):
        _, info = env.reset(options=options)
        assert info["task_id"] == tasks[3].id
    drawn = {env.reset(seed=seed)[1]["task_id"] for seed in range(few(name, 30))}
    assert len(drawn) > few(name, 30) / 3, "thirty seeds draw many tasks"
    _, first = env.reset(seed=5)
    following = [env.reset()[1]["task_id"] for _ in range(5)]
    assert len(set(following)) > 1, "without a seed each reset draws anew"
    assert env.reset(seed=5)[1] == first
    assert [env.reset()[1]["task_id"] for _ in range(5)] == following


@pytest.mark.parametrize("options", [{"index": -1}, {"index": 10**6}, {"seed": 3}, {"task_id": "x", "speed": 1}])
def test_wrong_options_are_refused(env: Env, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"index .* is outside split 'train', which has \d+|unknown reset options"):
        env.reset(options=options)


def test_an_unknown_task_is_refused_with_one_that_exists(env: Env) -> None:
    with pytest.raises(KeyError, match="no task 'no-such-task'") as caught:
        env.reset(options={"task_id": "no-such-task"})
    assert core(env).taskset[0].id in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "exam"}, "split 'exam' does not exist; choose one of"),
        ({"source": "disk"}, "source 'disk' is none of auto, mini, hub, hub:ID, file:PATH"),
        ({"source": "file:"}, "none of auto, mini"),
        ({"source": "file:/no/such/place"}, "no such file or folder"),
        ({"executor": "magic"}, "executor 'magic' does not exist; choose one of direct, tools"),
        ({"library": "/no/such/place"}, "is no folder"),
        ({"step_limit": -1}, "step_limit must be at least 1"),
    ],
)
def test_wrong_arguments_are_refused(name: str, arguments: dict[str, Any], message: str) -> None:
    if stanza(name).package and "source" in arguments:
        message = f"is none of auto, mini, package:{stanza(name).package}: .* tasks come with that package"
    with pytest.raises(ValueError, match=message):
        make(name, **arguments)


@pytest.mark.parametrize("render_mode", ["rgb_array", "gif"])
def test_an_unknown_render_mode_is_refused(name: str, render_mode: str) -> None:
    with pytest.raises(ValueError, match="is none of"):
        type(core(make(name)))(name, source="mini", render_mode=render_mode)


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_the_step_limit_is_exact(name: str, limit: int) -> None:
    env = make(name, step_limit=limit)
    env.reset(seed=1)
    expected = limit or core(env).step_limit
    for _ in range(expected - 1):
        assert env.step(WAIT)[1:4] == (0.0, False, False)
    _, reward, terminated, truncated, info = env.step(WAIT)
    assert (reward, terminated, truncated) == (core(env).unfinished().reward, False, True)
    assert not info["success"] and not info["unscored"]
    if stanza(name).family == "qa":
        assert reward == 0.0
    with pytest.raises(ResetNeeded):
        env.step(WAIT)


def test_the_last_action_may_still_win(name: str) -> None:
    env = quick(name)
    gold = core(env).gold_actions(core(env).taskset[0])
    env = quick(name, step_limit=len(gold))
    env.reset(options={"index": 0})
    *_, last = [env.step(action) for action in gold]
    assert last[1:4] == (1.0, True, False) and last[4]["success"] is True


def test_a_first_reset_that_fails_does_no_harm(name: str) -> None:
    env = make(name)
    with pytest.raises(KeyError):
        env.reset(options={"task_id": "no-such-task"})
    with pytest.raises(ResetNeeded):
        env.step(WAIT)
    expected = make(name).reset(seed=0)
    assert env.reset(seed=0) == expected
    assert env.step(WAIT)[1:4] == (0.0, False, False)


def test_a_later_reset_that_fails_leaves_no_half_episode(name: str, env: Env) -> None:
    env.reset(seed=0)
    with pytest.raises(KeyError):
        env.reset(options={"task_id": "no-such-task"})
    with pytest.raises(ResetNeeded):
        env.step(WAIT)
    assert env.reset(seed=0) == make(name).reset(seed=0)


def test_life_cycle(name: str) -> None:
    env = make(name)
    with pytest.raises(ResetNeeded):
        env.step(WAIT)
    with pytest.raises(ResetNeeded):
        core(env).step(WAIT)
    env.reset(seed=0)
    env.step(Action.accept("no answer at all"))
    with pytest.raises(ResetNeeded):
        env.step(WAIT)
    with pytest.raises(ResetNeeded):
        core(env).step(WAIT)
    env.close()
    env.close()
    core(make(name)).close()


def test_no_global_generator_is_used(name: str) -> None:
    random.seed(1)
    np.random.seed(1)
    before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
    play(short(name), 0, careless)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # type: ignore[index]
