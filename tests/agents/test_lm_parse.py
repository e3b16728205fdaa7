"""What a language model wrote, read as an action."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym import Action
from skillflow_gym.actions import ActionKind
from skillflow_gym.agents.policies.lm_parse import PARAMETERS, parse_action

SEARCH = Action.act("search: the moon")


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "act", "arguments": {"text": "search: the moon"}}\n</tool_call>',
        '{"name": "act", "arguments": {"text": "search: the moon"}}',
        '{"name": "act", "parameters": {"text": "search: the moon"}}',
        '{"name": "ACT", "arguments": "{\\"text\\": \\"search: the moon\\"}"}',
        '{"type": "function", "function": {"name": "act", "arguments": {"text": "search: the moon"}}}',
        '{"action": "act", "arg": "search: the moon"}',
        '{"act": "search: the moon"}',
        '{"act": {"text": "search: the moon"}}',
        '{"name": "act", "arguments": {"query": "search: the moon"}}',
        '{"name": "act", "text": "search: the moon"}',
        '```json\n{"name": "act", "arguments": {"text": "search: the moon"}}\n```\nI hope that helps.',
        'I will look it up {first}. {"name": "act", "arguments": {"text": "search: the moon"}}',
        '<think>act(wait) or {"act": "x"}?</think>\n{"act": "search: the moon"}',
        'accept(no)</think>{"act": "search: the moon"}',
        "<tool_call>\n<function=act>\n<parameter=text>\nsearch: the moon\n</parameter>\n</function>\n</tool_call>",
        '<function="act"><parameter="text">search: the moon</parameter></function>',
        "act(search: the moon)",
        "Let me see.\n\nact(search: the moon)",
        "`act(search: the moon)`",
        # cut off
        '<tool_call>\n{"name": "act", "arguments": {"text": "search: the moon',
        '<tool_call>\n{"name": "act", "arguments": {"text": "search: the moon"',
        '<tool_call>\n{"name": "act", "arguments": {"text": "search: the moon"}',
        "<tool_call>\n<function=act>\n<parameter=text>\nsearch: the moon",
        "<tool_call>\n<function=act>\n<parameter=text>\nsearch: the moon\n</parameter>\n",
        "act(search: the moon",
    ],
)
def test_one_meaning_in_many_forms(text: str) -> None:
    assert parse_action(text) == SEARCH


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ('{"name": "accept", "arguments": {}}', Action.accept("")),
        ('{"name": "accept"}', Action.accept("")),
        ("<function=accept></function>", Action.accept("")),
        ('{"name": "accept", "arguments": {"answer": 42}}', Action.accept("42")),
        ('{"name": "skill", "arguments": {"id": "search-twice"}}', Action.skill("search-twice")),
        ('{"name": "act", "arguments": {"text": "line 1\nline 2"}}', Action.act("line 1\nline 2")),
        ("act(f(x) + g(y))", Action.act("f(x) + g(y)")),
        ("accept()", Action.accept("")),
    ],
)
def test_arguments(text: str, action: Action) -> None:
    assert parse_action(text) == action


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I do not know.",
        "<think>I should act(search: the moon)",
        '{"name": "act", "arguments": {}}',
        '{"name": "act", "arguments": {"text": null}}',
        '{"name": "skill"}',
        '{"name": "sing", "arguments": {"text": "la"}}',
        "<function=sing><parameter=text>la</parameter></function>",
        "react(now)",
        "{" * 100_000,
        '{"name": "act", "arguments": ' + "[" * 100_000,
    ],
)
def test_what_is_no_action_stays_text(text: str) -> None:
    assert parse_action(text) == text


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = parse_action(text)
    assert found == text or isinstance(found, Action)


@given(st.sampled_from(ActionKind), st.text())
def test_every_argument_survives_both_forms(kind: ActionKind, argument: str) -> None:
    action = Action(kind, argument)
    call = json.dumps({"name": kind.name.lower(), "arguments": {PARAMETERS[kind]: argument}}, ensure_ascii=False)
    assert parse_action(f"<tool_call>\n{call}\n</tool_call>") == action or "</think>" in argument
    if "{" not in argument and "<" not in argument:
        assert parse_action(action.to_text()) == action


@given(st.text(alphabet=st.characters(blacklist_characters="<"), min_size=1), st.data())
def test_a_call_cut_off_anywhere_in_its_argument_is_read_as_far_as_it_goes(argument: str, data: st.DataObject) -> None:
    argument = argument.rstrip() or "x"
    whole = json.dumps({"name": "act", "arguments": {"text": argument}}, ensure_ascii=False)
    start = whole.index('"text": "') + len('"text": "')
    cut = data.draw(st.integers(start + 1, len(whole)))
    found = parse_action(whole[:cut])
    assert isinstance(found, Action) and argument.startswith(found.argument)
