"""DiscreteAction: slots over the proposals, the mask, empty slots, and more proposals than slots."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from skillflow_gym import Action
from skillflow_gym.wrappers import DiscreteAction, TextAction
from skillflow_gym.wrappers.discrete_action import slotted


def make(slots: int = 64, benchmark: str = "HotpotQA") -> Any:
    return DiscreteAction(gym.make(f"SkillFlow/{benchmark}-v0", source="mini", disable_env_checker=True), slots)


@pytest.fixture
def env() -> Iterator[Any]:
    made = make()
    yield made
    made.close()


def test_a_slot_is_its_proposal(env: Any) -> None:
    other = gym.make("SkillFlow/HotpotQA-v0", source="mini")
    first, info = env.reset(seed=3)
    plain, _ = other.reset(seed=3, options={"task_id": info["task_id"]})
    assert first == plain, "observations are left alone"
    rng = np.random.default_rng(0)
    over = False
    while not over:
        slot = int(rng.integers(len(env.proposals)))
        expected = other.step(env.proposals[slot])
        observation, reward, terminated, truncated, info = env.step(np.int64(slot))
        assert (observation, reward, terminated, truncated) == expected[:4] and info["error"] == ""
        assert {k: v for k, v in info.items() if k != "action_mask"} == expected[4]
        over = terminated or truncated
    other.close()


def test_the_mask_is_the_proposals(env: Any) -> None:
    _, info = env.reset(seed=0)
    for _ in range(4):
        assert info["action_mask"].dtype == np.int8 and info["action_mask"].shape == (64,)
        assert info["action_mask"].tolist() == [1] * len(env.proposals) + [0] * (64 - len(env.proposals))
        assert env.action_masks().dtype == np.bool_ and env.action_masks().tolist() == info["action_mask"].tolist()
        assert env.proposals == env.context.proposals
        assert env.unwrapped.proposals(env.context) == env.context.proposals
        _, _, _, _, info = env.step(0)
    assert len(env.context.turns) == 4


@pytest.mark.parametrize("slot", [63, 64, -1])
def test_an_empty_slot_costs_a_step_and_says_so(env: Any, slot: int) -> None:
    env.reset(seed=0)
    observation, reward, terminated, truncated, info = env.step(slot)
    assert f"slot {slot} is empty" in observation["observation"] == info["error"]
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert env.context.step == 1 and env.context.turns[0].error


def test_more_proposals_than_slots_leave_some_out_and_say_so(caplog: pytest.LogCaptureFixture) -> None:
    env = make(slots=5)
    with caplog.at_level(logging.WARNING, "skillflow_gym"):
        env.reset(seed=0)
        env.step(0)
    assert len(env.context.proposals) > 5 == len(env.proposals)
    assert [r.message for r in caplog.records if "for 5 slots" in r.message] == [caplog.records[0].message], "once"
    assert env.proposals[0] == env.context.proposals[0] and env.proposals[-1] == env.context.proposals[-1]
    assert env.action_masks().all()
    env.close()


@pytest.mark.parametrize(("count", "slots"), [(1, 2), (2, 2), (5, 5), (6, 5), (100, 7), (1000, 64)])
def test_slotted_keeps_order_and_ends(count: int, slots: int) -> None:
    proposals = tuple(Action.act(str(i)) for i in range(count))
    kept = slotted(proposals, slots)
    assert len(kept) == min(count, slots) == len(set(kept))
    assert (kept[0], kept[-1]) == (proposals[0], proposals[-1])
    assert [int(a.argument) for a in kept] == sorted(int(a.argument) for a in kept)


def test_the_gymnasium_checker_passes() -> None:
    env = make()
    check_env(env.unwrapped, skip_render_check=True)
    assert env.action_space == gym.spaces.Discrete(64)
    env.close()


def test_it_survives_its_spec() -> None:
    env = make(slots=32)
    again = env.spec.make()
    assert isinstance(again, DiscreteAction) and again.slots == 32
    assert again.reset(seed=5)[0] == env.reset(seed=5)[0]
    for made in (env, again):
        made.close()


def test_it_goes_around_the_environment_itself() -> None:
    with pytest.raises(TypeError, match="put it outside"):
        DiscreteAction(TextAction(gym.make("SkillFlow/HotpotQA-v0", source="mini")))
    with pytest.raises(TypeError, match="expected an environment of this suite"):
        DiscreteAction(gym.make("CartPole-v1"))
    with pytest.raises(ValueError, match="slots must be at least 2, got 1"):
        make(slots=1)
