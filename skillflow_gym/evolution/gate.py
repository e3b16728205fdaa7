"""The gate: a new skill enters only if rollouts with and without it do not show that it does harm."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal, Protocol

import numpy as np

from skillflow_gym.evolution.settings import Settings
from skillflow_gym.skills.library import SkillLibrary
from skillflow_gym.stats import paired_bootstrap
from skillflow_gym.trajectory import Trajectory


class Rollout(Protocol):
    """Rolls out the present policy on train tasks; whoever trains the policy has it."""

    def __call__(
        self, library: SkillLibrary, *, tasks: int, rollouts: int, exclude: Collection[str], seed: int
    ) -> list[Trajectory]:
        """``rollouts`` trajectories of each of ``tasks`` train tasks, none of them in ``exclude``, with ``library``.

        Of fewer tasks if no more are left, and none if all are excluded: then nothing can be tried. The tasks and the
        seeds of the episodes depend on the other arguments alone, and not on the library.
        """


class Trial:
    """The gate of one phase: tries candidates by rollouts of the present policy with and without them.

    All candidates of a phase are tried on the same tasks and seeds, so that a library is rolled out once.

    Attributes:
        rollouts: trajectories made so far.
    """

    def __init__(self, settings: Settings, rollout: Rollout | None, exclude: frozenset[str], seed: int) -> None:
        """Take the numbers, what rolls out, the tasks that the candidates were written from, and a seed."""
        self._settings, self._rollout, self._exclude, self._seed = settings, rollout, exclude, seed
        self._known: dict[str, list[Trajectory]] = {}
        self.rollouts = 0

    def __call__(self, without: SkillLibrary, candidate: SkillLibrary) -> tuple[bool, dict[str, Any]]:
        """Whether ``candidate`` may take the place of ``without``, and the numbers behind it."""
        if not self._settings.gate_tasks or self._rollout is None:
            return True, {"rule": "open"}
        return judge(self._trajectories(without), self._trajectories(candidate), self._settings.gate_rule)

    def _trajectories(self, library: SkillLibrary) -> list[Trajectory]:
        assert self._rollout is not None
        if library.version not in self._known:
            self._known[library.version] = self._rollout(
                library,
                tasks=self._settings.gate_tasks,
                rollouts=self._settings.gate_rollouts,
                exclude=self._exclude,
                seed=self._seed,
            )
            self.rollouts += len(self._known[library.version])
        return self._known[library.version]


def judge(
    without: list[Trajectory], candidate: list[Trajectory], rule: Literal["no-harm", "benefit"]
) -> tuple[bool, dict[str, Any]]:
    """Whether a candidate may enter, and the numbers; tasks are paired, and resampled by the bootstrap.

    ``no-harm`` refuses what is shown to do harm: the 95% interval of the paired difference in reward lies below 0.
    ``benefit`` refuses what is not shown to help: the interval does not lie above 0. Tasks whose rollouts all failed
    for the infrastructure on one side are left out; if none is left, nothing was tried, and the candidate is refused.
    """
    before, after = _per_task(without), _per_task(candidate)
    both = sorted(before.keys() & after.keys())
    numbers: dict[str, Any] = {"rule": rule, "tasks": len(both), "rollouts": len(without) + len(candidate)}
    if not both:
        return False, {**numbers, "difference": None}
    difference = paired_bootstrap([after[t] for t in both], [before[t] for t in both])
    accepted = difference.low > 0 if rule == "benefit" else difference.high >= 0
    means = {"without": float(np.mean([before[t] for t in both])), "with": float(np.mean([after[t] for t in both]))}
    return accepted, {**numbers, **means, "difference": list(difference)}


def _per_task(trajectories: list[Trajectory]) -> dict[str, float]:
    rewards: dict[str, list[float]] = {}
    for trajectory in trajectories:
        if not trajectory.unscored:
            rewards.setdefault(trajectory.task_id, []).append(trajectory.reward)
    return {task: float(np.mean(some)) for task, some in rewards.items()}
