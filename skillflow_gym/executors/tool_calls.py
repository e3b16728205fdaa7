"""Tool calls as language models write them: as JSON or as tags, the two forms of the common chat templates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BLOCK = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)
_FUNCTION = re.compile(r"<function=([^>\s]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([^>\s]+)>(.*?)</parameter>", re.DOTALL)
_BARE = re.compile(r"\s*(?:<\|python_tag\|>|\[TOOL_CALLS\]|```(?:json)?)?\s*(?=[\[{])")

Call = tuple[str, dict[str, Any]]
"""The tool's name, and its arguments by name."""


def read_calls(text: str, tools: Sequence[Mapping[str, Any]]) -> tuple[str, list[Call]]:
    """What ``text`` says before its first tool call, and its calls; all of it and none where nothing can be read.

    Read are ``<tool_call>`` blocks that hold ``{"name": ..., "arguments": {...}}`` or
    ``<function=NAME><parameter=NAME>...</parameter></function>``, and a text that is nothing but such an object, or a
    list of them. An object may say ``parameters`` for its arguments. What is cut off is no call.

    Args:
        text: what the model wrote.
        tools: their OpenAI definitions: in tags, a value that is to be a number or a truth value is read as JSON.
    """
    first = re.search(r"<tool_call>|<function=", text)
    if first is None:
        bare = _BARE.match(text)
        calls = list(_objects(text[bare.end() :])) if bare else []
        return ("", calls) if calls else (text, [])
    blocks = _BLOCK.findall(text) or [text]
    calls = [call for block in blocks for call in (*_objects(block), *_tags(block, tools))]
    return (text[: first.start()].strip(), calls) if calls else (text, [])


def _objects(text: str) -> Iterator[Call]:
    """The call or the list of calls that ``text`` begins with."""
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return
    for call in value if isinstance(value, list) else [value]:
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            arguments = call.get("arguments", call.get("parameters"))
            if isinstance(arguments, dict):
                yield call["name"], arguments


def _tags(text: str, tools: Sequence[Mapping[str, Any]]) -> Iterator[Call]:
    """The calls in tags that ``text`` begins with."""
    for name, body in _FUNCTION.findall(text) if text.lstrip().startswith("<") else ():
        kinds = next((_kinds(tool) for tool in tools if tool["function"]["name"] == name), {})
        yield name, {key: _value(value, kinds.get(key, "string")) for key, value in _PARAMETER.findall(body)}


def _kinds(tool: Mapping[str, Any]) -> dict[str, str]:
    return {name: about["type"] for name, about in tool["function"]["parameters"]["properties"].items()}


def _value(text: str, kind: str) -> Any:
    """A value between tags, each of which stands on a line of its own."""
    text = text.removeprefix("\n").removesuffix("\n")
    if kind == "string":
        return text
    try:
        return json.loads(text.strip().lower() if kind == "boolean" else text)
    except (ValueError, RecursionError):
        return text
