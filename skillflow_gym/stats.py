"""Intervals and estimators for results: bootstrap over tasks, paired differences, pass@k."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Interval(NamedTuple):
    """An estimate with its 95% interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(per_task: ArrayLike, resamples: int = 10_000, seed: int = 0) -> Interval:
    """Mean over tasks with a 95% percentile-bootstrap interval; tasks are resampled, not rollouts.

    Args:
        per_task: one figure per task, [N]; a mean over its rollouts where there are several.
        resamples: bootstrap samples.
        seed: of the resampling, so that a result can be printed twice.

    Raises:
        ValueError: there is no task.
    """
    values: NDArray[np.float64] = np.asarray(per_task, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"expected one figure per task, got shape {values.shape}")
    rng = np.random.default_rng(seed)
    means = np.concatenate(
        [values[rng.integers(len(values), size=(500, len(values)))].mean(axis=1) for _ in range(-(-resamples // 500))]
    )
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))


def paired_bootstrap(after: ArrayLike, before: ArrayLike, resamples: int = 10_000, seed: int = 0) -> Interval:
    """Mean difference ``after - before`` over the same tasks in the same order, with its 95% bootstrap interval.

    Raises:
        ValueError: the two are not of the same length, or there is no task.
    """
    a, b = np.asarray(after, dtype=np.float64), np.asarray(before, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"expected the same tasks on both sides, got {a.shape} and {b.shape}")
    return bootstrap(a - b, resamples, seed)


def pass_at_k(successes: int, samples: int, k: int) -> float:
    """The unbiased estimate of the chance that one of ``k`` samples succeeds (Chen et al., 2021).

    ``1 - C(n - c, k) / C(n, k)`` for c successes among n samples, as a product that cannot overflow.

    Raises:
        ValueError: ``k`` exceeds the number of samples, or the counts make no sense.
    """
    if not 0 <= successes <= samples or not 1 <= k <= samples:
        raise ValueError(f"pass@{k} of {successes} successes in {samples} samples is not defined")
    if samples - successes < k:
        return 1.0
    return float(1.0 - np.prod(1.0 - k / np.arange(samples - successes + 1, samples + 1)))
