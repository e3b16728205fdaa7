"""EmbedObservation: arrays that Stable-Baselines3 takes, and that say what they promise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from skillflow_gym import Action, Turn
from skillflow_gym.trajectory import Context
from skillflow_gym.wrappers import DiscreteAction, EmbedObservation
from skillflow_gym.wrappers.embed_observation import NAMES, SIZE, embed


def make(benchmark: str = "HotpotQA", slots: int = 64) -> Any:
    env = gym.make(f"SkillFlow/{benchmark}-v0", source="mini", disable_env_checker=True)
    return EmbedObservation(DiscreteAction(env, slots))


@pytest.mark.parametrize("benchmark", ["HotpotQA", "WebShop", "Mind2Web"])
def test_stable_baselines_own_checker_passes(benchmark: str) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    env = make(benchmark)
    checker.check_env(env)  # warnings are errors here
    env.close()


def test_rows_are_the_slots() -> None:
    env = make()
    observation, info = env.reset(seed=0)
    over, steps = False, 0
    while not over:
        assert observation in env.observation_space and observation.dtype == np.float32
        table = observation.reshape(64, SIZE)
        assert (table[:, NAMES.index("is_empty")] == 1 - info["action_mask"]).all()
        proposals = env.get_wrapper_attr("proposals")
        np.testing.assert_array_equal(table[: len(proposals)], embed(env.get_wrapper_attr("context"), proposals))
        assert not table[len(proposals) :, : NAMES.index("is_empty")].any()
        assert table[0, NAMES.index("progress")] == pytest.approx(steps / 8)
        observation, _, terminated, truncated, info = env.step(0)
        over, steps = terminated or truncated, steps + 1
    env.close()


ACTS = (Action.act("search: Remen"), Action.act("search: a town"), Action.skill("a"), Action.accept("Osta"))


def context(*turns: Turn) -> Context:
    return Context("Which river is Remen on?", "", "A start.", turns, (), ACTS, len(turns), 4)


def figures(made: Context, action: int) -> dict[str, float]:
    return dict(zip(NAMES, embed(made, ACTS)[action].tolist(), strict=False))


def test_the_numbers_say_what_their_names_say() -> None:
    at_first, later = context(), context(Turn(ACTS[0], "Remen is a town.\nOsta is a river near it."))
    assert [figures(at_first, i)["is_skill"] for i in range(4)] == [0, 0, 1, 0]
    assert [figures(at_first, i)["is_accept"] for i in range(4)] == [0, 0, 0, 1]
    remen = figures(at_first, 0)
    assert remen["share_in_task"] == 0.5 and remen["share_of_task"] == 0.5 and remen["is_capital"] == 1
    assert figures(later, 0)["taken_before"] == 1 and figures(later, 1)["taken_before"] == 0
    assert figures(later, 3)["share_in_last"] == 1 and figures(at_first, 3)["share_in_last"] == 0
    assert figures(later, 3)["near_task"] == 1, "Osta stands in a line with the task's river"
    assert figures(later, 1)["share_in_last"] == 0.5, "a town, but no search"
    last = replace(later, step=3)
    assert figures(last, 0)["last_step"] == 1 and figures(later, 0)["last_step"] == 0


def test_it_is_a_pure_function_of_what_was_shown() -> None:
    made = context(Turn(ACTS[0], "Remen is a town."))
    np.testing.assert_array_equal(embed(made, ACTS), embed(context(Turn(ACTS[0], "Remen is a town.")), ACTS))
    assert (embed(made, ACTS)[0, len(NAMES) :] != embed(made, ACTS)[3, len(NAMES) :]).any(), "words tell them apart"
    assert np.abs(embed(made, ACTS)).max() <= 1


def test_without_slots_there_is_nothing_to_embed() -> None:
    with pytest.raises(TypeError, match="wrap a DiscreteAction"):
        EmbedObservation(gym.make("SkillFlow/HotpotQA-v0", source="mini"))


def test_it_survives_its_spec() -> None:
    env = make(slots=16)
    again = env.spec.make()
    assert isinstance(again, EmbedObservation) and again.observation_space == env.observation_space
    np.testing.assert_array_equal(again.reset(seed=5)[0], env.reset(seed=5)[0])
    for made in (env, again):
        made.close()
