"""The statistics of a comparison: against rliable's own values, hand numbers, and what intervals must do."""

from __future__ import annotations

import numpy as np
import pytest

from skillflow_gym.agents.compare_statistics import (
    difference_interval,
    improvement_interval,
    interquartile_interval,
    interquartile_mean,
    mean_interval,
    probability_of_improvement,
)

# Scores of 5 and of 3 runs on 3 benchmarks.
X = np.array([[0.10, 0.52, 0.31], [0.42, 0.47, 0.90], [0.35, 0.61, 0.33], [0.20, 0.55, 0.35], [0.80, 0.05, 0.41]])
Y = np.array([[0.12, 0.50, 0.31], [0.22, 0.57, 0.10], [0.35, 0.41, 0.43]])


def columns(x: np.ndarray) -> list[np.ndarray]:
    return [x[:, i] for i in range(x.shape[1])]


def test_the_values_of_rliable() -> None:
    """aggregate_iqm, probability_of_improvement and their stratified bootstraps, 20,000 and 5,000 resamples."""
    assert interquartile_mean(X) == pytest.approx(0.4122222222222222)
    assert interquartile_mean(Y) == pytest.approx(0.344)
    iqm = interquartile_interval(columns(X))
    assert iqm == pytest.approx((0.41222222, 0.30333333, 0.53333333), abs=0.02)
    improvement = improvement_interval(list(zip(columns(X), columns(Y), strict=True)))
    assert improvement == pytest.approx((0.62222222, 0.37777778, 0.85555556), abs=0.035)


def test_interquartile_mean_cuts_a_quarter_at_each_end() -> None:
    assert interquartile_mean(np.array([0.0, 1.0])) == 0.5
    assert interquartile_mean(np.array([9.0, 0.0, 1.0, -100.0])) == 0.5
    assert interquartile_mean(np.array([9.0, 0.0, 1.0, 2.0, -100.0])) == 1.0


def test_probability_of_improvement_counts_ties_half() -> None:
    assert probability_of_improvement(np.array([1.0, 0.0]), np.array([0.0, 0.0])) == 0.75
    assert probability_of_improvement(np.array([1.0]), np.array([1.0])) == 0.5
    assert probability_of_improvement(np.array([0.0]), np.array([1.0])) == 0.0


def test_a_mean_over_runs_and_tasks() -> None:
    rng = np.random.default_rng(0)
    runs, tasks = rng.normal(size=(5, 1)), rng.normal(size=(1, 200))
    interval = mean_interval([runs + tasks])
    assert interval.mean == pytest.approx(float((runs + tasks).mean()))
    assert interval.low < interval.mean < interval.high
    both = interval.high - interval.low
    of_runs = mean_interval([runs + 0 * tasks])
    of_tasks = mean_interval([0 * runs + tasks])
    assert both > max(of_runs.high - of_runs.low, of_tasks.high - of_tasks.low), "both were drawn"


def test_the_difference_is_taken_task_by_task() -> None:
    tasks = np.random.default_rng(0).normal(size=(1, 300))
    better, worse = tasks + np.array([[0.1], [0.12]]), tasks + np.zeros((2, 1))
    paired = difference_interval([(better, worse)])
    assert paired.mean == pytest.approx(0.11) and paired.low > 0.09
    assert mean_interval([better]).low < 0.0, "where the tasks alone would hide it"


def test_strata_count_alike_whatever_their_size() -> None:
    interval = mean_interval([np.zeros((2, 1)), np.ones((2, 99))])
    assert interval == (0.5, 0.5, 0.5)


def test_unknown_figures_are_left_out_and_nothing_is_nothing() -> None:
    x = np.array([[1.0, np.nan], [0.0, np.nan]])
    assert mean_interval([x]).mean == 0.5
    for empty in (mean_interval([np.full((2, 2), np.nan)]), mean_interval([]), interquartile_interval([])):
        assert np.isnan(empty.mean)
    assert np.isnan(difference_interval([]).mean) and np.isnan(improvement_interval([]).mean)


def test_the_same_every_time() -> None:
    assert mean_interval([X]) == mean_interval([X])
    assert interquartile_interval(columns(X)) == interquartile_interval(columns(X))
