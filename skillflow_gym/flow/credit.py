"""Credit: what each turn of a trajectory contributed, the flows that follow from it, and log Z of a task.

    log I(t)              = log pi(a_t|H_{t-1}) - log pi_ref(a_t|H_{t-1})                            credit
    log F(H_t)            = log Z(q) + sum over u <= t of log I(u)          F(H_0) = Z(q)             state flow
    log F(H_{t-1} -> H_t) = log F(H_{t-1}) + log pi(a_t|H_{t-1})                                     edge flow

All are in nats. Where the residual of trajectory balance is zero,

    sum over t of log I(t) = beta log R~ - log Z(q)      and so      log F(H_T) = beta log R~,      R~ = R + eps:

credit adds up to the outcome, turn by turn.

Source: SkillFlow (arXiv 2605.14089), Eq. 12 (step importance) and Eq. 14 (state flow). The paper divides by a learned
P_phi(a_t|H_{t-1}, o_t) and takes means over tokens. Here the anchor is the frozen reference policy, and the
log-probabilities are those of whole actions: without this the sums above have nothing to do with the reward, and
docs/objectives.md says why.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skillflow_gym.trajectory import Trajectory

Floats = NDArray[np.float64]


class Credit:
    """The credit of each turn of one trajectory, from log-probabilities that are stored in it or given.

    F(H_t) is measured in units of the reference policy. At zero residual it is the mean of R~^beta over the ways in
    which pi_ref goes on from H_t, so log F is a soft value: before the first turn log Z, at the end beta log R~, and
    log I(t) is its change by turn t. The mass that passes through H_t is pi_ref(H_t) F(H_t) = Z pi(H_t). The edge flow
    is the part of F(H_{t-1}) that takes a_t: over all actions it sums to F(H_{t-1}), and it arrives in these units as
    F(H_t) = F(H_{t-1} -> H_t) / pi_ref(a_t|H_{t-1}).

    With the `tree` anchor pass zeros as ``log_ref``: F is then an ordinary flow, and log I(t) is never positive.

    Attributes:
        log_pf: log pi(a_t|H_{t-1}), [T], in nats.
        log_ref: log pi_ref(a_t|H_{t-1}), [T], in nats.
        log_i: log I(t), [T], in nats.

    >>> Credit(log_pf=[-0.5, -0.1], log_ref=[-2.5, -0.1]).log_i.tolist()
    [2.0, 0.0]
    """

    def __init__(self, log_pf: ArrayLike, log_ref: ArrayLike) -> None:
        """Take the log-probabilities of the actions of one trajectory, each [T].

        Raises:
            ValueError: shapes that differ or are not [T], or a turn whose log I(t) is not finite.
        """
        self.log_pf: Floats = np.array(log_pf, dtype=np.float64)
        self.log_ref: Floats = np.array(log_ref, dtype=np.float64)
        if self.log_pf.ndim != 1 or self.log_pf.shape != self.log_ref.shape:
            raise ValueError(
                "log_pf and log_ref must be one number a turn, [T]; "
                f"got shapes {self.log_pf.shape} and {self.log_ref.shape}"
            )
        finite = np.isfinite(self.log_pf) & np.isfinite(self.log_ref)
        if not finite.all():
            t = int(np.argmin(finite))
            raise ValueError(
                f"turn {t} has log pi {self.log_pf[t]} and log pi_ref {self.log_ref[t]}: both must be finite, since "
                "an action that was taken has a probability above 0"
            )
        self.log_i: Floats = self.log_pf - self.log_ref

    @classmethod
    def of(cls, trajectory: Trajectory) -> Credit:
        """The credit of a trajectory by the log-probabilities with which it was sampled.

        Raises:
            ValueError: as `stored_log_probs`.
        """
        return cls(stored_log_probs(trajectory, "log_pf"), stored_log_probs(trajectory, "log_ref"))

    def __len__(self) -> int:
        return len(self.log_i)

    @property
    def total(self) -> float:
        """Sum over t of log I(t), in nats."""
        return float(self.log_i.sum())

    def state_flow(self, log_z: float = 0.0) -> Floats:
        """State flow: log F(H_t) for t = 0 ... T, [T + 1], in nats; without ``log_z``, log F(H_t) - log Z."""
        return log_z + np.concatenate([[0.0], np.cumsum(self.log_i)])

    def edge_flow(self, log_z: float = 0.0) -> Floats:
        """Edge flow: log F(H_{t-1} -> H_t) for t = 1 ... T, [T], in nats; without ``log_z``, that minus log Z."""
        return self.state_flow(log_z)[:-1] + self.log_pf


def credits_of(trajectories: Sequence[Trajectory], credits: Sequence[Credit] | None = None) -> Sequence[Credit]:
    """One `Credit` per trajectory: ``credits`` after a check of their lengths, or the stored ones if None.

    Raises:
        ValueError: ``credits`` do not belong to the trajectories; or as `Credit.of`.
    """
    if credits is None:
        return [Credit.of(trajectory) for trajectory in trajectories]
    if [len(credit) for credit in credits] != [len(trajectory) for trajectory in trajectories]:
        raise ValueError("expected one credit per trajectory, in their order and with as many turns")
    return credits


def vargrad_log_z(
    group: Sequence[Trajectory], *, beta: float, eps: float = 0.1, credits: Sequence[Credit] | None = None
) -> float:
    """Log Z of a task, in nats, from rollouts of it: their mean of beta log(R + eps) - sum over t of log I(t).

    It is the value at which the residuals of the group sum to zero (VarGrad, Richter et al., arXiv 2010.10436; for
    trajectory balance Zhang et al., arXiv 2302.05446). At zero residual every trajectory gives the same value.

    Args:
        group: trajectories of one task, scored by one policy; otherwise they share no Z.
        beta: inverse temperature of the reward.
        eps: what is added to the reward.
        credits: of each trajectory, if not the stored ones.

    Raises:
        ValueError: fewer than two trajectories, more than one task, an unscored trajectory, a reward outside [0, 1],
            ``eps`` not positive; or as `credits_of`.
    """
    if len(group) < 2:
        raise ValueError("log Z from the group needs at least 2 trajectories of the task; collect more")
    one_task(group)
    if unscored := [t.id for t in group if t.unscored]:
        raise ValueError(f"trajectories {unscored} have no outcome; drop unscored episodes first")
    rewards = np.array([t.reward for t in group], dtype=np.float64)
    if not ((rewards >= 0) & (rewards <= 1)).all():
        raise ValueError(f"rewards must lie in [0, 1]; got {rewards.tolist()}")
    if not eps > 0:
        raise ValueError(f"eps must be positive, since log(R + eps) is needed at R = 0; got {eps}")
    totals = np.array([credit.total for credit in credits_of(group, credits)])
    return float(np.mean(beta * np.log(rewards + eps) - totals))


def one_task(group: Sequence[Trajectory]) -> str:
    """The id of the task that all trajectories of ``group`` share.

    Raises:
        ValueError: there is no trajectory, or they are of several tasks.
    """
    ids = sorted({trajectory.task_id for trajectory in group})
    if len(ids) != 1:
        raise ValueError(f"expected trajectories of one task, got {len(group)} of the tasks {ids}")
    return ids[0]


def stored_log_probs(trajectory: Trajectory, which: Literal["log_pf", "log_ref"]) -> Floats:
    """The log pi or log pi_ref of each turn that was stored when it was sampled, [T], in nats.

    Raises:
        ValueError: the trajectory is unscored, or a turn has no (finite) log-probability.
    """
    if trajectory.unscored:
        raise ValueError(f"trajectory {trajectory.id!r} was cut off by a failure; drop unscored episodes first")
    values = [getattr(turn, which) for turn in trajectory.turns]
    for t, value in enumerate(values):
        if value is None or not math.isfinite(value):
            raise ValueError(
                f"trajectory {trajectory.id!r} has no {which} at turn {t}, only {value}. Collect it with a policy that "
                "knows its probabilities, or score it again with policy.log_prob and use Credit(log_pf, log_ref)"
            )
    return np.array(values, dtype=np.float64)


def log_mean_exp(values: ArrayLike) -> float:
    """Log of the mean of exp(values), [N], without overflow; between their mean and their maximum (Jensen).

    Raises:
        ValueError: there is no value.
    """
    x: Floats = np.asarray(values, dtype=np.float64)
    if not x.size:
        raise ValueError("the mean of no values is not defined")
    top = x.max()
    return float(top + np.log(np.mean(np.exp(x - top))))
