"""Entropies against groups worked out by hand, their bounds, and a policy whose entropy is known."""

from __future__ import annotations

from dataclasses import replace
from math import log

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, Trajectory
from skillflow_gym.flow.entropy import (
    flow_entropy,
    flow_entropy_per_group,
    flow_entropy_per_task,
    monte_carlo_entropy,
)
from skillflow_gym.policy import UniformPolicy
from skillflow_gym.rollout import Collector, Job
from tests.contract.outsider import registered
from tests.flow.making import rollout

quick = settings(deadline=None, derandomize=True, max_examples=60)


def way(name: str, log_pf: float, task_id: str = "q", group: str = "") -> Trajectory:
    """A trajectory of one action; without log_ref, which no entropy needs."""
    return rollout((Action.act(name), log_pf, None), id=name, task_id=task_id, group=group)


def entropy(p: list[float]) -> float:
    return -sum(x / sum(p) * log(x / sum(p)) for x in p)


def test_a_group_worked_out_by_hand() -> None:
    group = [way("a", log(0.3)), way("b", log(0.1))]
    assert flow_entropy(group) == pytest.approx(-(0.75 * log(0.75) + 0.25 * log(0.25))), "0.3 and 0.1 of 0.4"
    assert monte_carlo_entropy(group) == pytest.approx(-(log(0.3) + log(0.1)) / 2)


def test_turns_add_up_and_are_not_averaged() -> None:
    long = rollout((Action.act("x"), log(0.5), None), (Action.act("y"), log(0.2), None))
    assert flow_entropy([long, way("a", log(0.3))]) == pytest.approx(entropy([0.1, 0.3]))
    assert monte_carlo_entropy([long]) == pytest.approx(-log(0.1))


def test_equal_flows_reach_the_bound_and_a_dominant_one_has_none() -> None:
    for size in (1, 2, 8):
        assert flow_entropy([way(f"{i}", -3.0) for i in range(size)]) == pytest.approx(log(size))
    assert flow_entropy([way("a", -1.0), way("b", -900.0)]) == pytest.approx(0.0)


def test_duplicates_count_once_in_the_flow_and_each_time_in_the_mean() -> None:
    assert flow_entropy([way("a", -2.0)] * 8) == 0.0, "not log 8: it does one thing"
    group = [way("a", log(0.6))] * 3 + [way("b", log(0.2))]
    assert flow_entropy(group) == pytest.approx(entropy([0.6, 0.2]))
    assert monte_carlo_entropy(group) == pytest.approx(-(3 * log(0.6) + log(0.2)) / 4)


def test_other_observations_make_another_trajectory() -> None:
    one = way("a", -1.0)
    other = replace(one, turns=(replace(one.turns[0], observation="something else"),))
    assert flow_entropy([one, other]) == pytest.approx(log(2))


def test_flows_of_the_same_actions_by_other_tokens_are_added() -> None:
    def spelled(log_pf: float, *ids: int) -> Trajectory:
        made = way("a", log_pf)
        return replace(made, turns=(replace(made.turns[0], token_ids=ids),))

    group = [spelled(log(0.2), 1, 2), spelled(log(0.1), 3), spelled(log(0.1), 3), way("b", log(0.3))]
    assert flow_entropy(group) == pytest.approx(entropy([0.3, 0.3]))


@quick
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-2000, 0)), min_size=1, max_size=12))
def test_the_bounds(ways: list[tuple[int, float]]) -> None:
    log_p = dict(ways)
    group = [way(f"{name}", log_p[name]) for name, _ in ways]
    assert 0.0 <= flow_entropy(group) <= log(len(log_p)) + 1e-9
    assert log(len(log_p)) <= log(len(group))


@quick
@given(st.lists(st.floats(-20, 0), min_size=1, max_size=8), st.floats(-1e5, 0))
def test_log_z_cancels_however_small_the_flows(log_pfs: list[float], shift: float) -> None:
    expected = entropy([float(np.exp(x)) for x in log_pfs])
    moved = [way(f"{i}", x + shift) for i, x in enumerate(log_pfs)]
    assert flow_entropy(moved) == pytest.approx(expected, abs=1e-7)


def test_tasks_and_groups_are_never_mixed() -> None:
    trajectories = [
        way("a", log(0.3), "q", "q@1"),
        way("x", log(1e-9), "p", "p@1"),
        way("b", log(0.1), "q", "q@1"),
        way("y", log(1e-9), "p", "p@1"),
        way("a", log(0.9), "q", "q@2"),
    ]
    per_group = flow_entropy_per_group(trajectories)
    assert per_group == {
        ("q", "q@1"): pytest.approx(entropy([0.3, 0.1])),
        ("p", "p@1"): pytest.approx(log(2)),
        ("q", "q@2"): 0.0,
    }
    assert flow_entropy_per_task(trajectories) == {
        "q": pytest.approx(entropy([0.3, 0.1]) / 2),
        "p": pytest.approx(log(2)),
    }
    assert flow_entropy_per_group([]) == flow_entropy_per_task([]) == {}
    with pytest.raises(ValueError, match=r"of one task, got 5 of the tasks \['p', 'q'\]"):
        flow_entropy(trajectories)


def test_the_mean_finds_the_entropy_of_the_policy() -> None:
    """Sampled from a known distribution: Monte-Carlo is unbiased, the flow entropy stays below its bound."""
    p = np.array([0.5, 0.25, 0.125, 0.125])
    drawn = np.random.default_rng(0).choice(4, size=4_000, p=p)
    group = [way(f"{k}", float(np.log(p[k]))) for k in drawn]
    truth = 1.75 * log(2)
    assert monte_carlo_entropy(group) == pytest.approx(truth, abs=0.03)
    assert flow_entropy(group) == pytest.approx(truth), "everything was seen"
    assert flow_entropy(group[:3]) <= log(3), "a small sample cannot show it"


def test_rollouts_of_the_uniform_policy() -> None:
    with registered():
        collector = Collector(lambda: gym.make("SkillFlow/Vaults-v0", source="mini"))
        jobs = [Job(f"{task}#{i}", task, task, (0, i)) for task in ("train-0", "train-1") for i in range(3)]
        trajectories = collector.collect(UniformPolicy(), jobs).trajectories
        collector.close()
    expected = np.mean([sum(log(len(turn.candidates)) for turn in t.turns) for t in trajectories])
    assert monte_carlo_entropy(trajectories) == pytest.approx(expected)
    entropies = flow_entropy_per_task(trajectories)
    assert set(entropies) == {"train-0", "train-1"}
    assert all(0.0 <= value <= log(3) + 1e-9 for value in entropies.values())


def test_what_has_no_entropy_is_refused() -> None:
    with pytest.raises(ValueError, match="of one task, got 0"):
        flow_entropy([])
    with pytest.raises(ValueError, match="entropy of no trajectories"):
        monte_carlo_entropy([])
    unknown = rollout((Action.act("a"), None, -1.0), id="t9")
    for function in (flow_entropy, monte_carlo_entropy, flow_entropy_per_task):
        with pytest.raises(ValueError, match="'t9' has no log_pf at turn 0"):
            function([unknown])
        with pytest.raises(ValueError, match="drop unscored episodes first"):
            function([replace(way("a", -1.0), unscored=True)])
