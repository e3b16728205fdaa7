"""The statistics of a comparison: intervals over runs and tasks, interquartile mean, probability of improvement.

A stratum is a benchmark. Within it, runs (seeds) are resampled, and where a figure is a mean over tasks, the tasks too,
since both were drawn. Interquartile mean and probability of improvement are those of Agarwal et al. (arXiv 2108.13264),
whose package rliable gives the same values. All intervals are 95% percentile bootstraps and the same every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.stats import Interval

Floats: TypeAlias = NDArray[np.float64]
RESAMPLES = 2000
NOTHING = Interval(float("nan"), float("nan"), float("nan"))


def interquartile_mean(values: Floats) -> float:
    """Mean of what is left of ``values`` after a quarter is cut off at each end, rounded down; any shape."""
    return float(_interquartile(values.reshape(1, -1))[0])


def probability_of_improvement(x: Floats, y: Floats) -> float:
    """P(a run of x scores above one of y), ties counting half, from the scores of runs, [runs of x] and [runs of y]."""
    return float((_signs(x, y).mean() + 1) / 2)


def mean_interval(strata: Sequence[Floats]) -> Interval:
    """Mean over strata of the mean of [runs, tasks]; runs and tasks are resampled. NaN marks what is not known."""
    if not _known(strata):
        return NOTHING
    rng = np.random.default_rng(0)
    drawn = [_means(x, _counts(rng, x.shape[0]), _counts(rng, x.shape[1])) for x in strata]
    return _interval(float(np.mean([np.nanmean(x) for x in strata])), drawn)


def difference_interval(strata: Sequence[tuple[Floats, Floats]]) -> Interval:
    """Mean over strata of the difference of two [runs, tasks] over the same tasks, which are resampled as pairs."""
    if not _known([x for pair in strata for x in pair]):
        return NOTHING
    rng, drawn = np.random.default_rng(0), []
    for x, y in strata:
        tasks = _counts(rng, x.shape[1])
        drawn.append(_means(x, _counts(rng, len(x)), tasks) - _means(y, _counts(rng, len(y)), tasks))
    return _interval(float(np.mean([np.nanmean(x) - np.nanmean(y) for x, y in strata])), drawn)


def interquartile_interval(strata: Sequence[Floats]) -> Interval:
    """Interquartile mean over the scores of all runs of all strata, each [runs]; runs are resampled."""
    if not _known(strata):
        return NOTHING
    rng = np.random.default_rng(0)
    again = [x[rng.integers(len(x), size=(RESAMPLES, len(x)))] for x in strata]
    return _interval(interquartile_mean(np.concatenate(strata)), [_interquartile(np.concatenate(again, axis=1))])


def improvement_interval(strata: Sequence[tuple[Floats, Floats]]) -> Interval:
    """Mean over strata of the probability of improvement of the first over the second, each [runs]."""
    if not _known([x for pair in strata for x in pair]):
        return NOTHING
    rng = np.random.default_rng(0)
    drawn = [(_means(_signs(x, y), _counts(rng, len(x)), _counts(rng, len(y))) + 1) / 2 for x, y in strata]
    return _interval(float(np.mean([probability_of_improvement(x, y) for x, y in strata])), drawn)


def _interval(mean: float, drawn: Sequence[Floats]) -> Interval:
    """The mean with the quantiles of the mean over strata, each [resamples]."""
    low, high = np.nanquantile(np.mean(drawn, axis=0), [0.025, 0.975])
    return Interval(mean, float(low), float(high))


def _counts(rng: np.random.Generator, size: int) -> Floats:
    """How often each of ``size`` is drawn when ``size`` are drawn with replacement, [resamples, size]."""
    return rng.multinomial(size, [1 / size] * size, size=RESAMPLES).astype(np.float64)


def _means(x: Floats, rows: Floats, columns: Floats) -> Floats:
    """Mean of the known entries of ``x`` with rows and columns repeated as often as drawn, [resamples]."""
    known = ~np.isnan(x)
    total = (rows @ np.where(known, x, 0.0) * columns).sum(axis=1)
    number = (rows @ known.astype(np.float64) * columns).sum(axis=1)
    means: Floats = np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)
    return means


def _signs(x: Floats, y: Floats) -> Floats:
    return np.sign(x[:, None] - y[None, :])


def _interquartile(rows: Floats) -> Floats:
    ordered = np.sort(rows, axis=1)
    cut = int(0.25 * ordered.shape[1])
    return np.asarray(ordered[:, cut : ordered.shape[1] - cut].mean(axis=1))


def _known(strata: Sequence[Floats]) -> bool:
    """Whether there is a stratum, and none is empty or unknown as a whole."""
    return bool(strata) and all(x.size and not np.isnan(x).all() for x in strata)
