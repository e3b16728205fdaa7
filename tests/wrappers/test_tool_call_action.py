from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import pytest

from skillflow_gym.actions import TOOLS, Action
from skillflow_gym.wrappers import ToolCallAction


@pytest.fixture
def env() -> Iterator[ToolCallAction]:
    wrapped = ToolCallAction(gym.make("SkillFlow/HotpotQA-v0", source="mini"))
    wrapped.reset(seed=0)
    yield wrapped
    wrapped.close()


class SDKObject:
    """What the openai package returns in ``message.tool_calls``: an object with ``model_dump``."""

    def __init__(self, call: dict[str, Any]) -> None:
        self.call = call

    def model_dump(self) -> dict[str, Any]:
        return self.call


CALL = Action.act("search: the moon").to_tool_call("call_7")


@pytest.mark.parametrize("call", [CALL, CALL["function"], json.dumps(CALL), SDKObject(CALL), "act(search: the moon)"])
def test_every_form_of_a_call_does_the_same(env: ToolCallAction, call: Any) -> None:
    env.reset(options={"index": 0})
    got = env.step(call)
    env.reset(options={"index": 0})
    assert got == env.step(Action.act("search: the moon"))
    assert got[-1]["error"] == "" and got[-1]["usage"]["calls"] == 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({"function": {"name": "act", "arguments": "{"}}, "not JSON"),
        ({"function": {"name": "buy", "arguments": "{}"}}, "skill (0), act (1) or accept (2)"),
        ('{"name": "accept", "arguments": {}}', "'answer' is missing"),
        ('{"name": "act", "arguments": {"text": 3}}', "expected text"),
        ("[1, 2]", "expected skill(id)"),
        ("{", "expected skill(id)"),
        ("[" * 100_000, "expected skill(id)"),
        ("1" * 5_000, "expected skill(id)"),
    ],
)
def test_a_call_that_cannot_be_understood_is_answered_not_raised(env: ToolCallAction, call: Any, says: str) -> None:
    observation, reward, terminated, truncated, info = env.step(call)
    assert says in info["error"] and info["error"] == observation["observation"]
    assert (reward, terminated, truncated) == (0.0, False, False)


def test_samples_are_calls_that_parse_and_differ_by_seed(env: ToolCallAction) -> None:
    env.action_space.seed(5)
    samples = [env.action_space.sample() for _ in range(50)]
    assert all(sample in env.action_space for sample in samples)
    assert {Action.parse(json.loads(sample)).kind.name for sample in samples} == {"SKILL", "ACT", "ACCEPT"}
    env.action_space.seed(5)
    assert [env.action_space.sample() for _ in range(50)] == samples


def test_tools_are_the_definitions_and_a_copy(env: ToolCallAction) -> None:
    env.tools[0]["function"]["name"] = "changed"
    assert env.tools == TOOLS and env.tools[0]["function"]["name"] == "skill"
