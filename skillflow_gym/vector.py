"""ThreadVectorEnv: what ``gym.make_vec`` makes for every benchmark of the suite."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.vector.utils import concatenate, iterate

from skillflow_gym.registration import stanza


class ThreadVectorEnv(SyncVectorEnv):
    """Environments that step at the same time, a thread each: they mostly wait for servers, workers and sandboxes.

    Autoreset is disabled, so no action is ever paid for and ignored: reset the finished ones yourself with
    ``reset(options={"reset_mask": terminations | truncations})`` before the next step. Other options, such as a
    ``task_id``, go to every environment that is reset.

    >>> envs = gym.make_vec("SkillFlow/HotpotQA-v0", num_envs=2, source="mini")
    >>> observations, infos = envs.reset(seed=0, options={"index": 3})
    >>> len(set(observations["task"])), infos["split"].tolist()
    (1, ['train', 'train'])
    >>> envs.close()
    """

    def __init__(self, num_envs: int, benchmark: str, **kwargs: Any) -> None:
        """Make ``num_envs`` environments of ``benchmark``; ``kwargs`` go to each."""
        env_id = stanza(benchmark).env_id
        super().__init__([lambda: gym.make(env_id, **kwargs)] * num_envs, autoreset_mode=AutoresetMode.DISABLED)
        self._pool = ThreadPoolExecutor(num_envs, thread_name_prefix="skillflow-env")

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset all environments, or those where ``options["reset_mask"]`` is True.

        Raises:
            ValueError: seeds or mask are not one per environment, or the mask resets none.
        """
        if seed is None:
            seeds: list[int | None] = [None] * self.num_envs
        elif isinstance(seed, (int, np.integer)):
            seeds = [int(seed) + i for i in range(self.num_envs)]
        else:
            seeds = [None if s is None else int(s) for s in seed]
        options = dict(options or {})
        mask = np.asarray(options.pop("reset_mask", np.ones(self.num_envs, dtype=np.bool_)))
        if len(seeds) != self.num_envs or mask.shape != (self.num_envs,) or mask.dtype != np.bool_ or not mask.any():
            raise ValueError(f"give {self.num_envs} seeds, and a boolean reset_mask of {self.num_envs} with a True")
        chosen = [i for i in range(self.num_envs) if mask[i]]
        results = list(self._pool.map(lambda i: self.envs[i].reset(seed=seeds[i], options=options or None), chosen))
        infos: dict[str, Any] = {}
        for i, (observation, info) in zip(chosen, results, strict=True):
            self._env_obs[i] = observation
            infos = self._add_info(infos, info, i)
        self._autoreset_envs[mask] = False
        return self._batched(), infos

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Step every environment with its action.

        Raises:
            gymnasium.error.ResetNeeded: an environment is over and was not reset.
        """
        if self._autoreset_envs.any():
            over = np.flatnonzero(self._autoreset_envs).tolist()
            raise gym.error.ResetNeeded(f"environments {over} are over: reset(options={{'reset_mask': mask}}) first")
        results = list(self._pool.map(lambda env, action: env.step(action), self.envs, self._each(actions)))
        infos: dict[str, Any] = {}
        for i, (observation, reward, terminated, truncated, info) in enumerate(results):
            self._env_obs[i] = observation
            self._rewards[i], self._terminations[i], self._truncations[i] = reward, terminated, truncated
            infos = self._add_info(infos, info, i)
        self._autoreset_envs = np.logical_or(self._terminations, self._truncations)
        return (
            self._batched(),
            np.copy(self._rewards),
            np.copy(self._terminations),
            np.copy(self._truncations),
            infos,
        )

    def close_extras(self, **kwargs: Any) -> None:
        """Close the environments and the threads."""
        super().close_extras(**kwargs)
        self._pool.shutdown()

    def _each(self, actions: Any) -> list[Any]:
        return list(iterate(self.action_space, actions))

    def _batched(self) -> Any:
        self._observations = concatenate(self.single_observation_space, self._env_obs, self._observations)
        return deepcopy(self._observations)
