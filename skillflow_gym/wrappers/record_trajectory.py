"""RecordTrajectory: keeps every finished episode in a JSONL file, whatever acts."""

from __future__ import annotations

import os
from math import nan
from pathlib import Path
from typing import Any

import gymnasium as gym

from skillflow_gym.episode import History, suite_env
from skillflow_gym.policy import Decision


class RecordTrajectory(gym.Wrapper[dict[str, str], Any, dict[str, str], Any], gym.utils.RecordConstructorArgs):
    """Appends each finished episode to a file, one ``Trajectory`` a line; ``read_trajectories`` reads it.

    Nothing is asked of what acts, so ``log_pf`` and ``log_ref`` are None. The line of an episode is written at its last
    step, whole and flushed to the disk; an episode that is left before its end is not kept. A half-written line that a
    killed process left behind is cut off when the file is opened again. Ids count on from the episodes in the file.
    A file belongs to one environment at a time.

    The wrapper goes around the environment itself, below wrappers that change actions or observations:
    ``TextAction(RecordTrajectory(env, path))``.

    Example:
        >>> import gymnasium as gym, skillflow_gym, tempfile
        >>> from pathlib import Path
        >>> from skillflow_gym import Action
        >>> from skillflow_gym.trajectory import read_trajectories
        >>> from skillflow_gym.wrappers import RecordTrajectory
        >>> path = Path(tempfile.mkdtemp()) / "episodes.jsonl"
        >>> env = RecordTrajectory(gym.make("SkillFlow/HotpotQA-v0", source="mini"), path)
        >>> observation, info = env.reset(seed=0)
        >>> _ = env.step(Action.act("search: the moon"))
        >>> _ = env.step(Action.accept("1969"))
        >>> env.close()
        >>> (trajectory,) = read_trajectories(path)
        >>> [turn.action.to_text() for turn in trajectory.turns], trajectory.reward
        (['act(search: the moon)', 'accept(1969)'], 0.0)
    """

    def __init__(self, env: gym.Env[dict[str, str], Any], path: Path | str) -> None:
        """Wrap ``env`` and open ``path``; its folder is made if it does not exist.

        Raises:
            TypeError: a wrapper inside changes actions or observations, or ``env`` is none of this suite.
            OSError: the file cannot be written.
        """
        gym.utils.RecordConstructorArgs.__init__(self, path=str(path))
        gym.Wrapper.__init__(self, env)
        core = suite_env(env)
        if (env.action_space, env.observation_space) != (core.action_space, core.observation_space):
            raise TypeError(
                "a wrapper inside changes the spaces: put it outside, as in TextAction(RecordTrajectory(env))"
            )
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        self._count = _keep_whole_lines(self._file)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Begin an episode; one that was not finished is forgotten."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._history = History(self.env, observation, info, seed=seed)
        return observation, info

    def step(self, action: Any) -> tuple[dict[str, str], Any, bool, bool, dict[str, Any]]:
        """Take ``action``; at the end of the episode, write its line.

        Raises:
            OSError: the line could not be written.
        """
        result = self.env.step(action)
        self._history.extend(Decision(action, nan, nan), *result)
        if self._history.done:
            self._append()
        return result

    def close(self) -> None:
        """Close the file and the environment; may be called twice."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        super().close()

    def _append(self) -> None:
        trajectory = self._history.trajectory(id=f"episode-{self._count}")
        line = (trajectory.to_json() + "\n").encode()
        # One write of the whole line: a reader, or whoever opens the file after a crash, sees all of it or a last line
        # without an end.
        if os.write(self._file, line) != len(line):
            raise OSError(f"{self.path}: only a part of the last line could be written; is the disk full?")
        os.fsync(self._file)
        self._count += 1


def _keep_whole_lines(file: int) -> int:
    """Cut off what follows the last end of line; the number of lines that stay."""
    count = end = 0
    with os.fdopen(os.dup(file), "rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                count, end = count + 1, end + len(line)
    os.ftruncate(file, end)
    return count
