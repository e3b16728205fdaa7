"""Success of the evaluated policies: means over seeds and tasks with 95% intervals, and pass@k, as rows and as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.report import dots
from skillflow_gym.report.dots import Dot
from skillflow_gym.report.runs import RunRecord
from skillflow_gym.stats import Interval, pass_at_k

POLICIES = {"after": "trained", "greedy": "trained, greedy", "before": "untrained", "random": "random"}


@dataclass(frozen=True)
class Row:
    """A policy of an arm on the test panel.

    Attributes:
        arm, policy: what was evaluated.
        seeds: how many runs.
        success: mean with 95% interval; seeds are resampled, and tasks within.
        figures: the benchmark's other figures, means.
        steps: actions per success; NaN without one.
        unscored: share of rollouts.
        pass_at: k -> unbiased pass@k.
    """

    arm: str
    policy: str
    seeds: int
    success: Interval
    figures: Mapping[str, float]
    steps: float
    unscored: float
    pass_at: Mapping[int, float]


def rows(arms: Mapping[str, Sequence[RunRecord]]) -> list[Row]:
    """The rows of one benchmark; random and untrained policies once, of the first arm that has them."""
    found: list[Row] = []
    for name, policy in POLICIES.items():
        for arm, runs in arms.items():
            results = [run.evaluations[name] for run in runs if name in run.evaluations]
            if results and not (name in ("before", "random") and any(row.policy == policy for row in found)):
                found.append(_row(arm, policy, results))
    return found


def _row(arm: str, policy: str, results: Sequence[Mapping[str, Any]]) -> Row:
    success = [_known(result["per_task"]["success"]) for result in results]
    summaries = [result["summary"] for result in results]
    names = [name for name in results[0]["per_task"] if name != "success"]
    figures = {name: float(np.nanmean([np.nanmean(_known(r["per_task"][name])) for r in results])) for name in names}
    steps = [s["steps_per_success"] for s in summaries if s["steps_per_success"] is not None]
    k = int(summaries[0]["rollouts_per_task"])
    counts = np.concatenate([np.rint(values[~np.isnan(values)] * k) for values in success]).astype(int)
    return Row(
        arm if policy.startswith("trained") else "",
        policy,
        len(results),
        interval(success),
        figures,
        float(np.mean(steps)) if steps else float("nan"),
        float(np.mean([s["unscored"] for s in summaries])),
        {n: float(np.mean([pass_at_k(int(c), k, n) for c in counts])) for n in range(1, k + 1)} if k > 1 else {},
    )


def _known(values: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def interval(values: Sequence[NDArray[np.float64]], resamples: int = 2000) -> Interval:
    """The mean over seeds of per-task values [seeds][tasks], with a hierarchical bootstrap; NaN tasks are left out."""
    known = [each[~np.isnan(each)] for each in values]
    known = [each for each in known if len(each)]
    if not known:
        return Interval(float("nan"), float("nan"), float("nan"))
    rng = np.random.default_rng(0)
    means = [
        np.mean([rng.choice(known[i], len(known[i])).mean() for i in rng.integers(len(known), size=len(known))])
        for _ in range(resamples)
    ]
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(np.mean([each.mean() for each in known])), float(low), float(high))


def draw(found: Sequence[Row], colours: Mapping[str, str]) -> str:
    """A dot with its interval per row."""
    rows = [Dot(f"{row.arm} {row.policy}".strip(), colours.get(row.arm, "plain"), row.success) for row in found]
    return dots.draw(rows, "success")
