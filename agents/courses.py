"""What a run trains on: a benchmark, or several in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from skillflow_gym.agents.args import TrainArgs
from skillflow_gym.agents.policies.scorer import features_for
from skillflow_gym.cli.common import find, loaded
from skillflow_gym.flow.paths import PathFinder
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.sources import resolve_source
from skillflow_gym.tasks import Task, TaskSet, require_disjoint


@dataclass(frozen=True)
class Course:
    """A benchmark to train on.

    Attributes:
        name: the benchmark's.
        tasks: of its train split.
        collector: plays them.
        paths: reduces what was played to paths.
    """

    name: str
    tasks: TaskSet
    collector: Collector
    paths: PathFinder

    @classmethod
    def of(cls, args: TrainArgs, tasks: TaskSet) -> Course:
        """The benchmark that ``args.env`` names."""
        make_env = partial(args.make_env, "train")
        return cls(find(args.env).name, tasks, Collector(make_env, args.deadline, args.threads), PathFinder(make_env))

    def jobs(self, args: TrainArgs, step: int, turn: int) -> list[Job]:
        """The rollouts of update ``step``, the ``turn``-th of this course: the next tasks in a shuffled order.

        The order is shuffled anew every time all tasks had their turn.
        """
        first = (turn - 1) * args.tasks_per_step
        jobs = []
        for slot in range(first, first + args.tasks_per_step):
            task, group = self._task(args.seed, slot), f"{step}/{slot - first}"
            jobs += [Job(f"{group}/{k}", task.id, group, (args.seed, step, k)) for k in range(args.rollouts)]
        return jobs

    def close(self) -> None:
        """Close the environments; may be called twice."""
        self.collector.close()
        self.paths.close()

    def _task(self, seed: int, slot: int) -> Task:
        size = len(self.tasks)
        order = np.random.default_rng([seed, slot // size]).permutation(size)
        return self.tasks[int(order[slot % size])]


def more_courses(args: TrainArgs, asked: str) -> tuple[Sequence[Course], str]:
    """The courses of ``args.also``, and that text with the sources that were resolved.

    Args:
        args: of the run.
        asked: the source that the user asked for, for those that name none of their own.

    Raises:
        ValueError: a benchmark needs features that the policy does not have, or shares tasks with its own panel.
    """
    kind = features_for(find(args.env).family)
    courses, names = [], []
    for entry in filter(None, (part.strip() for part in args.also.split(","))):
        name, _, own = entry.partition("=")
        benchmark = find(name)
        if args.policy == "scorer" and features_for(benchmark.family) != kind:
            raise ValueError(f"--also {name}: the small policy describes its actions unlike those of {args.env}")
        source = str(resolve_source(benchmark, own or asked, ("train", "test")))
        there = replace(args, env=name, source=source, also="")
        train, panel = (loaded(there.make_env(split)).taskset for split in ("train", "test"))
        require_disjoint(train, panel)
        courses.append(Course.of(there, train))
        names.append(f"{name}={source}")
    return courses, ",".join(names)
