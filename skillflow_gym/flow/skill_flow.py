"""What each skill was worth: the flow of the histories in which it was read, with intervals over tasks.

A visit is a turn that read the skill without error. Its value is that of the history it led to, relative to its task:

    X          = log F(H_t) - log Z(q) = sum over u <= t of log I(u)
    G(s)       = mean of X                         over the visits of s: the typical visit
    Lambda1(s) = log of the mean of exp(X)         over the visits of s: led by the best visits
    gap(s)     = Lambda1(s) - G(s) >= 0            half the variance of X and higher cumulants: how uneven s is
    Lambda~(s) = Lambda1(s) - its mean over the skills with enough visits

X is 0 where a task begins, so tasks of different difficulty are comparable and log Z is not needed. It sums the turns
before the visit too: a skill that is read late has the credit of what led to it, for better or worse.

Source: SkillFlow (arXiv 2605.14089), Lemmas F.2 and F.3 (G and Lambda1 as values of a cumulant generating function),
Prop. F.5 (the gap), Remark F.7 (the centred share) and Eq. 7 (the flow of a skill over trajectories).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from skillflow_gym.actions import ActionKind
from skillflow_gym.flow.credit import Credit, Floats, credits_of, log_mean_exp
from skillflow_gym.stats import Interval
from skillflow_gym.trajectory import Trajectory

_CATALOGUE_LINE = re.compile(r"^- ([a-z0-9-]+):", re.MULTILINE)
_CUT = 700.0
"""The bootstrap counts a visit further than this (in nats) below a skill's best as if it were this far below: exp(-750)
is 0, and a resample of such visits alone would have no finite log."""


class Visit(NamedTuple):
    """A turn that read a skill without error: in which trajectory (its position) and task, and X in nats."""

    trajectory: int
    task_id: str
    x: float


@dataclass(frozen=True, slots=True)
class SkillFlow:
    """What is known of one skill. None where it is not known, which is never a bad mark.

    Attributes:
        name: the skill.
        offered: number of trajectories in whose catalogue it stood.
        offered_tasks: number of tasks among them.
        visits: number of turns that read it without error.
        trajectories: number of trajectories with a visit.
        tasks: number of tasks with a visit.
        g: G(s), in nats; None without a visit.
        lambda1: Lambda1(s), in nats; None without a visit.
        gap: Lambda1(s) - G(s), in nats; 0 below two visits.
        marginal: flow of the trajectories through the skill: the log of the mean, over trajectories with a visit, of
            exp of their best X, in nats; None without a visit. Lambda1 counts visits, so that a trajectory which reads
            a skill five times counts five times; here it counts once, by its best. Where nobody reads twice the two
            are equal. (The released code of the paper adds up a trajectory's visits, which pays for reading twice.)
        g_interval: 95% interval of G(s) over tasks; None below enough visits or tasks.
        share: Lambda~(s) with its 95% interval over tasks, in nats; None below enough visits or tasks. The shares of
            all skills add up to 0, so some are always negative: only an interval that excludes 0 says anything.
    """

    name: str
    offered: int
    offered_tasks: int
    visits: int
    trajectories: int
    tasks: int
    g: float | None
    lambda1: float | None
    gap: float
    marginal: float | None
    g_interval: Interval | None
    share: Interval | None

    @property
    def never_offered(self) -> bool:
        """No trajectory could have read it, so its lack of visits says nothing about it."""
        return self.offered == 0


def skill_flows(
    trajectories: Sequence[Trajectory],
    credits: Sequence[Credit] | None = None,
    *,
    skills: Iterable[str] = (),
    min_visits: int = 10,
    min_tasks: int = 5,
    resamples: int = 10_000,
    seed: int = 0,
) -> dict[str, SkillFlow]:
    """The flow of every skill that was offered, read, or named in ``skills``, by name in alphabetical order.

    Intervals are percentile-bootstrap intervals as in `stats.bootstrap`. Tasks are resampled, each with all its visits
    and jointly for all skills: visits of one task are no independent evidence. With few tasks such intervals are too
    narrow (of normal figures they cover the truth 51% of the time with 2 tasks, 84% with 5, 93% with 20), and that of
    Lambda1 more so if one visit dominates the mean.

    Args:
        trajectories: of one family of tasks, sampled by policies close to each other; shares are relative to the skills
            they visit.
        credits: of each trajectory, if not the stored ones.
        skills: names to report on even if no trajectory offers them, as ``library.names``.
        min_visits: fewer visits than this are not enough for an interval and a share.
        min_tasks: fewer tasks with a visit than this are not, either.
        resamples: bootstrap samples.
        seed: of the resampling.

    Raises:
        ValueError: ``min_visits``, ``min_tasks`` or ``resamples`` below 1; or as `credits_of`.
    """
    if min(min_visits, min_tasks, resamples) < 1:
        raise ValueError("min_visits, min_tasks and resamples must be at least 1")
    visits: dict[str, list[Visit]] = {name: [] for name in skills}
    offered: dict[str, list[str]] = {}  # the task of each trajectory that offers it
    for number, (trajectory, credit) in enumerate(zip(trajectories, credits_of(trajectories, credits), strict=True)):
        found = skill_visits(trajectory, credit)
        for name, x in found:
            visits.setdefault(name, []).append(Visit(number, trajectory.task_id, x))
        for name in offered_skills(trajectory).union(name for name, _ in found):
            offered.setdefault(name, []).append(trajectory.task_id)
            visits.setdefault(name, [])
    enough = {
        name: rows
        for name, rows in visits.items()
        if len(rows) >= min_visits and len({visit.task_id for visit in rows}) >= min_tasks
    }
    intervals = _intervals(enough, resamples, seed)
    return {
        name: _skill_flow(name, offered.get(name, []), rows, *intervals.get(name, (None, None)))
        for name, rows in sorted(visits.items())
    }


def offered_skills(trajectory: Trajectory) -> frozenset[str]:
    """The names in the trajectory's catalogue, whose lines are ``- name: description``."""
    return frozenset(_CATALOGUE_LINE.findall(trajectory.catalogue))


def skill_visits(trajectory: Trajectory, credit: Credit) -> list[tuple[str, float]]:
    """Name and X of each turn that read a skill without error, oldest first; X in nats."""
    x = credit.state_flow()  # [T + 1]
    return [
        (turn.action.argument, float(x[t]))
        for t, turn in enumerate(trajectory.turns, start=1)
        if turn.action.kind is ActionKind.SKILL and not turn.error
    ]


def _skill_flow(
    name: str, offered: list[str], visits: list[Visit], g_interval: Interval | None, share: Interval | None
) -> SkillFlow:
    best: dict[int, float] = {}
    for visit in visits:
        best[visit.trajectory] = max(visit.x, best.get(visit.trajectory, visit.x))
    g, gap = _mean_and_gap(visits) if visits else (None, 0.0)
    return SkillFlow(
        name=name,
        offered=len(offered),
        offered_tasks=len(set(offered)),
        visits=len(visits),
        trajectories=len(best),
        tasks=len({visit.task_id for visit in visits}),
        g=g,
        lambda1=None if g is None else g + gap,
        gap=gap,
        marginal=log_mean_exp(list(best.values())) if best else None,
        g_interval=g_interval,
        share=share,
    )


def _mean_and_gap(visits: list[Visit]) -> tuple[float, float]:
    """G and the Jensen gap. The gap is taken between differences, so that a large X costs it no digits."""
    x: Floats = np.array([visit.x for visit in visits])
    below = x - x.max()
    return float(x.mean()), max(0.0, log_mean_exp(below) - float(below.mean()))  # rounding may leave -1e-17


def _intervals(visits: dict[str, list[Visit]], resamples: int, seed: int) -> dict[str, tuple[Interval, Interval]]:
    """The intervals of G and of the centred share, of skills that all have a visit."""
    if not visits:
        return {}
    points = np.array([_mean_and_gap(rows) for rows in visits.values()])  # [S, 2]
    lambda1 = points.sum(axis=1)  # [S]
    share = lambda1 - lambda1.mean()  # [S]
    resampled_g, resampled_lambda1 = _resampled(list(visits.values()), resamples, seed)
    resampled_share = resampled_lambda1 - np.nanmean(resampled_lambda1, axis=1, keepdims=True)
    # NaN where none of a skill's tasks was drawn: rare, and such a resample says nothing of the skill.
    g_low, g_high = np.nanquantile(resampled_g, [0.025, 0.975], axis=0)  # [S] each
    low, high = np.nanquantile(resampled_share, [0.025, 0.975], axis=0)
    return {
        name: (
            Interval(float(points[s, 0]), float(g_low[s]), float(g_high[s])),
            Interval(float(share[s]), float(low[s]), float(high[s])),
        )
        for s, name in enumerate(visits)
    }


def _resampled(visits: list[list[Visit]], resamples: int, seed: int) -> tuple[Floats, Floats]:
    """G and Lambda1 of S skills in tasks drawn with replacement, each [resamples, S]; NaN without a visit."""
    tasks = sorted({visit.task_id for rows in visits for visit in rows})
    row_of = {task_id: row for row, task_id in enumerate(tasks)}
    counts = np.zeros((len(tasks), len(visits)))  # [tasks, S], as the next two
    sums = np.zeros_like(counts)
    exps = np.zeros_like(counts)
    top = np.array([max(visit.x for visit in rows) for rows in visits])  # [S]
    for s, rows in enumerate(visits):
        for visit in rows:
            row = row_of[visit.task_id]
            counts[row, s] += 1
            sums[row, s] += visit.x
            exps[row, s] += np.exp(max(visit.x - top[s], -_CUT))

    rng = np.random.default_rng(seed)
    g, lambda1 = [], []
    for _ in range(-(-resamples // 500)):  # the blocks and the draws of stats.bootstrap
        drawn = rng.integers(len(tasks), size=(500, len(tasks)))
        cells = (drawn + len(tasks) * np.arange(500)[:, None]).ravel()
        times = np.bincount(cells, minlength=drawn.size).reshape(drawn.shape)  # [500, tasks], how often each was drawn
        with np.errstate(divide="ignore", invalid="ignore"):  # 0 / 0 and log(0 / 0)
            g.append((times @ sums) / (times @ counts))
            lambda1.append(top + np.log((times @ exps) / (times @ counts)))
    return np.concatenate(g), np.concatenate(lambda1)
