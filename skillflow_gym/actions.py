"""The one action type of all benchmarks, and its two written forms: a text grammar and OpenAI tool calls."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np


class ActionKind(IntEnum):
    """What an action does. The value is its index in the action space."""

    SKILL = 0
    ACT = 1
    ACCEPT = 2


class ActionError(ValueError):
    """The text, list or tool call is no action. The message is one line and says what is expected."""


_TEXT = re.compile(r"\s*(skill|act|accept)\((.*)\)\s*", re.DOTALL)
_PARAMETERS = {ActionKind.SKILL: "id", ActionKind.ACT: "text", ActionKind.ACCEPT: "answer"}
_DESCRIPTIONS = {
    ActionKind.SKILL: "Read the body of a skill from the catalogue.",
    ActionKind.ACT: "Send an instruction or a command; the reply is the next observation.",
    ActionKind.ACCEPT: "Give the final answer and end the episode.",
}

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": kind.name.lower(),
            "description": _DESCRIPTIONS[kind],
            "parameters": {
                "type": "object",
                "properties": {parameter: {"type": "string"}},
                "required": [parameter],
                "additionalProperties": False,
            },
        },
    }
    for kind, parameter in _PARAMETERS.items()
]
"""The action type as OpenAI tool definitions, ready for a chat-completions request."""


class Action(NamedTuple):
    """An action ``(kind, argument)``; a member of the action space as it is.

    ``Action.skill(id)`` reads a skill, ``Action.act(text)`` sends an instruction or an engine command,
    ``Action.accept(answer)`` ends the episode with an answer.

    >>> Action.parse("act(search: the moon)")
    Action(kind=<ActionKind.ACT: 1>, argument='search: the moon')
    >>> Action.accept("1969").to_text()
    'accept(1969)'
    """

    kind: ActionKind
    argument: str

    @classmethod
    def skill(cls, id: str) -> Action:
        """Read the body of the skill named ``id``."""
        return cls(ActionKind.SKILL, id)

    @classmethod
    def act(cls, text: str) -> Action:
        """Send ``text`` to the Executor, or to the engine where the executor is ``direct``."""
        return cls(ActionKind.ACT, text)

    @classmethod
    def accept(cls, answer: str = "") -> Action:
        """End the episode with ``answer``."""
        return cls(ActionKind.ACCEPT, answer)

    @classmethod
    def parse(cls, value: Any) -> Action:
        """Restore an action from any of its forms.

        Args:
            value: an ``Action``; a pair ``(kind, argument)`` whose kind is a number (NumPy's too) or a name; text in
                the grammar ``skill(...) | act(...) | accept(...)``; or an OpenAI tool call (a mapping).

        Raises:
            ActionError: ``value`` is none of these.
        """
        if isinstance(value, Action) and type(value.kind) is ActionKind and type(value.argument) is str:
            return value
        if isinstance(value, str):
            return cls._from_text(value)
        if isinstance(value, Mapping):
            return cls._from_tool_call(value)
        if isinstance(value, Sequence) and len(value) == 2:
            kind, argument = value
            return cls(_kind(kind), _text(argument))
        raise ActionError(f"expected skill(id), act(text) or accept(answer), got {type(value).__name__}")

    def to_text(self) -> str:
        """The action in the text grammar; ``Action.parse`` restores it exactly."""
        return f"{self.kind.name.lower()}({self.argument})"

    def to_tool_call(self, id: str = "call_0") -> dict[str, Any]:
        """The action as an OpenAI tool call with call id ``id``; ``Action.parse`` restores it exactly."""
        arguments = json.dumps({_PARAMETERS[self.kind]: self.argument}, ensure_ascii=False)
        return {"id": id, "type": "function", "function": {"name": self.kind.name.lower(), "arguments": arguments}}

    @classmethod
    def _from_text(cls, text: str) -> Action:
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ActionError(f"expected skill(id), act(text) or accept(answer), got {_shorten(text)!r}")
        return cls(ActionKind[match[1].upper()], match[2])

    @classmethod
    def _from_tool_call(cls, call: Mapping[str, Any]) -> Action:
        function = call.get("function", call)
        if not isinstance(function, Mapping):
            raise ActionError(f"tool call: 'function' is {type(function).__name__}, expected an object")
        kind = _kind(function.get("name"))
        arguments = function.get("arguments", {})
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments)
            except (ValueError, RecursionError) as error:  # also a number of too many digits
                raise ActionError(f"tool call {kind.name.lower()}: the arguments are not JSON") from error
        if not isinstance(arguments, Mapping):
            raise ActionError(f"tool call {kind.name.lower()}: the arguments are no object")
        parameter = _PARAMETERS[kind]
        if parameter not in arguments:
            raise ActionError(f"tool call {kind.name.lower()}: the argument {parameter!r} is missing")
        return cls(kind, _text(arguments[parameter]))


def _kind(value: Any) -> ActionKind:
    if isinstance(value, str):
        if value.lower() in ("skill", "act", "accept"):
            return ActionKind[value.upper()]
    elif isinstance(value, (int, np.integer)) and not isinstance(value, bool) and 0 <= value <= 2:
        return ActionKind(int(value))
    raise ActionError(f"expected the kind skill (0), act (1) or accept (2), got {_shorten(describe(value))}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ActionError(f"expected text as the argument, got {type(value).__name__}")
    return str(value)


def describe(value: Any) -> str:
    """``repr(value)``, or the type's name for what Python will not show: nested too deep, too many digits."""
    try:
        return repr(value)
    except Exception:  # whatever a policy sent, and whatever its __repr__ raises
        return f"<{type(value).__name__}>"


def _shorten(text: str, limit: int = 60) -> str:
    text = " ".join(text[: 4 * limit].split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
