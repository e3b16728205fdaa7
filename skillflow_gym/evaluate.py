"""Evaluation of a policy on a panel: each task the same number of times, figures with intervals over tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.policy import Policy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.stats import Interval, bootstrap, pass_at_k
from skillflow_gym.tasks import Task, panel_sha256
from skillflow_gym.trajectory import Trajectory, write_trajectories


@dataclass(frozen=True)
class Evaluation:
    """A policy's rollouts on a panel.

    Attributes:
        tasks: the panel, in order.
        trajectories: k per task, task after task; the unscored ones included.
        k: rollouts per task.
    """

    tasks: Sequence[Task]
    trajectories: Sequence[Trajectory]
    k: int

    @property
    def sha256(self) -> str:
        """The panel's name: the hash of its ids and contents."""
        return panel_sha256(self.tasks)

    @property
    def unscored(self) -> float:
        """Share of rollouts that could not be scored."""
        return sum(t.unscored for t in self.trajectories) / len(self.trajectories)

    def per_task(self, figure: Callable[[Trajectory], float]) -> NDArray[np.float64]:
        """Mean of ``figure`` over the scored rollouts of each task, [tasks]; NaN for a task with none."""
        groups = [self.trajectories[i * self.k : (i + 1) * self.k] for i in range(len(self.tasks))]
        return np.array([np.mean(v) if (v := [figure(t) for t in g if not t.unscored]) else np.nan for g in groups])

    def by_kind(self) -> dict[str, Evaluation]:
        """The same for each kind of task, where the tasks' records have a ``kind``; in the order of the panel."""
        found: dict[str, tuple[list[Task], list[Trajectory]]] = {}
        for i, task in enumerate(self.tasks):
            if kind := task.record.get("kind"):
                tasks, trajectories = found.setdefault(str(kind), ([], []))
                tasks.append(task)
                trajectories += self.trajectories[i * self.k : (i + 1) * self.k]
        return {kind: Evaluation(*members, self.k) for kind, members in found.items()}

    def reward(self) -> Interval:
        """Reward of one rollout."""
        return self._interval(self.per_task(lambda t: t.reward))

    def success(self) -> Interval:
        """Success of one rollout (pass@1)."""
        return self._interval(self.per_task(lambda t: float(t.success)))

    def metric(self, name: str) -> Interval:
        """A figure of the benchmark's score."""
        return self._interval(self.per_task(lambda t: float(t.score[name])))

    def pass_at(self, k: int) -> Interval:
        """Unbiased pass@k, over the tasks with at least ``k`` scored rollouts."""
        groups = [self.trajectories[i * self.k : (i + 1) * self.k] for i in range(len(self.tasks))]
        scored = [[t.success for t in g if not t.unscored] for g in groups]
        return self._interval(np.array([pass_at_k(sum(s), len(s), k) if len(s) >= k else np.nan for s in scored]))

    def steps_per_success(self) -> float:
        """Mean number of turns of the successful rollouts; NaN without any."""
        lengths = [len(t) for t in self.trajectories if t.success]
        return float(np.mean(lengths)) if lengths else float("nan")

    def summary(self) -> dict[str, Any]:
        """The figures as plain numbers, for a metrics file; None where nothing was scored, since JSON has no NaN."""
        names = next((list(t.score) for t in self.trajectories if not t.unscored), [])
        figures = {"success": self.success(), **{name: self.metric(name) for name in names}}
        if self.k > 1:
            figures[f"pass@{self.k}"] = self.pass_at(self.k)
        return {
            **{name: [_known(x) for x in interval] for name, interval in figures.items()},
            "steps_per_success": _known(self.steps_per_success()),
            "unscored": self.unscored,
            "tasks": len(self.tasks),
            "rollouts_per_task": self.k,
            "panel_sha256": self.sha256,
        }

    @staticmethod
    def _interval(values: NDArray[np.float64]) -> Interval:
        known = values[~np.isnan(values)]
        return bootstrap(known) if len(known) else Interval(float("nan"), float("nan"), float("nan"))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 6)


def evaluate(
    policy: Policy,
    collector: Collector,
    tasks: Sequence[Task],
    k: int = 1,
    seed: int = 0,
    batch: int = 128,
    on_batch: Callable[[int, int], None] | None = None,
    journal: Path | None = None,
) -> Evaluation:
    """Roll out ``policy`` ``k`` times on each of ``tasks``.

    Args:
        policy: what acts.
        collector: makes the environments of the panel's split.
        tasks: the panel; each of its tasks is played exactly ``k`` times.
        k: rollouts per task.
        seed: of the rollouts' generators.
        batch: episodes at a time.
        on_batch: called with the numbers of finished and of all rollouts.
        journal: a JSONL file that every batch is added to. The whole batches that it holds already, of an evaluation
            with the same arguments that was killed, are not played again.
    """
    jobs = [Job(f"{task.id}#{i}", task.id, task.id, (seed, i)) for task in tasks for i in range(k)]
    trajectories = _journalled(journal, jobs, batch) if journal is not None else []
    for start in range(len(trajectories), len(jobs), batch):
        made = collector.collect(policy, jobs[start : start + batch]).trajectories
        trajectories += made
        if journal is not None:
            with journal.open("a", encoding="utf-8") as file:
                file.write("".join(trajectory.to_json() + "\n" for trajectory in made))
        if on_batch is not None:
            on_batch(len(trajectories), len(jobs))
    return Evaluation(tasks, trajectories, k)


def _journalled(journal: Path, jobs: Sequence[Job], batch: int) -> list[Trajectory]:
    """The whole batches of ``jobs`` that ``journal`` holds; what a kill left behind them is cut off."""
    if not journal.is_file():
        return []
    lines = journal.read_text(encoding="utf-8").split("\n")[:-1]
    whole = len(jobs) if len(lines) == len(jobs) else len(lines) // batch * batch
    kept = [Trajectory.from_json(line) for line in lines[:whole]]
    write_trajectories(journal, kept)
    return kept
