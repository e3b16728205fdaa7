"""Collector: policies x environments -> trajectories, in lockstep batches that give the same result every time."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np

from skillflow_gym.episode import Episode, suite_env
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.policy import Decision, Policy
from skillflow_gym.skills import SkillLibrary
from skillflow_gym.trajectory import Trajectory


@dataclass(frozen=True)
class Job:
    """One rollout to make.

    Attributes:
        id: unique in its run; the trajectory gets it.
        task_id: the task.
        group: rollouts that are compared with one another share it.
        key: integers that seed the rollout's generator and the environment, such as (seed, step, rollout).
    """

    id: str
    task_id: str
    group: str
    key: tuple[int, ...]

    def rng(self) -> np.random.Generator:
        """A generator from ``key`` and the task's id."""
        return np.random.default_rng([zlib.crc32(self.task_id.encode("utf-8", "surrogatepass")), *self.key])


@dataclass(frozen=True)
class Collection:
    """What a Collector made.

    Attributes:
        trajectories: one per job, in the order of the jobs; the dropped and the failed ones are unscored.
        dropped: job id -> number of turns after which it was given up for its deadline.
        env_steps: actions taken.
        seconds: wall-clock time.
    """

    trajectories: list[Trajectory]
    dropped: dict[str, int]
    env_steps: int
    seconds: float

    @property
    def scored(self) -> list[Trajectory]:
        """The trajectories that may be trained on: scored, and with at least one turn."""
        return [t for t in self.trajectories if not t.unscored and t.turns]


@dataclass
class Collector:
    """Makes rollouts of a policy, each in an environment of its own.

    All running episodes decide together in one batch, in the order of the jobs, so the batches, and with them the
    floating-point results, do not depend on timing. The environment's ``parallel`` limits how many are open; then a
    job takes the place of one that has ended.

    Attributes:
        make_env: makes one environment; they are kept and used again.
        deadline: seconds per episode; an episode past it is dropped after its current turn. 0 for none.
        threads: environments step in that many threads; 0 for as many as the environment's ``parallel`` says. With
            none they step one after the other, which is faster unless they wait for a server or a process.
        library: the skills that all episodes see from now on; None leaves each environment its own.
    """

    make_env: Callable[[], gym.Env[Any, Any]]
    deadline: float = 0.0
    threads: int = 0
    library: SkillLibrary | None = None
    _envs: list[gym.Env[Any, Any]] = field(default_factory=list, init=False, repr=False)
    _pool: ThreadPoolExecutor | None = field(default=None, init=False, repr=False)

    def collect(
        self,
        policy: Policy,
        jobs: Sequence[Job],
        drop: dict[str, int] | None = None,
        on_turn: Callable[[int, int], None] | None = None,
    ) -> Collection:
        """Roll out ``policy`` on every job.

        Args:
            policy: what acts.
            jobs: the rollouts to make.
            drop: an earlier run's ``Collection.dropped``, to be honoured instead of the deadline.
            on_turn: called after every batch with the numbers of finished episodes and of steps.
        """
        start = time.perf_counter()
        self._open(len(jobs))
        if self.library is not None:
            for env in self._envs:
                suite_env(env).library = self.library
        trajectories: list[Trajectory | None] = [None] * len(jobs)
        dropped: dict[str, int] = {}
        free, waiting, active = list(range(len(self._envs))), list(range(len(jobs))), dict[int, _Rollout]()
        steps = 0
        while waiting or active:
            begun, waiting = waiting[: len(free)], waiting[len(free) :]
            slots = [(self._envs[free[k]], jobs[i], free[k]) for k, i in enumerate(begun)]
            free = free[len(begun) :]
            for i, slot, rollout in zip(begun, slots, self._map(_begin, slots), strict=True):
                if rollout is None:
                    trajectories[i] = _failed(jobs[i], policy.version)
                    free.append(slot[2])
                else:
                    active[i] = rollout
            running = [active[i] for i in sorted(active)]
            if not running:
                continue
            decisions = policy.act([r.episode.context for r in running], [r.rng for r in running])
            self._map(_advance, list(zip(running, decisions, strict=True)))
            steps += len(running)
            for i in sorted(active):
                rollout, job = active[i], jobs[i]
                turns = rollout.episode.context.step
                late = bool(self.deadline) and time.perf_counter() - rollout.start > self.deadline
                out = not rollout.episode.done and (late if drop is None else drop.get(job.id) == turns)
                if out:
                    dropped[job.id] = turns
                if rollout.episode.done or out:
                    trajectories[i] = rollout.episode.trajectory(job.id, job.group, policy.version, dropped=out)
                    free.append(rollout.slot)
                    del active[i]
            if on_turn is not None:
                on_turn(sum(t is not None for t in trajectories), steps)
        finished = [t for t in trajectories if t is not None]
        return Collection(finished, dropped, steps, time.perf_counter() - start)

    def close(self) -> None:
        """Close the environments; may be called twice."""
        for env in self._envs:
            env.close()
        self._envs.clear()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _open(self, jobs: int) -> None:
        """Make the environments that ``jobs`` rollouts need."""
        if jobs and not self._envs:
            self._envs.append(self.make_env())
        most = suite_env(self._envs[0]).parallel if self._envs else 0
        self._threads = self.threads or most
        while len(self._envs) < min(jobs, most or jobs):
            self._envs.append(self.make_env())

    def _map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        if not self._threads:
            return [function(item) for item in items]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="rollout")
        return list(self._pool.map(function, items))


@dataclass(frozen=True)
class _Rollout:
    """An episode that runs: its generator, the place of its environment, and when it began."""

    episode: Episode
    rng: np.random.Generator
    slot: int
    start: float


def _begin(place: tuple[gym.Env[Any, Any], Job, int]) -> _Rollout | None:
    env, job, slot = place
    rng, start = job.rng(), time.perf_counter()
    try:
        return _Rollout(Episode(env, seed=int(rng.integers(2**31)), task_id=job.task_id), rng, slot, start)
    except InfrastructureError:
        return None


def _advance(pair: tuple[_Rollout, Decision]) -> None:
    rollout, decision = pair
    rollout.episode.step(decision)


def _failed(job: Job, version: str) -> Trajectory:
    """The trajectory of an episode that could not begin: no turns, unscored."""
    return Trajectory(
        job.id, "", (), task_id=job.task_id, group=job.group, policy_version=version, truncated=True, unscored=True
    )
