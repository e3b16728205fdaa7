"""Distinct successful paths: how many really different ways of solving a task a policy has found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import gymnasium as gym

from skillflow_gym.actions import Action
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision
from skillflow_gym.trajectory import Trajectory

Path = frozenset[Action]


class PathFinder:
    """Reduces successful trajectories to their paths by replaying them with steps left out.

    A path is the set of a trajectory's distinct actions after deleting errors, repeats, and every step without which
    the replay still succeeds, tried from the first to the last. For a policy that chooses from proposals, a replay
    succeeds only if each of its actions is proposed when its turn comes: an answer that nothing shown suggests is a
    guess, not a path.
    """

    def __init__(self, make_env: Callable[[], gym.Env[Any, Any]]) -> None:
        """Replay in one environment that ``make_env`` makes; results are kept: good policies repeat themselves."""
        self._make_env = make_env
        self._env: gym.Env[Any, Any] | None = None
        self._paths: dict[tuple[str, tuple[Action, ...]], Path | None] = {}

    def path(self, trajectory: Trajectory) -> Path | None:
        """The path of a successful trajectory; None if it failed or cannot be replayed to success."""
        if not trajectory.success:
            return None
        key = (trajectory.task_id, tuple(turn.action for turn in trajectory.turns))
        if key not in self._paths:
            if len(self._paths) >= 100_000:
                self._paths.clear()
            self._paths[key] = self._reduce(trajectory)
        return self._paths[key]

    def count(self, trajectories: Iterable[Trajectory]) -> Mapping[str, int]:
        """Number of distinct successful paths per task id; 0 for tasks that were only failed."""
        found: dict[str, set[Path]] = {}
        for trajectory in trajectories:
            paths = found.setdefault(trajectory.task_id, set())
            if (path := self.path(trajectory)) is not None:
                paths.add(path)
        return {task_id: len(paths) for task_id, paths in found.items()}

    def close(self) -> None:
        """Close the environment; may be called twice."""
        if self._env is not None:
            self._env.close()
            self._env = None

    def _reduce(self, trajectory: Trajectory) -> Path | None:
        actions = list(dict.fromkeys(turn.action for turn in trajectory.turns if not turn.error))
        if not self._succeeds(trajectory, actions):
            actions = [turn.action for turn in trajectory.turns]
            if not self._succeeds(trajectory, actions):
                return None
        position = 0
        while position < len(actions):
            shorter = actions[:position] + actions[position + 1 :]
            if self._succeeds(trajectory, shorter):
                actions = shorter
            else:
                position += 1
        return frozenset(actions)

    def _succeeds(self, trajectory: Trajectory, actions: list[Action]) -> bool:
        if self._env is None:
            self._env = self._make_env()
        proposed = bool(trajectory.turns[0].candidates)
        episode = Episode(self._env, seed=trajectory.seed, task_id=trajectory.task_id, proposals=proposed)
        for action in actions:
            if episode.done or (proposed and action not in episode.context.proposals):
                return False
            episode.step(Decision(action, 0.0, 0.0))
        return episode.done and episode.trajectory().success
