"""EmbedObservation: the proposals of ``DiscreteAction`` as numbers, for networks that take arrays."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.text import STOP_WORDS, stem, words
from skillflow_gym.trajectory import Context

BUCKETS = 16
NAMES = (
    *("is_skill", "is_act", "is_accept", "is_empty", "progress", "last_step"),
    *("length", "share_in_task", "share_of_task", "share_in_last", "share_in_earlier", "near_task"),
    *("taken_before", "has_digit", "is_capital"),
)
SIZE = len(NAMES) + BUCKETS
"""Numbers per slot: ``NAMES``, then the words of the action, hashed."""


class EmbedObservation(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Shows every slot of a ``DiscreteAction`` as ``SIZE`` numbers: ``Box(-1, 1, (slots * SIZE,), float32)``.

    ``observation.reshape(slots, SIZE)`` has a row per slot. It says what kind of action the proposal is, how far the
    episode is, how its words relate to the task and to what was shown, and its words as signed hash buckets: a pure
    function of what the episode has shown. That is enough to learn from, and little; a network of your own that reads
    text will do better. ``DiscreteAction`` stands inside.

    Example:
        >>> import gymnasium as gym, skillflow_gym
        >>> from skillflow_gym.wrappers import DiscreteAction, EmbedObservation
        >>> env = EmbedObservation(DiscreteAction(gym.make("SkillFlow/HotpotQA-v0", source="mini"), slots=64))
        >>> observation, info = env.reset(seed=0)
        >>> observation.shape, observation in env.observation_space
        ((1984,), True)
        >>> env.close()
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        """Wrap ``env``.

        Raises:
            TypeError: there is no ``DiscreteAction`` inside.
        """
        gym.utils.RecordConstructorArgs.__init__(self)
        gym.Wrapper.__init__(self, env)
        if not env.has_wrapper_attr("slots"):
            raise TypeError("nothing to embed: wrap a DiscreteAction, as in EmbedObservation(DiscreteAction(env))")
        self._slots: int = env.get_wrapper_attr("slots")
        self.observation_space = spaces.Box(-1.0, 1.0, (self._slots * SIZE,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        _, info = self.env.reset(seed=seed, options=options)
        return self._embed(), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take ``action``."""
        _, reward, terminated, truncated, info = self.env.step(action)
        return self._embed(), reward, terminated, truncated, info

    def _embed(self) -> NDArray[np.float32]:
        context: Context = self.env.get_wrapper_attr("context")
        table = np.zeros((self._slots, SIZE), dtype=np.float32)
        table[:, NAMES.index("is_empty")] = 1
        rows = embed(context, self.env.get_wrapper_attr("proposals"))
        table[: len(rows)] = rows
        return table.ravel()


def embed(context: Context, proposals: tuple[Action, ...]) -> NDArray[np.float32]:
    """``NAMES`` and hashed words of each proposal, float32 [N, SIZE] in [-1, 1]."""
    task, last = _content(context.task), _content(context.observation)
    earlier = frozenset[str]().union(_content(context.first), *(_content(t.observation) for t in context.turns[:-1]))
    near = frozenset(word for line in _lines(context.observation) if _content(line) & task for word in _content(line))
    taken = {turn.action for turn in context.turns}
    progress = context.step / max(context.step_limit, 1)
    ends = float(context.step + 1 >= context.step_limit)
    table = np.empty((len(proposals), SIZE), dtype=np.float32)
    for row, action in zip(table, proposals, strict=True):
        own = _content(action.argument)
        size = max(len(own), 1)
        shared = len(own & task)
        row[: len(NAMES)] = (
            *(float(action.kind == kind) for kind in ActionKind),
            0.0,
            progress,
            ends,
            min(len(own), 10) / 10,
            shared / size,
            shared / max(len(task), 1),
            len(own & last) / size,
            len(own & earlier) / size,
            len(own & near) / size,
            float(action in taken),
            float(any(c.isdigit() for c in action.argument)),
            float(action.argument.partition(": ")[2][:1].isupper() or action.argument[:1].isupper()),
        )
        row[len(NAMES) :] = _hashed(action)
    return table


def _lines(text: str) -> list[str]:
    return text.split("\n")[:200]


@lru_cache(maxsize=16384)
def _content(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in words(text) if word not in STOP_WORDS)


@lru_cache(maxsize=16384)
def _hashed(action: Action) -> tuple[float, ...]:
    """The words of the argument as signed buckets, of length 1."""
    buckets = np.zeros(BUCKETS)
    for word in words(action.argument):
        number = zlib.crc32(word.encode("utf-8", "surrogatepass"))
        buckets[number % BUCKETS] += 1 if number & 1 << 20 else -1
    return tuple(buckets / max(float(np.linalg.norm(buckets)), 1.0))
