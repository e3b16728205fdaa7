"""DiscreteAction: a fixed number of slots over the benchmark's proposals, for algorithms with discrete actions."""

from __future__ import annotations

import logging
from math import nan
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from skillflow_gym.actions import Action
from skillflow_gym.episode import History, suite_env
from skillflow_gym.policy import Decision
from skillflow_gym.trajectory import Context

logger = logging.getLogger("skillflow_gym")


class DiscreteAction(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Takes the number of a proposal as the action: ``Discrete(slots)``.

    The proposals are the candidate actions that the benchmark reads off what it has shown. They change with every step,
    and the slots do not: slot i is proposal i, and the slots behind the last proposal are empty. What tells them apart
    is ``info["action_mask"]`` (int8, [slots]) and ``action_masks()`` (bool, as sb3-contrib's MaskablePPO asks for it).
    An empty slot costs a step, and the observation and ``info["error"]`` say so. Of more proposals than slots, some
    at even distances are left out, never the first or the last, and the log says so once: give more slots.

    It goes around the environment itself, below wrappers that change observations. Free text is lost: what is not
    proposed cannot be done.

    Example:
        >>> import gymnasium as gym, skillflow_gym
        >>> from skillflow_gym.wrappers import DiscreteAction
        >>> env = DiscreteAction(gym.make("SkillFlow/HotpotQA-v0", source="mini"), slots=64)
        >>> env.action_space
        Discrete(64)
        >>> observation, info = env.reset(seed=0)
        >>> int(info["action_mask"].sum()) == len(env.proposals) < 64
        True
        >>> proposal = env.proposals[0]
        >>> observation, reward, terminated, truncated, info = env.step(0)
        >>> env.context.turns[0].action == proposal
        True
        >>> observation, reward, terminated, truncated, info = env.step(63)
        >>> info["error"]
        "expected skill(id), act(text) or accept(answer), got 'slot 63 is empty'"
        >>> env.close()
    """

    def __init__(self, env: gym.Env[Any, Any], slots: int = 64) -> None:
        """Wrap ``env``.

        Raises:
            TypeError: a wrapper inside changes actions or observations, or ``env`` is none of this suite.
            ValueError: fewer than 2 slots.
        """
        gym.utils.RecordConstructorArgs.__init__(self, slots=slots)
        gym.Wrapper.__init__(self, env)
        core = suite_env(env)
        if (env.action_space, env.observation_space) != (core.action_space, core.observation_space):
            raise TypeError(
                "a wrapper inside changes the spaces: put it outside, as in EmbedObservation(DiscreteAction(env))"
            )
        if slots < 2:
            raise ValueError(f"slots must be at least 2, got {slots}")
        self.slots = slots
        self.action_space = spaces.Discrete(slots)
        self._announced = False

    @property
    def context(self) -> Context:
        """What a policy may condition on now; its proposals are all of them, also those without a slot."""
        return self._history.context

    @property
    def proposals(self) -> tuple[Action, ...]:
        """The proposals that have a slot, in the order of the slots."""
        return slotted(self.context.proposals, self.slots)

    def action_masks(self) -> NDArray[np.bool_]:
        """Which slots hold a proposal, [slots]."""
        return np.arange(self.slots) < len(self.proposals)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._history = History(self.env, observation, info, seed=seed, proposals=True)
        return observation, self._with_mask(info)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take the proposal in slot ``action``."""
        chosen, proposals = int(action), self.proposals
        taken: Action | str = proposals[chosen] if 0 <= chosen < len(proposals) else f"slot {chosen} is empty"
        observation, reward, terminated, truncated, info = self.env.step(taken)
        self._history.extend(Decision(taken, nan, nan), observation, reward, terminated, truncated, info)
        return observation, reward, terminated, truncated, self._with_mask(info)

    def _with_mask(self, info: dict[str, Any]) -> dict[str, Any]:
        number = len(self.context.proposals)
        if number > self.slots and not self._announced:
            self._announced = True
            logger.warning("%s proposes %d actions for %d slots: some are left out", self.unwrapped, number, self.slots)
        return {**info, "action_mask": self.action_masks().astype(np.int8)}


def slotted(proposals: tuple[Action, ...], slots: int) -> tuple[Action, ...]:
    """The proposals that get one of ``slots`` slots: all, or as many at even distances, the first and last included."""
    if len(proposals) <= slots:
        return proposals
    return tuple(proposals[i] for i in np.linspace(0, len(proposals) - 1, slots).astype(int))
