"""The statistics of a comparison: intervals over runs and tasks, interquartile mean, probability of improvement.

A stratum is a benchmark. Within it, runs (seeds) are resampled, and where a figure is a mean over tasks, the tasks too,
since both were drawn. Interquartile mean and probability of improvement are those of Agarwal et al. (arXiv 2108.13264),
whose package rliable gives the same values. All intervals are 95% percentile bootstraps and the same every time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.stats import Interval

Floats: TypeAlias = NDArray[np.float64]
RESAMPLES = 2000
NOTHING = Interval(float("nan"), float("nan"), float("nan"))


def interquartile_mean(values: Floats) -> float:
    """Mean of what is left of ``values`` after a quarter is cut off at each end, rounded down; any shape."""
    ordered = np.sort(values, axis=None)
    cut = int(0.25 * len(ordered))
    return float(ordered[cut : len(ordered) - cut].mean())


def probability_of_improvement(x: Floats, y: Floats) -> float:
    """P(a run of x scores above one of y), ties counting half, from the scores of runs, [runs of x] and [runs of y]."""
    difference = np.sign(x[:, None] - y[None, :])
    return float((difference.mean() + 1) / 2)


def mean_interval(strata: Sequence[Floats]) -> Interval:
    """Mean over strata of the mean of [runs, tasks]; runs and tasks are resampled. NaN marks what is not known."""

    def draw(rng: np.random.Generator) -> float:
        return float(np.mean([_mean(x[np.ix_(_again(rng, x.shape[0]), _again(rng, x.shape[1]))]) for x in strata]))

    return _interval(float(np.mean([_mean(x) for x in strata])), draw) if _known(strata) else NOTHING


def difference_interval(strata: Sequence[tuple[Floats, Floats]]) -> Interval:
    """Mean over strata of the difference of two [runs, tasks] over the same tasks, which are resampled as pairs."""

    def once(pairs: Sequence[tuple[Floats, Floats]]) -> float:
        return float(np.mean([_mean(x) - _mean(y) for x, y in pairs]))

    def draw(rng: np.random.Generator) -> float:
        drawn = []
        for x, y in strata:
            tasks = _again(rng, x.shape[1])
            drawn.append((x[np.ix_(_again(rng, len(x)), tasks)], y[np.ix_(_again(rng, len(y)), tasks)]))
        return once(drawn)

    return _interval(once(strata), draw) if _known([x for pair in strata for x in pair]) else NOTHING


def interquartile_interval(strata: Sequence[Floats]) -> Interval:
    """Interquartile mean over the scores of all runs of all strata, each [runs]; runs are resampled."""

    def draw(rng: np.random.Generator) -> float:
        return interquartile_mean(np.concatenate([x[_again(rng, len(x))] for x in strata]))

    return _interval(interquartile_mean(np.concatenate(strata)), draw) if _known(strata) else NOTHING


def improvement_interval(strata: Sequence[tuple[Floats, Floats]]) -> Interval:
    """Mean over strata of the probability of improvement of the first over the second, each [runs]."""

    def draw(rng: np.random.Generator) -> float:
        pairs = [(x[_again(rng, len(x))], y[_again(rng, len(y))]) for x, y in strata]
        return float(np.mean([probability_of_improvement(x, y) for x, y in pairs]))

    mean = float(np.mean([probability_of_improvement(x, y) for x, y in strata])) if strata else 0.0
    return _interval(mean, draw) if _known([x for pair in strata for x in pair]) else NOTHING


def _interval(mean: float, draw: Callable[[np.random.Generator], float]) -> Interval:
    rng = np.random.default_rng(0)
    low, high = np.nanquantile([draw(rng) for _ in range(RESAMPLES)], [0.025, 0.975])
    return Interval(mean, float(low), float(high))


def _again(rng: np.random.Generator, size: int) -> NDArray[np.int64]:
    return rng.integers(size, size=size)


def _mean(x: Floats) -> float:
    known = x[~np.isnan(x)]
    return float(known.mean()) if len(known) else float("nan")


def _known(strata: Sequence[Floats]) -> bool:
    """Whether there is a stratum, and none is empty or unknown as a whole."""
    return bool(strata) and all(x.size and not np.isnan(x).all() for x in strata)
