"""Reading tool calls as models write them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym.executors.tool_calls import read_calls
from skillflow_gym.tools import Toolbox


def search(query: str, limit: int = 3, exact: bool = False) -> str:
    """Look something up."""
    return f"found {query} {limit} {exact}"


TOOLS = [tool.definition() for tool in Toolbox(search).values()]
CALL = ("search", {"query": "Remen", "limit": 2})
JSON = '{"name": "search", "arguments": {"query": "Remen", "limit": 2}}'
TAGS = "<function=search>\n<parameter=query>\nRemen\n</parameter>\n<parameter=limit>\n2\n</parameter>\n</function>"


@pytest.mark.parametrize(
    ("text", "said", "calls"),
    [
        (f"<tool_call>\n{JSON}\n</tool_call>", "", [CALL]),
        (f"I look.\n<tool_call>\n{JSON}\n</tool_call>\n<tool_call>{JSON}", "I look.", [CALL, CALL]),
        (f"I look.\n\n<tool_call>\n{TAGS}\n</tool_call>", "I look.", [CALL]),
        (f"{TAGS}\n{TAGS}", "", [CALL, CALL]),
        (JSON.replace("arguments", "parameters"), "", [CALL]),
        (f"<|python_tag|>{JSON}", "", [CALL]),
        (f"[TOOL_CALLS][{JSON}, {JSON}]", "", [CALL, CALL]),
        (f"```json\n{JSON}\n```", "", [CALL]),
        (
            '<tool_call>{"name": "search", "arguments": {"query": "<function=x>"}}',
            "",
            [("search", {"query": "<function=x>"})],
        ),
    ],
)
def test_each_form_is_read(text: str, said: str, calls: list[Any]) -> None:
    assert read_calls(text, TOOLS) == (said, calls)


@pytest.mark.parametrize(
    "text",
    [
        "It is 282.",
        f"<tool_call>\n{JSON[:-3]}",
        "<tool_call>search Remen</tool_call>",
        '{"query": "Remen"}',
        '{"name": "search", "arguments": ["Remen"]}',
        '[1, {"name": 3, "arguments": {}}]',
        f"I would call {JSON}",
        "<tool_call>" + '{"a":' * 5000,
    ],
)
def test_anything_else_is_a_text(text: str) -> None:
    assert read_calls(text, TOOLS) == (text, [])


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [("limit", "7", 7), ("limit", "many", "many"), ("exact", "True", True), ("query", "7", "7"), ("no", "7", "7")],
)
def test_values_between_tags_get_the_type_that_the_tool_takes(name: str, written: str, value: Any) -> None:
    text = f"<function=search><parameter={name}>\n{written}\n</parameter></function>"
    assert read_calls(text, TOOLS) == ("", [("search", {name: value})])


texts = st.text(max_size=40).filter(lambda text: "</" not in text)


@given(st.text(st.characters(codec="utf-8", exclude_characters="<>"), max_size=20), texts, st.integers())
def test_what_was_written_is_read(before: str, query: str, limit: int) -> None:
    arguments = {"query": query, "limit": limit}
    as_json = json.dumps({"name": "search", "arguments": arguments}, ensure_ascii=False)
    inner = "".join(f"<parameter={name}>\n{value}\n</parameter>\n" for name, value in arguments.items())
    for written in (as_json, f"<function=search>\n{inner}</function>"):
        text = f"{before}<tool_call>\n{written}\n</tool_call>"
        assert read_calls(text, TOOLS) == (before.strip(), [("search", arguments)])


pieces = st.lists(
    st.sampled_from(["<tool_call>", "</tool_call>", "<function=search>", "<parameter=limit>", JSON, "{", "é"])
)


@given(st.text() | pieces.map("".join))
def test_any_text_is_taken(text: str) -> None:
    said, calls = read_calls(text, TOOLS)
    assert (said in text and calls) or (said, calls) == (text, [])
    assert all(isinstance(name, str) and isinstance(arguments, dict) for name, arguments in calls)
