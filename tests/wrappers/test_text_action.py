from __future__ import annotations

import doctest
import importlib
import pkgutil
import warnings
from collections.abc import Iterator

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

from skillflow_gym import wrappers
from skillflow_gym.spaces import Unicode
from skillflow_gym.wrappers import TextAction, ToolCallAction
from tests.built import built

MODULES = [module.name for module in pkgutil.iter_modules(wrappers.__path__, wrappers.__name__ + ".")]


@pytest.fixture
def env() -> Iterator[TextAction]:
    wrapped = TextAction(gym.make("SkillFlow/HotpotQA-v0", source="mini"))
    wrapped.reset(seed=0)
    yield wrapped
    wrapped.close()


@pytest.mark.parametrize("module", MODULES)
def test_every_example_in_a_docstring_runs(module: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(module))
    assert attempted > 0 and failed == 0


@pytest.mark.parametrize("wrapper", [TextAction, ToolCallAction])
@pytest.mark.parametrize("env_id", built(lambda entry: entry.env_id))
def test_action_wrappers_pass_check_env_and_come_back_from_their_spec(
    wrapper: type[gym.Wrapper[object, object, object, object]], env_id: str
) -> None:
    env = wrapper(gym.make(env_id, source="mini"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # check_env says of every wrapper that it is one.
        warnings.filterwarnings("ignore", message=".*is different from the unwrapped version")
        check_env(env)
    assert env.spec is not None
    again = gym.make(EnvSpec.from_json(env.spec.to_json()))
    assert type(again) is wrapper and again.action_space == env.action_space
    env.close()
    again.close()


def test_the_text_is_the_action(env: TextAction) -> None:
    question = env.reset(options={"index": 0})[0]["task"]
    plain = gym.make("SkillFlow/HotpotQA-v0", source="mini")
    plain.reset(options={"index": 0})
    assert env.step(f"act(search: {question})") == plain.step((1, f"search: {question}"))
    plain.close()


def test_any_text_is_a_member_of_the_space(env: TextAction) -> None:
    assert env.action_space == Unicode()
    assert "accept(Łódź 🦊)" in env.action_space and ("accept", "x") not in env.action_space


def test_text_that_is_no_action_is_answered_not_raised(env: TextAction) -> None:
    observation, reward, terminated, truncated, info = env.step("I think it is Paris")
    assert info["error"] == observation["observation"] and "accept(answer)" in info["error"]
    assert (reward, terminated, truncated) == (0.0, False, False)
