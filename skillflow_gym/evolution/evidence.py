"""Where: the turns of a success that earned it, beside a failure of the same task."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skillflow_gym.actions import ActionKind
from skillflow_gym.evolution.authors import Pair
from skillflow_gym.flow.credit import Credit, Floats
from skillflow_gym.trajectory import Trajectory


def pairs(
    trajectories: Sequence[Trajectory], credits: Sequence[Credit], zeta: float, shuffle: np.random.Generator | None
) -> list[Pair]:
    """One pair per task that has a success and a failure: those of highest and of lowest credit among them.

    A trigger step is a turn of the success with log I(t) >= ``zeta`` that is no reading of a skill. Tasks without one
    are left out. With ``shuffle`` the same number of steps is drawn at random instead (the ablation of *where*).

    Args:
        trajectories: scored ones, of any tasks.
        credits: of each trajectory.
        zeta: in nats.
        shuffle: draws the steps instead.
    """
    by_task: dict[str, list[int]] = {}
    for number, trajectory in enumerate(trajectories):
        by_task.setdefault(trajectory.task_id, []).append(number)
    found = []
    for _, numbers in sorted(by_task.items()):
        good = [n for n in numbers if trajectories[n].success]
        bad = [n for n in numbers if not trajectories[n].success]
        if not good or not bad:
            continue
        success = max(good, key=lambda n: (credits[n].total, -n))
        failure = min(bad, key=lambda n: (credits[n].total, n))
        turns = triggers(trajectories[success], credits[success], zeta)
        if turns and shuffle is not None:
            usable = _usable(trajectories[success])
            turns = tuple(
                sorted(int(t) for t in shuffle.choice(usable, size=min(len(turns), len(usable)), replace=False))
            )
        if turns:
            found.append(Pair(trajectories[success], trajectories[failure], turns))
    return found


def triggers(trajectory: Trajectory, credit: Credit, zeta: float) -> tuple[int, ...]:
    """The turns with log I(t) >= ``zeta`` nats that do not read a skill, oldest first, from 0."""
    return tuple(t for t in _usable(trajectory) if credit.log_i[t] >= zeta)


def _usable(trajectory: Trajectory) -> list[int]:
    return [t for t, turn in enumerate(trajectory.turns) if turn.action.kind is not ActionKind.SKILL and not turn.error]


def contrast_credits(trajectories: Sequence[Trajectory], beta: float, eps: float) -> list[Credit]:
    """Credit from outcomes alone, for a policy whose probabilities are not known.

    Each turn gets an equal share of beta log R~ minus its mean over the trajectories of the task: what the credit of a
    trajectory adds up to at zero residual, if log Z is the task's own mean. Nothing tells the turns apart.
    """
    values = beta * np.log(np.array([t.reward for t in trajectories]) + eps)
    by_task: dict[str, list[int]] = {}
    for number, trajectory in enumerate(trajectories):
        by_task.setdefault(trajectory.task_id, []).append(number)
    credits: dict[int, Credit] = {}
    for numbers in by_task.values():
        mean = float(values[numbers].mean())
        for n in numbers:
            turns = len(trajectories[n])
            share: Floats = np.full(turns, (values[n] - mean) / max(turns, 1))
            credits[n] = Credit(share, np.zeros(turns))
    return [credits[n] for n in range(len(trajectories))]
