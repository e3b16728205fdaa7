"""Replay: run a recorded trajectory again from its environment's spec and compare everything that was shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import nan
from typing import Any, NamedTuple

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from skillflow_gym.actions import ActionKind
from skillflow_gym.episode import Episode, suite_env
from skillflow_gym.errors import InfrastructureError
from skillflow_gym.policy import Decision
from skillflow_gym.trajectory import Trajectory, Turn


class ReplayError(ValueError):
    """A trajectory that cannot be replayed here. The message says why and what to do."""


class Difference(NamedTuple):
    """Where a replay left the recording.

    Attributes:
        turn: 0 for the reset, t for the t-th action.
        what: the field of Turn or Trajectory that differs.
        expected: its recorded value.
        got: its value in the replay.
    """

    turn: int
    what: str
    expected: Any
    got: Any


@dataclass(frozen=True)
class ReplayResult:
    """How a replay went.

    Attributes:
        first_difference: where the replay left the recording; None if it never did.
        source_changed: the task's public content is not what it was (another fingerprint).
        library_changed: the skill library is not the one that was seen (another version).
        deterministic: whether the environment promises the same episode for the same seed.
        trajectory: the replayed episode, as far as it went.
    """

    first_difference: Difference | None
    source_changed: bool
    library_changed: bool
    deterministic: bool
    trajectory: Trajectory

    @property
    def equal(self) -> bool:
        """Whether every observation, error and figure came out as recorded."""
        return self.first_difference is None


def replay(trajectory: Trajectory, make_env: Callable[[], gym.Env[Any, Any]] | None = None) -> ReplayResult:
    """Take the recorded actions again, from the recorded seed and task, and compare what comes back.

    Compared are the task, the catalogue and the first observation; after each action the observation, the admissible
    actions, the error, the usage and whether the episode goes on; at the end reward, score, success, terminated and
    truncated. Of an unscored recording only the turns before the failure are compared: infrastructure fails once.

    Args:
        trajectory: the recording.
        make_env: makes the environment; by default it is made from ``trajectory.env_spec``, with the source that the
            recording resolved to.

    Raises:
        ReplayError: the recording withholds its texts, the environment cannot be made, or its source lacks the task.
    """
    if trajectory.withheld:
        raise ReplayError(
            "the recording holds no texts: those of this benchmark's real records must not be written. Run it again "
            "from its seed instead"
        )
    env = make_env() if make_env is not None else _from_spec(trajectory)
    try:
        return _compare(trajectory, env)
    finally:
        env.close()


def _from_spec(trajectory: Trajectory) -> gym.Env[Any, Any]:
    if not trajectory.env_spec:
        raise ReplayError("the recording holds no environment spec: call replay(trajectory, make_env)")
    try:
        spec = EnvSpec.from_json(trajectory.env_spec)
        # Only the id is taken from the recording, never its entry point: a file must not choose what is imported.
        # "auto" may resolve to something else here, so the source is named; rendering would print the episode.
        return gym.make(spec.id, **{**spec.kwargs, "source": trajectory.source, "render_mode": None})
    except gym.error.UnregisteredEnv as error:
        raise ReplayError(f"{error} Import the module that registers it first") from error
    except (ValueError, TypeError, KeyError, OSError, gym.error.Error) as error:
        raise ReplayError(f"the environment cannot be made: {error}") from error


def _compare(recorded: Trajectory, env: gym.Env[Any, Any]) -> ReplayResult:
    core = suite_env(env)
    try:
        episode = Episode(env, seed=recorded.seed, task_id=recorded.task_id, proposals=False)
    except KeyError as error:
        raise ReplayError(str(error.args[0])) from error
    except (ValueError, OSError, InfrastructureError) as error:
        raise ReplayError(str(error)) from error
    difference = next(_differences(recorded, episode), None)
    got = episode.trajectory(recorded.id, recorded.group, recorded.policy_version)
    return ReplayResult(
        first_difference=difference,
        source_changed=bool(recorded.fingerprint) and got.fingerprint != recorded.fingerprint,
        library_changed=got.library_version != recorded.library_version,
        deterministic=core.executor.deterministic,
        trajectory=got,
    )


_AT_RESET = ("task", "catalogue", "first", "first_admissible", "step_limit")
_AT_END = ("terminated", "truncated", "unscored", "reward", "success", "score")


def _differences(recorded: Trajectory, episode: Episode) -> Iterator[Difference]:
    """Every difference, found while ``episode`` takes the recorded actions."""
    yield from _fields(0, _AT_RESET, recorded, episode.trajectory())
    turns = recorded.turns
    if recorded.unscored and turns and turns[-1].error and not turns[-1].observation:
        turns = turns[:-1]
    for t, turn in enumerate(turns, start=1):
        if episode.done:
            yield Difference(t, "length", f"{len(recorded)} turns", f"the episode ended after {t - 1}")
            return
        refused = _refused(turn)
        episode.step(Decision(turn.action.argument if refused else turn.action, nan, nan))
        # How a refusal is worded depends on the form of what was sent, and only its text is recorded.
        names = ("admissible", "usage") if refused else ("error", "observation", "admissible", "usage")
        got = episode.trajectory().turns[-1]
        if refused and not got.error:
            yield Difference(t, "error", turn.error, got.error)
        yield from _fields(t, names, turn, got)
    if not recorded.unscored:
        yield from _fields(len(turns), _AT_END, recorded, episode.trajectory())


def _refused(turn: Turn) -> bool:
    """Whether the turn's action could not be parsed: the environment's whole answer was then the error."""
    return turn.action.kind is ActionKind.ACT and bool(turn.error) and turn.observation == turn.error


def _fields(turn: int, names: tuple[str, ...], recorded: Any, got: Any) -> Iterator[Difference]:
    for name in names:
        expected, found = getattr(recorded, name), getattr(got, name)
        if expected != found:
            yield Difference(turn, name, expected, found)
