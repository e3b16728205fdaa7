"""Intervals and shares of skills against a bootstrap written out, and what is too little evidence for them."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.flow.skill_flow import skill_flows
from skillflow_gym.stats import bootstrap
from tests.flow.making import reading

quick = settings(deadline=None, derandomize=True, max_examples=60)


def test_a_spread_beyond_what_exp_can_hold_keeps_its_intervals_finite() -> None:
    rollouts = [reading("s", x, task_id=f"q{i}") for i, x in enumerate([0.0, -2000.0, -3000.0])]
    rollouts += [reading("r", x, task_id=f"q{i}") for i, x in enumerate([1.0, 2.0, 3.0])]
    flow = skill_flows(rollouts, min_visits=1, min_tasks=1)["s"]
    assert flow.g_interval == pytest.approx((-5000 / 3, -3000.0, 0.0))
    assert flow.lambda1 == pytest.approx(-log(3))
    assert flow.share is not None and np.isfinite(flow.share).all() and flow.share.low < flow.share.mean


@pytest.mark.parametrize(("min_visits", "min_tasks", "known"), [(4, 2, "ab"), (5, 2, "b"), (4, 3, "b"), (7, 1, "")])
def test_too_little_evidence_has_no_interval_and_moves_no_mean(min_visits: int, min_tasks: int, known: str) -> None:
    rollouts = [reading("a", float(i), task_id=f"q{i % 2}") for i in range(4)]  # 4 visits in 2 tasks
    rollouts += [reading("b", 10.0 + i, task_id=f"q{i % 3}") for i in range(6)]  # 6 visits in 3 tasks
    flows = skill_flows(rollouts, min_visits=min_visits, min_tasks=min_tasks)
    assert "".join(name for name, flow in flows.items() if flow.share is not None) == known
    assert "".join(name for name, flow in flows.items() if flow.g_interval is not None) == known
    assert all(flow.g is not None and flow.lambda1 is not None for flow in flows.values()), "the figures stay"
    if known == "b":
        assert flows["b"].share == (0.0, 0.0, 0.0), "alone it is its own average"


def cluster_bootstrap(per_task: list[dict[str, list[float]]], skill: str) -> tuple[list[float], list[float]]:
    """Quantiles of G and of the centred share, one resample after the other."""
    rng, g, shares = np.random.default_rng(0), [], []
    for _ in range(2):
        for draw in rng.integers(len(per_task), size=(500, len(per_task))):
            pooled = {name: [x for task in draw for x in per_task[task].get(name, [])] for name in "ab"}
            lambda1 = {name: log(np.mean(np.exp(xs))) for name, xs in pooled.items() if xs}
            if skill in lambda1:
                g.append(np.mean(pooled[skill]))
                shares.append(lambda1[skill] - np.mean(list(lambda1.values())))
    return list(np.quantile(g, [0.025, 0.975])), list(np.quantile(shares, [0.025, 0.975]))


def test_intervals_resample_tasks_with_all_their_visits() -> None:
    rng = np.random.default_rng(7)
    per_task = [{"a": list(rng.normal(size=rng.integers(1, 4)))} for _ in range(8)]
    for task in per_task[:4]:  # the other half never read it: now and then a resample has no visit
        task["b"] = list(rng.normal(size=2))
    rollouts = [reading(name, *xs, task_id=f"q{i}") for i, task in enumerate(per_task) for name, xs in task.items()]
    flows = skill_flows(rollouts, min_visits=1, min_tasks=1, resamples=1_000)
    for name, flow in flows.items():
        assert flow.g_interval is not None and flow.share is not None
        g, share = cluster_bootstrap(per_task, name)
        assert flow.g_interval == pytest.approx([np.mean([x for task in per_task for x in task.get(name, [])]), *g])
        assert flow.share[1:] == pytest.approx(share)


def test_with_equal_visits_the_interval_is_that_of_the_task_means() -> None:
    xs = np.random.default_rng(1).normal(size=(10, 3))
    rollouts = [reading("s", *row, task_id=f"q{i}") for i, row in enumerate(xs)]
    for seed in (0, 5):
        flow = skill_flows(rollouts, min_visits=1, resamples=2_000, seed=seed)["s"]
        assert flow.g_interval == pytest.approx(bootstrap(xs.mean(axis=1), resamples=2_000, seed=seed))


def test_more_visits_of_the_same_tasks_are_no_more_evidence() -> None:
    xs = np.random.default_rng(1).normal(size=8)
    once = [reading("s", x, task_id=f"q{i}") for i, x in enumerate(xs)]
    flow, often = (skill_flows(rollouts, min_visits=1)["s"] for rollouts in (once, once * 10))
    assert often.visits == 10 * flow.visits
    assert flow.g_interval is not None and often.g_interval == pytest.approx(flow.g_interval)


def test_a_real_difference_excludes_zero_and_none_does_not() -> None:
    rng = np.random.default_rng(4)
    rollouts = [
        reading(name, rng.normal(mean, 0.5), task_id=f"q{i}")
        for i in range(20)
        for name, mean in {"bad": -2.0, "good": 2.0, "mean": 0.0}.items()
    ]
    shares = {name: flow.share for name, flow in skill_flows(rollouts).items()}
    assert shares["bad"] is not None and shares["bad"].high < 0
    assert shares["good"] is not None and shares["good"].low > 0
    assert shares["mean"] is not None and shares["mean"].low < 0 < shares["mean"].high


@quick
@given(st.lists(st.lists(st.floats(-50, 50), min_size=1, max_size=12), min_size=1, max_size=5))
def test_shares_add_up_to_zero(visits: list[list[float]]) -> None:
    rollouts = [reading(f"s{i}", *xs) for i, xs in enumerate(visits)]
    shares = [flow.share for flow in skill_flows(rollouts, min_visits=1, min_tasks=1, resamples=1).values()]
    assert sum(share.mean for share in shares if share is not None) == pytest.approx(0.0, abs=1e-9)
