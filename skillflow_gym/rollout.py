"""Collector: policies x environments -> trajectories, in lockstep batches that give the same result every time."""

from __future__ import annotations

import logging
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from queue import SimpleQueue
from threading import Lock
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
    _lockstep: bool = field(default=True, init=False, repr=False)

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
        run = _Run(self, policy, jobs, drop, on_turn)
        run.play()
        trajectories = [t for t in run.trajectories if t is not None]
        return Collection(trajectories, run.dropped, run.steps, time.perf_counter() - start)

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
        threads = self.threads or engines or (0 if self._lockstep else MAX_THREADS)
        if threads and self._pool is None:
            self._pool = ThreadPoolExecutor(threads, thread_name_prefix="rollout")


@dataclass(frozen=True)
class _Rollout:
    """An episode that runs, or None if it could not begin: the number of its job, its generator, when it began.

    ``failed`` says that the policy could not decide.
    """

    number: int
    env: gym.Env[Any, Any]
    episode: Episode | None
    rng: np.random.Generator
    start: float
    failed: bool = False


_Work = Callable[[], _Rollout]
"""Brings a rollout back for its next decision: begins it, or takes the step that was decided."""


class _Run:
    """One call of ``Collector.collect``.

    Who brings a rollout back has all decided that wait by then, unless somebody is deciding, who will then do so again:
    a slow policy gets large batches, and where a quick one may be asked in any thread, a thread goes on with its own
    episode.

    Attributes:
        trajectories: of the jobs that have ended; None for the others.
        dropped: as in Collection.
        steps: actions taken.
    """

    def __init__(
        self,
        collector: Collector,
        policy: Policy,
        jobs: Sequence[Job],
        drop: dict[str, int] | None,
        on_turn: Callable[[int, int], None] | None,
    ) -> None:
        self._collector, self._policy, self._jobs = collector, policy, jobs
        self._lockstep, self._pool = collector._lockstep, collector._pool
        self._drop, self._on_turn = drop, on_turn
        self.trajectories: list[Trajectory | None] = [None] * len(jobs)
        self.dropped: dict[str, int] = {}
        self.steps = self._finished = self._under_way = 0
        self._told, self._over = 0, not jobs
        self._waiting = deque(range(len(jobs)))
        self._ready: dict[int, _Rollout] = {}
        self._deciding = self._stopped = False
        self._decides_anywhere = not self._lockstep and getattr(policy, "any_thread", False)
        self._lock = Lock()
        self._here = SimpleQueue[Callable[[], None]]()  # what is left for the thread that called

    def play(self) -> None:
        """Make all rollouts."""
        for work in [self._next(env) for env in self._collector._envs[: len(self._jobs)]]:
            self._launch(work)
        try:
            while not self._over:
                self._here.get()()
        finally:
            self._stopped = True

    def _next(self, env: gym.Env[Any, Any]) -> _Work:
        """The beginning of the next job."""
        self._under_way += 1
        number = self._waiting.popleft()
        return partial(_begin, env, self._jobs[number], number)

    def _launch(self, work: _Work) -> None:
        if self._pool is None:
            self._here.put(partial(self._go_on, work))
        else:
            self._pool.submit(self._go_on_apart, work)

    def _go_on_apart(self, work: _Work) -> None:
        """Go on in a thread; what that raises is raised where it was called."""
        try:
            self._go_on(work)
        except BaseException as error:
            self._here.put(partial(_raise, error))

    def _go_on(self, work: _Work | None) -> None:
        """Do ``work``, and whatever follows that need not wait."""
        while work is not None and not self._stopped:
            work = self._arrived(work())

    def _arrived(self, rollout: _Rollout) -> _Work | None:
        """Take a rollout back; what this thread can do next."""
        with self._lock:
            self._under_way -= 1
            if not self._ended(rollout):
                self._ready[rollout.number] = rollout
            elif self._waiting:
                return self._next(rollout.env)
            if self._deciding or (self._lockstep and self._under_way):
                return None
            self._deciding = True
        if self._decides_anywhere:
            return self._decide()
        self._here.put(self._decide_here)
        return None

    def _decide_here(self) -> None:
        if work := self._decide():
            self._launch(work)

    def _decide(self) -> _Work | None:
        """Decide for all that wait until none does; one of the steps is left to who called."""
        work: _Work | None = None
        while batch := self._batch():
            if work is not None:
                self._launch(work)
            decisions = _decisions(self._policy, batch)
            self.steps += sum(decision is not None for decision in decisions)
            *others, work = [partial(_advance, rollout, d) for rollout, d in zip(batch, decisions, strict=True)]
            for other in others:
                self._launch(other)
        return work

    def _batch(self) -> list[_Rollout]:
        """What waits for a decision, in the order of the jobs; if nothing does, somebody else may decide."""
        with self._lock:
            batch = [self._ready[number] for number in sorted(self._ready)]
            self._ready.clear()
            self._under_way += len(batch)
            self._deciding = bool(batch)
            done, self._told = self._told, self._finished
            if self._finished == len(self._jobs) or (self._on_turn is not None and (batch or self._finished != done)):
                self._here.put(partial(self._tell, self._finished, self.steps))
        return batch

    def _tell(self, finished: int, steps: int) -> None:
        if self._on_turn is not None and steps:
            self._on_turn(finished, steps)
        self._over = finished == len(self._jobs)

    def _ended(self, rollout: _Rollout) -> bool:
        """Whether an episode is over; if so its trajectory is kept, and one whose time is up noted in ``dropped``."""
        job, episode = self._jobs[rollout.number], rollout.episode
        if episode is None:
            made = _failed(job, self._policy.version)
        elif episode.done or rollout.failed or self._late(rollout, episode.context.step):
            out = rollout.failed or job.id in self.dropped
            made = episode.trajectory(job.id, job.group, self._policy.version, dropped=out)
        else:
            return False
        self.trajectories[rollout.number] = made
        self._finished += 1
        return True

    def _late(self, rollout: _Rollout, turns: int) -> bool:
        """Whether an episode is to be given up after so many turns, which is noted."""
        job, deadline = self._jobs[rollout.number], self._collector.deadline
        if self._drop is None:
            late = turns > 0 and bool(deadline) and time.perf_counter() - rollout.start > deadline
        else:
            late = self._drop.get(job.id) == turns
        if late:
            self.dropped[job.id] = turns
        return late


def _begin(env: gym.Env[Any, Any], job: Job, number: int) -> _Rollout:
    rng, start = job.rng(), time.perf_counter()
    try:
        episode = Episode(env, seed=int(rng.integers(2**31)), task_id=job.task_id)
    except InfrastructureError:
        episode = None
    return _Rollout(number, env, episode, rng, start)


def _decisions(policy: Policy, rollouts: Sequence[_Rollout]) -> Sequence[Decision | None]:
    """A decision per rollout; None where the policy failed."""
    contexts = [rollout.episode.context for rollout in rollouts if rollout.episode is not None]
    try:
        return policy.act(contexts, [rollout.rng for rollout in rollouts])
    except InfrastructureError as error:
        decisions = error.decisions if isinstance(error, Undecided) else [None] * len(rollouts)
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


def _raise(error: BaseException) -> None:
    raise error
