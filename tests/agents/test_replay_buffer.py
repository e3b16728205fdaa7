"""The buffer of past groups."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from skillflow_gym import Action
from skillflow_gym.agents.replay_buffer import ReplayBuffer
from skillflow_gym.trajectory import Trajectory, Turn


def group(name: str, size: int = 2) -> list[Trajectory]:
    turn = Turn(Action.accept(name), "", candidates=(Action.accept(name),), chosen=0, log_pf=-0.5)
    return [Trajectory(f"{name}/{k}", "a task", (turn,), group=name, reward=float(k)) for k in range(size)]


def drawn(buffer: ReplayBuffer, count: int, seed: int = 0) -> list[str]:
    return [found[0].group for found in buffer.sample(np.random.default_rng(seed), count)]


def test_groups_are_drawn_in_proportion_to_their_weights() -> None:
    buffer = ReplayBuffer(10)
    buffer.extend([group(name) for name in "abc"], [1.0, 0.1, 0.0])
    counts = Counter(drawn(buffer, 1, seed)[0] for seed in range(2_000))
    assert counts["a"] / 2_000 == pytest.approx(1 / 1.1, abs=0.02) and counts["c"] == 0


def test_a_draw_holds_no_group_twice_and_none_without_weight() -> None:
    buffer = ReplayBuffer(10)
    buffer.extend([group(name) for name in "abcd"], [1.0, 0.1, 0.0, 0.5])
    assert sorted(drawn(buffer, 10)) == ["a", "b", "d"]


@pytest.mark.parametrize("weights", [[], [0.0, 0.0]])
def test_nothing_that_weighs_anything_is_nothing_to_draw(weights: list[float]) -> None:
    buffer = ReplayBuffer(10)
    buffer.extend([group(str(i)) for i in range(len(weights))], weights)
    assert drawn(buffer, 3) == []


def test_the_oldest_make_room() -> None:
    buffer = ReplayBuffer(2)
    buffer.extend([group(name) for name in "abc"], [1.0] * 3)
    assert len(buffer) == 2 and sorted(drawn(buffer, 3)) == ["b", "c"]


def test_what_is_restored_draws_the_same() -> None:
    buffer, other = ReplayBuffer(5), ReplayBuffer(5)
    buffer.extend([group("a"), group("b", 3), group("c")], [0.3, 1.0, 0.1])
    other.load(buffer.state())
    for seed in range(20):
        rngs = np.random.default_rng(seed), np.random.default_rng(seed)
        assert other.sample(rngs[0], 2) == buffer.sample(rngs[1], 2)
