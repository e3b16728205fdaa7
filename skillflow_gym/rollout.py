"""Collector: policies x environments -> trajectories, in lockstep batches that give the same result every time."""

from __future__ import annotations

import logging
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from typing import Any

import gymnasium as gym
import numpy as np

from skillflow_gym.episode import Episode, suite_env
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.policy import Decision, Policy
from skillflow_gym.skills import SkillLibrary
from skillflow_gym.trajectory import Trajectory

logger = logging.getLogger(__name__)

MAX_THREADS = 256
"""Most environments that wait for a server at a time."""


class Undecided(InfrastructureError):
    """Raised by a policy that failed in some of its contexts.

    Attributes:
        decisions: one per context; None where it failed.
    """

    def __init__(self, message: str, decisions: Sequence[Decision | None]) -> None:
        super().__init__(message)
        self.decisions = list(decisions)


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
    floating-point results, do not depend on timing. With an executor that is not deterministic nothing is gained by
    that: then those decide that are back, and none waits for another. The environment's ``parallel`` limits how many
    are open; a job takes the place of one that has ended.

    Where the policy raises an ``InfrastructureError``, as one whose server is gone does, the episodes that it was asked
    about end unscored; where that is ``Undecided``, only those without a decision.

    Attributes:
        make_env: makes one environment; they are kept and used again.
        deadline: seconds per episode; an episode past it is dropped after its current turn. 0 for none.
        threads: environments step in that many threads; 0 for as many as the environment's ``parallel`` says, or one
            each if the executor is a server's. With none they step one after the other, which is faster unless they
            wait for something. Where ``parallel`` limits them no more are opened than there are threads: an engine
            that waits for its turn is memory, and in ScienceWorld another Java that has to get warm.
        library: the skills that all episodes see from now on; None leaves each environment its own.
    """

    make_env: Callable[[], gym.Env[Any, Any]]
    deadline: float = 0.0
    threads: int = 0
    library: SkillLibrary | None = None
    _envs: list[gym.Env[Any, Any]] = field(default_factory=list, init=False, repr=False)
    _pool: ThreadPoolExecutor | None = field(default=None, init=False, repr=False)
    _results: SimpleQueue[tuple[int, Any]] = field(default_factory=SimpleQueue, init=False, repr=False)
    _lockstep: bool = field(default=True, init=False, repr=False)
    _threads: int = field(default=0, init=False, repr=False)

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
        free, waiting, ready = deque(range(len(self._envs))), deque(range(len(jobs))), dict[int, _Rollout]()
        steps = under_way = 0
        while waiting or ready or under_way:
            while waiting and free:
                job = waiting.popleft()
                self._launch(job, _begin, self._envs[free[0]], jobs[job], free.popleft())
                under_way += 1
            arrived = self._arrived(under_way)
            under_way -= len(arrived)
            for i, rollout in arrived:
                ended = self._ended(rollout, jobs[i], drop, dropped)
                if rollout.episode is None:
                    trajectories[i] = _failed(jobs[i], policy.version)
                elif ended:
                    out = rollout.failed or jobs[i].id in dropped
                    trajectories[i] = rollout.episode.trajectory(jobs[i].id, jobs[i].group, policy.version, dropped=out)
                else:
                    ready[i] = rollout
                if ended:
                    free.append(rollout.slot)
            if on_turn is not None and steps:
                on_turn(sum(t is not None for t in trajectories), steps)
            if not ready or (self._lockstep and waiting and free):
                continue
            acting = [(i, rollout, rollout.episode) for i, rollout in sorted(ready.items()) if rollout.episode]
            ready.clear()
            decisions = _decide(policy, [e for _, _, e in acting], [r for _, r, _ in acting])
            for (i, rollout, _), decision in zip(acting, decisions, strict=True):
                self._launch(i, _advance, rollout, decision)
            steps += sum(decision is not None for decision in decisions)
            under_way += len(acting)
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
        if not self._envs:
            return
        first = suite_env(self._envs[0])
        self._lockstep = first.executor.deterministic
        engines = min(first.parallel, self.threads or first.parallel)
        while len(self._envs) < min(jobs, engines or (jobs if self._lockstep else MAX_THREADS)):
            self._envs.append(self.make_env())
        self._threads = self.threads or engines or (0 if self._lockstep else len(self._envs))

    def _launch(self, job: int, function: Callable[..., _Rollout], *arguments: Any) -> None:
        """Run ``function`` in a thread if there are any; what it returns or raises arrives under the job's number."""

        def run() -> None:
            try:
                self._results.put((job, function(*arguments)))
            except BaseException as error:  # the thread that waits raises it again
                self._results.put((job, error))

        if not self._threads:
            run()
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="rollout")
        self._pool.submit(run)

    def _arrived(self, under_way: int) -> list[tuple[int, _Rollout]]:
        """Job and rollout, in the order of the jobs: of all that are under way, or of those that are back by now."""
        found = [self._results.get() for _ in range(under_way if self._lockstep else min(under_way, 1))]
        while not self._lockstep and len(found) < under_way and not self._results.empty():
            found.append(self._results.get())
        rollouts = []
        for job, result in found:
            if not isinstance(result, _Rollout):
                raise result
            rollouts.append((job, result))
        return sorted(rollouts, key=lambda pair: pair[0])

    def _ended(self, rollout: _Rollout, job: Job, drop: dict[str, int] | None, dropped: dict[str, int]) -> bool:
        """Whether an episode is over; one whose time is up is noted in ``dropped``."""
        if rollout.episode is None or rollout.episode.done or rollout.failed:
            return True
        turns = rollout.episode.context.step
        late = turns > 0 and bool(self.deadline) and time.perf_counter() - rollout.start > self.deadline
        if late if drop is None else drop.get(job.id) == turns:
            dropped[job.id] = turns
            return True
        return False


@dataclass(frozen=True)
class _Rollout:
    """An episode that runs, or None if it could not begin: its generator, its environment's place, when it began.

    ``failed`` says that the policy could not decide.
    """

    episode: Episode | None
    rng: np.random.Generator
    slot: int
    start: float
    failed: bool = False


def _begin(env: gym.Env[Any, Any], job: Job, slot: int) -> _Rollout:
    rng, start = job.rng(), time.perf_counter()
    try:
        return _Rollout(Episode(env, seed=int(rng.integers(2**31)), task_id=job.task_id), rng, slot, start)
    except InfrastructureError:
        return _Rollout(None, rng, slot, start)


def _decide(policy: Policy, episodes: Sequence[Episode], rollouts: Sequence[_Rollout]) -> Sequence[Decision | None]:
    """A decision per episode; None where the policy failed."""
    try:
        return policy.act([e.context for e in episodes], [r.rng for r in rollouts])
    except InfrastructureError as error:
        decisions = error.decisions if isinstance(error, Undecided) else [None] * len(episodes)
        logger.warning("the policy failed in %d episodes, now unscored: %s", decisions.count(None), error)
        return decisions


def _advance(rollout: _Rollout, decision: Decision | None) -> _Rollout:
    assert rollout.episode is not None
    if decision is None:
        return replace(rollout, failed=True)
    rollout.episode.step(decision)
    return rollout


def _failed(job: Job, version: str) -> Trajectory:
    """The trajectory of an episode that could not begin: no turns, unscored."""
    return Trajectory(
        job.id, "", (), task_id=job.task_id, group=job.group, policy_version=version, truncated=True, unscored=True
    )
