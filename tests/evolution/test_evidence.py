"""Where: trigger turns of a success beside a failure of its task, and credit from outcomes alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym import Action, Trajectory
from skillflow_gym.evolution.authors import Pair
from skillflow_gym.evolution.evidence import contrast_credits, pairs, triggers
from skillflow_gym.flow.credit import Credit
from tests.flow.making import rollout


def tried(id: str, *log_i: float, task: str = "q", success: bool = True, reward: float | None = None) -> Trajectory:
    """A trajectory whose turns have these log I(t)."""
    steps = [(Action.act(f"step {t}"), value - 5.0, -5.0) for t, value in enumerate(log_i)]
    reward = float(success) if reward is None else reward
    return rollout(*steps, id=id, task_id=task, success=success, reward=reward)


def found(*trajectories: Trajectory, zeta: float = 1.0, seed: int | None = None) -> list[Pair]:
    shuffle = None if seed is None else np.random.default_rng(seed)
    return pairs(trajectories, [Credit.of(t) for t in trajectories], zeta, shuffle)


def names(found: list[Pair]) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(pair.success.id, pair.failure.id, pair.triggers) for pair in found]


def test_the_turns_that_reach_zeta_are_triggers() -> None:
    trajectory = tried("a", 0.5, 1.0, -3.0, 2.5, 0.999)
    assert triggers(trajectory, Credit.of(trajectory), 1.0) == (1, 3)
    assert triggers(trajectory, Credit.of(trajectory), 2.6) == ()


def test_readings_and_errors_are_no_triggers() -> None:
    read = rollout((Action.skill("s"), -1.0, -5.0), (Action.act("x"), -1.0, -5.0), (Action.accept("y"), -1.0, -5.0))
    assert triggers(read, Credit.of(read), 1.0) == (1, 2)
    failed = replace(read, turns=(read.turns[0], replace(read.turns[1], error="no such tool"), read.turns[2]))
    assert triggers(failed, Credit.of(failed), 1.0) == (2,)


def test_a_pair_is_the_best_success_and_the_worst_failure_of_one_task() -> None:
    trajectories = [
        tried("low", 1.5),
        tried("high", 2.0, 1.5),
        tried("bad", -1.0, success=False),
        tried("worse", -2.0, success=False),
        tried("other", 9.0, task="r"),
        tried("another", -9.0, task="s", success=False),
    ]
    assert names(found(*trajectories)) == [("high", "worse", (0, 1))], "tasks r and s have no contrast"
    trajectories += [tried("lucky", 1.0, task="r", success=False), tried("flat", 0.1, task="s")]
    assert names(found(*trajectories)) == [("high", "worse", (0, 1)), ("other", "lucky", (0,))], "s has no trigger"


def test_equal_credit_takes_the_first() -> None:
    same = [tried("a", 2.0), tried("b", 2.0), tried("c", -2.0, success=False), tried("d", -2.0, success=False)]
    assert names(found(*same)) == [("a", "c", (0,))]


def test_tree_credit_triggers_nothing() -> None:
    """With log pi_ref = 0 log I is never positive."""
    steps = [(Action.act("look"), value, 0.0) for value in (-0.1, -1.0, 0.0)]
    success, failure = rollout(*steps, success=True), rollout(*steps)
    assert found(success, failure) == []


def test_shuffled_steps_are_as_many_usable_ones() -> None:
    reading = (Action.skill("s"), 3.0, 0.0)
    steps = [(Action.act(f"{t}"), float(t >= 4) * 2, 0.0) for t in range(6)]
    success = rollout(reading, *steps, id="good", success=True)
    trajectories = [success, tried("bad", -1.0, success=False)]
    drawn = [found(*trajectories, seed=seed)[0].triggers for seed in range(200)]
    assert all(len(turns) == 2 and 1 <= turns[0] < turns[1] <= 6 for turns in drawn)
    assert {turn for turns in drawn for turn in turns} == set(range(1, 7)), "any of them"
    assert found(*trajectories, seed=3) == found(*trajectories, seed=3)
    assert found(*trajectories, zeta=2.5, seed=3) == [], "as many as the credit found: none"


def test_contrast_credit_by_hand() -> None:
    beta, eps = 2.0, 0.1
    trajectories = [tried("a", 0, 0), tried("b", 0, success=False), tried("c", 0, task="r", reward=0.4)]
    one, two, alone = contrast_credits(trajectories, beta, eps)
    half = (2 * np.log(1.1) - 2 * np.log(0.1)) / 2  # half the distance between success and failure
    assert one.log_i.tolist() == pytest.approx([half / 2] * 2) and two.log_i.tolist() == pytest.approx([-half])
    assert alone.log_i.tolist() == [0.0], "one attempt says nothing of its task"
    assert contrast_credits([], beta, eps) == []


ATTEMPTS = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1), st.integers(1, 6)), min_size=1, max_size=30)


@given(ATTEMPTS, st.floats(0.1, 16), st.floats(0.01, 1))
def test_contrast_credits_add_up(rows: list[tuple[int, float, int]], beta: float, eps: float) -> None:
    """To beta log R~ less the task's mean of it, so to 0 over a task; equal turns have equal shares."""
    trajectories = [
        tried(f"{n}", *[0.0] * turns, task=f"{task}", reward=reward) for n, (task, reward, turns) in enumerate(rows)
    ]
    credits = contrast_credits(trajectories, beta, eps)
    values = beta * np.log([t.reward + eps for t in trajectories])
    for task in {t.task_id for t in trajectories}:
        mine = [n for n, t in enumerate(trajectories) if t.task_id == task]
        totals = [credits[n].total for n in mine]
        assert sum(totals) == pytest.approx(0, abs=1e-8 * beta)
        assert totals == pytest.approx((values[mine] - values[mine].mean()).tolist(), abs=1e-8 * beta)
    assert all(np.ptp(credit.log_i) == 0 for credit in credits)


def test_reading_a_skill_does_not_shift_the_triggers() -> None:
    fields: dict[str, Any] = {"id": "good", "success": True}
    success = rollout((Action.skill("s"), -1.0, -1.0), (Action.act("x"), -1.0, -5.0), **fields)
    (pair,) = found(success, tried("bad", -1.0, success=False))
    assert pair.success is success and pair.triggers == (1,)
