"""How often a policy reads a skill, beside how often its reference would: is reading it better than acting, and where?

At zero residual pi is proportional to pi_ref F. Between reading s and all actions that read no skill

    log pi(s|H) / pi(acts|H)  =  log pi_ref(s|H) / pi_ref(acts|H)  +  log F(H s) / F(H acts),

where F(H acts) is the mean over these actions as pi_ref takes them. So s is read more often than pi_ref would read it
exactly where reading is worth more than acting, and the other skills of the catalogue play no part. The reads n of s
are compared with what they would be if the two were worth the same,

    e = sum of pi_ref(s|H) / (pi_ref(s|H) + pi_ref(acts|H))    over the turns that read s or acted while s was on offer.

G and the Jensen gap are means over the visits that the policy chose. A policy that reads an uneven skill only where it
helps makes these visits look even, and a skill that it never reads has none: neither can be seen there. Here the turns
that leave the skill unread count as much as those that read it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import NamedTuple

import numpy as np

from skillflow_gym.actions import ActionKind
from skillflow_gym.flow.credit import Credit, Floats
from skillflow_gym.stats import Interval, bootstrap
from skillflow_gym.trajectory import Trajectory

MATERIAL = 0.2
"""A skill that is worth less than this rather than acting, or costs less (in nats), neither helps nor hurts."""


class Side(NamedTuple):
    """The rollouts of the tasks in which a skill seems to help, or to hurt.

    Attributes:
        reads: n over these rollouts.
        expected: e over these rollouts.
        tasks: how many tasks they are of.
        excess: n - e per task, with its 95% interval over tasks.
    """

    reads: float
    expected: float
    tasks: int
    excess: Interval

    @property
    def value(self) -> float:
        """Log of n over e, in nats: what reading is worth rather than acting. Half a read is added to both."""
        return log((self.reads + 0.5) / (self.expected + 0.5))


@dataclass(frozen=True, slots=True)
class SkillReads:
    """How often a skill was read.

    Attributes:
        reads: n, of all tasks.
        expected: what the reference would have read in the policy's place, the sum of pi_ref(s|H) over all turns with
            the skill on offer. The turns that read another skill count here: n over this is the mean of exp(log I),
            the worth of the skill beside all else that could be done. 0 where nothing is known of the reference.
        helps: the rollouts of tasks whose other rollouts say that it is worth reading; None of too few.
        hurts: those whose other rollouts say that it is not.
    """

    reads: float
    expected: float
    helps: Side | None = None
    hurts: Side | None = None

    @property
    def avoided(self) -> bool:
        """Whether ``expected`` lies above what n leaves to chance: the 97.5% bound of a Poisson mean.

        >>> SkillReads(3, 34.0).avoided, SkillReads(3, 5.0).avoided, SkillReads(0, 0.0).avoided
        (True, False, False)
        """
        return self.reads + 1.96 * sqrt(self.reads + 1) + 2.5 < self.expected

    @property
    def unstable(self) -> bool:
        """Whether it helps in some tasks and hurts in others: shown by both intervals, and by `MATERIAL` nats each."""
        if self.helps is None or self.hurts is None:
            return False
        shown = self.helps.excess.low > 0 > self.hurts.excess.high
        return shown and self.helps.value >= MATERIAL and self.hurts.value <= -MATERIAL


Row = tuple[float, float, float, float]
"""Of one rollout: n, e, the sum of log I(t) over its n reads in nats, and all that the reference would have read."""
RefReads = Sequence[Mapping[str, float]]
"""Per turn of a trajectory, [T]: skill -> pi_ref(s|H), the probability with which the reference would have read it."""


def skill_reads(
    trajectories: Sequence[Trajectory],
    credits: Sequence[Credit],
    skills: Iterable[str],
    told: Sequence[RefReads | None] | None = None,
    *,
    min_tasks: int = 5,
    resamples: int = 2_000,
    seed: int = 0,
) -> dict[str, SkillReads]:
    """The reads of each of ``skills``.

    Where proposals are kept, pi_ref is uniform over them. Of other trajectories it must be ``told``; one of which it is
    not says nothing here.

    Whether a rollout is of a task in which the skill seems to help is told by the task's other rollouts: by log I(t) of
    their reads or, if none read it, by how many would have. So the mean of n - e of a side is 0 if reading is worth as
    much as acting in all its tasks, however few rollouts a task has. Tasks are resampled: rollouts of one task are no
    independent evidence.

    Args:
        trajectories: of policies close to each other.
        credits: of each trajectory.
        skills: the names.
        told: what the learner has told of its reference, for each trajectory; None for nothing.
        min_tasks: fewer tasks than this make no side.
        resamples: bootstrap samples.
        seed: of the resampling.
    """
    rows: dict[str, dict[str, list[Row]]] = {name: defaultdict(list) for name in skills}
    for trajectory, credit, given in zip(trajectories, credits, told or [None] * len(trajectories), strict=True):
        for name, row in _rows(trajectory, credit, ref_reads(trajectory) if given is None else given).items():
            if name in rows:
                rows[name][trajectory.task_id].append(row)
    result = {}
    for name, of_task in rows.items():
        sums = np.array([row for found in of_task.values() for row in found]).reshape(-1, 4).sum(axis=0)
        helps, hurts = (_side(of_task, sign, min_tasks, resamples, seed) for sign in (1, -1))
        result[name] = SkillReads(float(sums[0]), float(sums[3]), helps, hurts)
    return result


def ref_reads(trajectory: Trajectory) -> RefReads:
    """What the reference would have read, by the proposals that were kept; nothing where none were."""
    return [
        {action.argument: 1 / len(turn.candidates) for action in turn.candidates if action.kind is ActionKind.SKILL}
        for turn in trajectory.turns
    ]


def _rows(trajectory: Trajectory, credit: Credit, told: RefReads) -> dict[str, Row]:
    """The row of each skill that was on offer; to n and e, a turn that read one skill says nothing of the others."""
    found: defaultdict[str, Row] = defaultdict(lambda: (0.0, 0.0, 0.0, 0.0))
    for turn, log_i, reference in zip(trajectory.turns, credit.log_i, told, strict=True):
        read = turn.action.argument if turn.action.kind is ActionKind.SKILL else None
        acts = max(0.0, 1.0 - sum(reference.values()))
        for name, p in reference.items():
            n, e, total, everything = found[name]
            if read == name:
                n, total = n + 1, total + float(log_i)
            if read in (None, name) and p > 0:
                e += p / (p + acts)
            found[name] = n, e, total, everything + p
    return found


def _side(of_task: Mapping[str, list[Row]], sign: int, min_tasks: int, resamples: int, seed: int) -> Side | None:
    """The rollouts whose task's other rollouts say that the skill helps (``sign`` 1) or hurts (-1) there."""
    kept, excess = [], []
    for found in of_task.values():
        rows: Floats = np.array(found)  # [rollouts, 4]
        others = rows.sum(axis=0) - rows
        says = np.where(others[:, 0] > 0, others[:, 2], others[:, 0] - others[:, 1])
        here = rows[sign * says > 1e-9]
        if len(here):
            kept.append(here.sum(axis=0))
            excess.append(float(here[:, 0].sum() - here[:, 1].sum()))
    if len(excess) < min_tasks:
        return None
    sums = np.sum(kept, axis=0)
    return Side(float(sums[0]), float(sums[1]), len(excess), bootstrap(excess, resamples, seed))
