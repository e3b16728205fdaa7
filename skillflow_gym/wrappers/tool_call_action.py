"""ToolCallAction: OpenAI tool calls as actions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import gymnasium as gym

from skillflow_gym.actions import TOOLS, Action, ActionKind
from skillflow_gym.spaces import Unicode


class ToolCallText(Unicode):
    """Any Unicode text; the samples are tool calls as JSON. The argument of a call is a sample of ``Unicode``."""

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        """The JSON of a call to ``skill``, ``act`` or ``accept``; the mask is the argument's."""
        kind = ActionKind(int(self.np_random.integers(len(ActionKind))))
        return json.dumps(Action(kind, super().sample(mask, probability)).to_tool_call())

    def __repr__(self) -> str:
        return "ToolCallText()"


class ToolCallAction(gym.ActionWrapper[dict[str, str], Any, Any], gym.utils.RecordConstructorArgs):
    """Takes an OpenAI tool call as the action: what a chat-completions server returned for ``env.tools``.

    ``step`` takes the call as a mapping, as the ``openai`` package's own object, or as the JSON of the mapping. Of
    these only text can be a member of a space that samples, batches and is saved, so the action space is
    ``ToolCallText``, the JSON form. Text that is no JSON object is read in the text grammar. A call that cannot be
    understood costs a step, and the observation and ``info["error"]`` say what is wrong with it.

    Example:
        >>> import gymnasium as gym, skillflow_gym
        >>> from skillflow_gym.wrappers import ToolCallAction
        >>> env = ToolCallAction(gym.make("SkillFlow/HotpotQA-v0", source="mini"))
        >>> [tool["function"]["name"] for tool in env.tools]
        ['skill', 'act', 'accept']
        >>> observation, info = env.reset(seed=0)
        >>> function = {"name": "act", "arguments": '{"query": "the moon"}'}
        >>> call = {"id": "call_1", "type": "function", "function": function}
        >>> observation, reward, terminated, truncated, info = env.step(call)
        >>> info["error"]
        "tool call act: the argument 'text' is missing"
        >>> text = '{"name": "accept", "arguments": {"answer": "the moon"}}'
        >>> observation, reward, terminated, truncated, info = env.step(text)
        >>> reward, terminated
        (0.0, True)
        >>> env.close()
    """

    def __init__(self, env: gym.Env[dict[str, str], Any]) -> None:
        """Wrap ``env``."""
        gym.utils.RecordConstructorArgs.__init__(self)
        gym.ActionWrapper.__init__(self, env)
        self.action_space = ToolCallText()

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The tool definitions for the request, a fresh copy of ``skillflow_gym.actions.TOOLS``."""
        return deepcopy(TOOLS)

    def action(self, action: Any) -> Any:
        """The call as a mapping; what is none goes on as it is, for the environment to answer."""
        if isinstance(action, str):
            try:
                decoded = json.loads(action)
            except (ValueError, RecursionError):  # also a number of too many digits
                return action
            return decoded if isinstance(decoded, Mapping) else action
        return action.model_dump() if hasattr(action, "model_dump") else action
