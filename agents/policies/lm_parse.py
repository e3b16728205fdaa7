"""From what a language model wrote to the action it meant: tolerant of form, never of substance."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from skillflow_gym.actions import TOOLS, Action, ActionKind

PARAMETERS = {
    ActionKind[tool["function"]["name"].upper()]: next(iter(tool["function"]["parameters"]["properties"]))
    for tool in TOOLS
}
"""The name of each kind's one argument."""

_TAG = re.compile(r"<function\s*=\s*[\"']?(\w+)[\"']?\s*>(.*?)(?:</function>|</tool_call>|$)", re.DOTALL)
_TAG_PARAMETER = re.compile(r"<parameter\s*=\s*[\"']?(\w+)[\"']?\s*>(.*?)(?:</parameter>|$)", re.DOTALL)
_GRAMMAR = re.compile(r"(?:^|[\s`>*])(skill|act|accept)\((.*)", re.DOTALL)
_HALF_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u[0-9a-fA-F]{0,3})?\Z")
_OPENERS = 8
"""How many opening braces are tried as the start of a call."""


def parse_action(text: str) -> Action | str:
    """The action that ``text`` calls for, or ``text`` itself if there is none: the environment then says so.

    Read are tool calls as JSON or as tags, and ``skill(..) | act(..) | accept(..)``; after thoughts, among prose, in
    fences, and cut off at the end. A missing argument is an empty answer for ``accept``, and no action for the others.
    """
    _, thought, said = text.rpartition("</think>")
    if not thought and "<think>" in text:
        return text  # cut off before it came to a decision
    found = _tags(said) or next(_json(said), None) or _grammar(said)
    return found if found is not None else text


def _tags(text: str) -> Action | None:
    """``<function=act><parameter=text>...</parameter></function>``."""
    match = _TAG.search(text)
    if match is None:
        return None
    return _action(match[1], {name: value.strip("\n") for name, value in _TAG_PARAMETER.findall(match[2])})


def _json(text: str) -> Iterator[Action]:
    """``{"name": "act", "arguments": {"text": ...}}`` and its relatives."""
    starts = [match.start() for match in re.finditer(r"\{", text)]
    for start in starts[:_OPENERS]:
        call = _object(text[start:])
        if call is None:
            continue
        inner = call.get("function")
        call = inner if isinstance(inner, dict) else call
        kinds = [call[key] for key in ("name", "action", "tool", "function", "kind") if isinstance(call.get(key), str)]
        if not kinds:  # {"act": "..."}
            kinds = [key for key in call if key.upper() in ActionKind.__members__]
        for kind in kinds[:1]:
            keys = ("arguments", "parameters", "args", "arg", "argument", "input", kind)
            arguments = next((call[key] for key in keys if key in call), call)
            if (action := _action(kind, arguments)) is not None:
                yield action


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that ``text`` begins with; one that was cut off is closed."""
    whole = _HALF_ESCAPE.sub(r"\1", text)
    for candidate in (text, *(whole + closing for closing in ("}", "}}", '"}', '"}}'))):
        try:
            value, _ = json.JSONDecoder(strict=False).raw_decode(candidate)
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, dict) else None
    return None


def _grammar(text: str) -> Action | None:
    """``act(search: the moon)``, to its last bracket or to the end of the text."""
    match = _GRAMMAR.search(text)
    if match is None:
        return None
    body, bracket, _ = match[2].rpartition(")")
    return Action(ActionKind[match[1].upper()], body if bracket else match[2])


def _action(kind: str, arguments: Any) -> Action | None:
    if kind.upper() not in ActionKind.__members__:
        return None
    named = ActionKind[kind.upper()]
    if isinstance(arguments, str) and arguments.lstrip().startswith("{"):
        arguments = _object(arguments.lstrip()) or arguments
    if isinstance(arguments, Mapping):
        others = [value for key, value in arguments.items() if key not in ("name", "action", "tool", "kind")]
        arguments = arguments.get(PARAMETERS[named], others[0] if len(others) == 1 else None)
    if isinstance(arguments, bool | int | float):
        arguments = str(arguments)
    if isinstance(arguments, str):
        return Action(named, arguments)
    return Action.accept() if named is ActionKind.ACCEPT and arguments is None else None
