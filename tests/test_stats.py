"""Intervals and pass@k against enumeration and closed forms."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import comb, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.stats import Interval, bootstrap, paired_bootstrap, pass_at_k

figures = st.lists(st.floats(-100, 100), min_size=1, max_size=20)
quick = settings(deadline=None, derandomize=True, max_examples=30)


def test_pass_at_k_is_the_share_of_the_draws_with_a_success() -> None:
    for n in range(1, 9):
        for successes in range(n + 1):
            samples = [i < successes for i in range(n)]
            for k in range(1, n + 1):
                draws = [any(draw) for draw in combinations(samples, k)]
                assert pass_at_k(successes, n, k) == pytest.approx(float(Fraction(sum(draws), len(draws))), abs=1e-12)


@pytest.mark.parametrize(("c", "n", "k"), [(1, 200, 100), (3, 1_000, 10), (500, 10_000, 64), (1, 100_000, 1)])
def test_pass_at_k_does_not_overflow(c: int, n: int, k: int) -> None:
    assert pass_at_k(c, n, k) == pytest.approx(float(1 - Fraction(comb(n - c, k), comb(n, k))), rel=1e-9)


def test_pass_at_1_is_the_mean_and_pass_at_n_asks_for_any() -> None:
    assert [pass_at_k(c, 8, 1) for c in range(9)] == pytest.approx([c / 8 for c in range(9)])
    assert [pass_at_k(c, 8, 8) for c in range(9)] == [0.0] + [1.0] * 8


@pytest.mark.parametrize(("c", "n", "k"), [(1, 4, 5), (5, 4, 1), (-1, 4, 1), (1, 4, 0), (0, 0, 1), (0, 0, 0)])
def test_an_undefined_pass_at_k_is_refused(c: int, n: int, k: int) -> None:
    with pytest.raises(ValueError, match=rf"pass@{k} of {c} successes in {n} samples is not defined"):
        pass_at_k(c, n, k)


@quick
@given(figures)
def test_the_interval_lies_around_the_mean_and_inside_the_range(values: list[float]) -> None:
    mean, low, high = bootstrap(values, resamples=500)
    assert mean == pytest.approx(np.mean(values), abs=1e-9)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert bootstrap(values, resamples=500) == (mean, low, high), "the same at every call"


@quick
@given(figures, st.floats(-5, 5), st.floats(0.1, 5))
def test_it_moves_and_stretches_with_the_figures(values: list[float], shift: float, scale: float) -> None:
    expected = [scale * x + shift for x in bootstrap(values, resamples=500)]
    assert bootstrap([scale * v + shift for v in values], resamples=500) == pytest.approx(expected, abs=1e-6)


def test_one_task_and_equal_tasks_have_no_width() -> None:
    assert bootstrap([0.25]) == bootstrap([0.25] * 7) == Interval(0.25, 0.25, 0.25)


def binomial_quantile(n: int, p: float, level: float) -> int:
    total = 0.0
    for count in range(n + 1):
        total += comb(n, count) * p**count * (1 - p) ** (n - count)
        if total >= level:
            return count
    return n


@pytest.mark.parametrize(("successes", "n"), [(3, 10), (25, 50), (90, 100), (1, 40)])
def test_resampled_successes_are_binomial(successes: int, n: int) -> None:
    """The bootstrap mean of c successes in n tasks is Binomial(n, c/n) / n, so its quantiles are known."""
    interval = bootstrap([1.0] * successes + [0.0] * (n - successes), resamples=20_000)
    p = successes / n
    for bound, level in ((interval.low, 0.025), (interval.high, 0.975)):
        expected = {binomial_quantile(n, p, level + slack) / n for slack in (-0.004, 0.0, 0.004)}
        assert min(expected) - 1e-9 <= bound <= max(expected) + 1e-9


def test_coverage_and_width_are_those_of_a_95_percent_interval() -> None:
    rng = np.random.default_rng(0)
    n, runs = 60, 300
    covered = widths = 0.0
    for _ in range(runs):
        low, high = bootstrap(rng.normal(1.0, 2.0, size=n), resamples=1_000)[1:]
        covered += low <= 1.0 <= high
        widths += high - low
    assert 0.90 <= covered / runs <= 0.98
    assert widths / runs == pytest.approx(2 * 1.96 * 2.0 / sqrt(n), rel=0.05)


def test_the_seed_chooses_the_resamples() -> None:
    values = np.random.default_rng(1).normal(size=30)
    assert bootstrap(values, resamples=500, seed=1) != bootstrap(values, resamples=500, seed=2)
    assert bootstrap(values, seed=1)[1:] == pytest.approx(bootstrap(values, seed=2)[1:], abs=0.02)


@pytest.mark.parametrize("values", [[], [[1.0, 2.0]], 3.0])
def test_figures_that_are_not_one_per_task_are_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="expected one figure per task, got shape"):
        bootstrap(values)


def test_pairs_are_compared_task_by_task() -> None:
    rng = np.random.default_rng(0)
    before = rng.normal(0, 5, size=80)
    after = before + rng.normal(0.5, 0.1, size=80)
    paired = paired_bootstrap(after, before)
    assert paired == bootstrap(after - before)
    assert paired.mean == pytest.approx(0.5, abs=0.05) and paired.low > 0.4
    unpaired = bootstrap(after).high - bootstrap(after).low
    assert (paired.high - paired.low) * 10 < unpaired, "tasks differ much more than the two sides"
    assert paired_bootstrap(before, after) == pytest.approx([-paired.mean, -paired.high, -paired.low], abs=0.005)
    assert paired_bootstrap(before, before) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("after", "before"), [([1.0], [1.0, 2.0]), ([], []), ([[1.0]], [[1.0]])])
def test_sides_that_do_not_match_are_refused(after: Any, before: Any) -> None:
    with pytest.raises(ValueError, match=r"expected (the same tasks on both sides|one figure per task)"):
        paired_bootstrap(after, before)


def test_an_interval_prints_three_digits() -> None:
    assert str(Interval(0.12345, 0.1, 1)) == "0.123 [0.100, 1.000]"
