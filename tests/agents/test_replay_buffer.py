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


def test_all_groups_are_drawn_equally_often() -> None:
    buffer = ReplayBuffer(10)
    buffer.extend([group(name) for name in "abcd"])
    counts = Counter(name for seed in range(2_000) for name in drawn(buffer, 1, seed))
    assert [counts[name] / 2_000 for name in "abcd"] == pytest.approx([0.25] * 4, abs=0.04)


def test_a_draw_holds_no_group_twice() -> None:
    buffer = ReplayBuffer(10)
    buffer.extend([group(name) for name in "abc"])
    assert sorted(drawn(buffer, 10)) == ["a", "b", "c"] and len(set(drawn(buffer, 2))) == 2


def test_the_oldest_make_room() -> None:
    buffer = ReplayBuffer(2)
    buffer.extend([group(name) for name in "abc"])
    assert len(buffer) == 2 and sorted(drawn(buffer, 3)) == ["b", "c"]


def test_what_is_restored_draws_the_same() -> None:
    buffer, other = ReplayBuffer(5), ReplayBuffer(5)
    buffer.extend([group("a"), group("b", 3), group("c")])
    other.load(buffer.state())
    for seed in range(20):
        rngs = np.random.default_rng(seed), np.random.default_rng(seed)
        assert other.sample(rngs[0], 2) == buffer.sample(rngs[1], 2)
