"""TextAction: plain text as the action, for policies that write and for libraries without sum types."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from skillflow_gym.spaces import Unicode


class TextAction(gym.ActionWrapper[dict[str, str], str, Any], gym.utils.RecordConstructorArgs):
    """Takes a text in the grammar ``skill(id) | act(text) | accept(answer)`` as the action.

    The action space becomes ``Unicode``. The environment itself parses the text: one that is no action costs a step,
    and the observation and ``info["error"]`` say what is expected.

    Example:
        >>> import gymnasium as gym, skillflow_gym
        >>> from skillflow_gym.wrappers import TextAction
        >>> env = TextAction(gym.make("SkillFlow/HotpotQA-v0", source="mini"))
        >>> env.action_space
        Unicode()
        >>> observation, info = env.reset(seed=0)
        >>> observation, reward, terminated, truncated, info = env.step("look it up")
        >>> info["error"]
        "expected skill(id), act(text) or accept(answer), got 'look it up'"
        >>> observation, reward, terminated, truncated, info = env.step("accept(the moon)")
        >>> reward, terminated
        (0.0, True)
        >>> env.close()
    """

    def __init__(self, env: gym.Env[dict[str, str], Any]) -> None:
        """Wrap ``env``."""
        gym.utils.RecordConstructorArgs.__init__(self)
        gym.ActionWrapper.__init__(self, env)
        self.action_space = Unicode()

    def action(self, action: str) -> str:
        """The text as it is."""
        return action
