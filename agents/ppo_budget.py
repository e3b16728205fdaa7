"""What keeps Stable-Baselines3's loop within the budget of episodes, and lets a killed run go on where it was."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback

from skillflow_gym.agents.runs import KEPT_CHECKPOINTS, RunFolder
from skillflow_gym.episode import suite_env
from skillflow_gym.files import replacing


class Numbered(gym.Wrapper[Any, Any, Any, Any]):
    """Makes an episode a function of the run's seed, the environment's place and its number, to be taken up again."""

    def __init__(self, env: gym.Env[Any, Any], seed: int, place: int) -> None:
        super().__init__(env)
        self._key, self.number, self.actions = (seed, place), 0, list[int]()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin the next episode; ``seed`` is of no account."""
        self.number, self.actions = self.number + 1, []
        rng = np.random.default_rng([*self._key, self.number])
        return self.env.reset(seed=int(rng.integers(2**31)), options=options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take ``action``."""
        self.actions.append(int(action))
        return self.env.step(action)

    def take_up(self, number: int, actions: Sequence[int]) -> None:
        """Go to where episode ``number`` is after ``actions``, if the environment repeats itself; else begin it."""
        self.number = number - 1
        self.reset()
        for action in actions if suite_env(self).executor.deterministic else ():
            self.step(action)


class Budget(BaseCallback):
    """Stops at the budget of episodes; writes a row and a checkpoint per iteration."""

    def __init__(self, run: RunFolder, episodes: int) -> None:
        super().__init__()
        self._run, self._episodes = run, episodes
        self.episodes = 0
        """Episodes that have ended."""
        self._ended: deque[dict[str, Any]] = deque()
        self._start: float | None = None

    @property
    def left(self) -> float:
        """Share of the budget that is left, in [0, 1]."""
        return max(0.0, 1 - self.episodes / self._episodes)

    def _on_training_start(self) -> None:
        if taken := getattr(self.model, "taken", None):
            torch.set_rng_state(taken["torch_rng"])
            np.random.set_state(taken["numpy_rng"])

    def _on_rollout_start(self) -> None:
        if self._start is not None:
            self._write(trained=True)
            self._save()
        self._start = self._collected = time.perf_counter()

    def _on_step(self) -> bool:
        for done, reward, info in zip(*(self.locals[name] for name in ("dones", "rewards", "infos")), strict=True):
            if done:
                self.episodes += 1
                self._ended.append({**info, "reward": float(reward)})  # the outcome is paid at the end
        return self.episodes < self._episodes

    def _on_rollout_end(self) -> None:
        self._collected = time.perf_counter()

    def _on_training_end(self) -> None:
        self._collected = time.perf_counter()  # the budget ended within an iteration, which trains nothing
        self._write(trained=False)
        self._save()

    def _write(self, trained: bool) -> None:
        """Write the figures of the iteration's rollouts, and the losses of its update if there was one."""
        assert self._start is not None
        scored = [info for info in self._ended if not info["unscored"]]
        row: dict[str, Any] = {"step": self.num_timesteps, "episodes": self.episodes}
        for figure in ("reward", "success"):
            row[f"charts/{figure}"] = float(np.mean([info[figure] for info in scored])) if scored else 0.0
        row["charts/unscored"] = 1 - len(scored) / len(self._ended) if self._ended else 0.0
        if trained:
            figures = self.logger.name_to_value
            row |= {f"losses/{name[6:]}": float(v) for name, v in figures.items() if name.startswith("train/")}
        self._run.append("metrics.jsonl", row)
        seconds = {"collect": self._collected - self._start, "update": time.perf_counter() - self._collected}
        self._run.append("timing.jsonl", {"step": self.num_timesteps, **seconds})
        self._ended.clear()

    def _save(self) -> None:
        """Keep the model, and as its attribute ``taken`` all that the run needs to go on from here."""
        envs = [(env.number, env.actions) for env in cast(Any, self.training_env).envs]
        rngs = {"torch_rng": torch.get_rng_state(), "numpy_rng": np.random.get_state()}
        cast(Any, self.model).taken = {"episodes": self.episodes, "envs": envs, **rngs}
        with replacing(self._run.path / "checkpoints" / f"step-{self.num_timesteps:09d}.zip") as file:
            self.model.save(cast(Any, file), exclude=["learning_rate", "lr_schedule"])  # which know the budget
        for old in checkpoints(self._run)[:-KEPT_CHECKPOINTS]:
            old.unlink()


def checkpoints(run: RunFolder) -> list[Path]:
    """The checkpoints of a run, the newest last."""
    return sorted((run.path / "checkpoints").glob("step-*.zip"))
