"""Whatever a policy sends, the environment answers: no exception, no endless episode, errors of one line."""

from __future__ import annotations

import json
import logging

import numpy as np
import pytest

from skillflow_gym import Action
from tests.contract.garbage import DEEP, HUGE, garbage
from tests.contract.harness import core, few, make

ACTIONS = 1_000


def test_a_thousand_actions_of_any_kind(name: str) -> None:
    env = make(name, render_mode="html")
    limit = core(env).step_limit
    rng = np.random.default_rng(0)
    env.reset(seed=0)
    taken = errors = ended = 0
    actions = few(name, ACTIONS)
    for _ in range(actions):
        observation, reward, terminated, truncated, info = env.step(garbage(rng))
        taken += 1
        assert env.observation_space.contains(observation)
        assert 0.0 <= float(reward) <= 1.0 and not info["unscored"]
        assert len(info["error"].splitlines()) <= 1 and len(info["error"]) < 300
        errors += bool(info["error"])
        json.dumps(info)
        assert taken <= limit and (taken < limit or terminated or truncated)
        if terminated or truncated:
            page = env.render()
            assert isinstance(page, str) and page.count("<script") == 0
            env.reset(seed=ended % 4)
            taken, ended = 0, ended + 1
    assert errors > actions / 4 and ended > actions / limit / 2, "the fuzzer finds both sides"


@pytest.mark.parametrize(
    "action",
    [DEEP, HUGE, -HUGE, (DEEP, "x"), (HUGE, "x"), ("act", DEEP), {"function": DEEP}, {"name": DEEP}, {DEEP.__len__: 1}]
    + [{"name": "act", "arguments": text} for text in ("[" * 100_000, "9" * 6_000, '{"text": ' + "9" * 6_000 + "}")]
    + [None, b"act(x)", 1.5, float("nan"), [], {}, "", "act", "act(", "act x", [1], [1, 2, 3], (1, None), (True, "x")],
    ids=lambda action: type(action).__name__,
)
def test_what_is_no_action_costs_a_step_and_says_why(
    name: str, action: object, caplog: pytest.LogCaptureFixture
) -> None:
    env = make(name)
    env.reset(seed=0)
    caplog.clear()  # whoever comes first builds the index, and bm25s says so
    with caplog.at_level(logging.WARNING):
        observation, reward, terminated, truncated, info = env.step(action)
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert observation["observation"] == info["error"] and len(info["error"].splitlines()) == 1
    assert "expected" in info["error"] or "tool call" in info["error"]
    assert not caplog.records
    assert env.step(Action.act("x"))[4]["error"] == "", "the error is gone with the next action"
