"""Action: its forms, what restores it, and what is refused."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, ActionKind
from skillflow_gym.actions import TOOLS, ActionError, describe

quick = settings(deadline=None, derandomize=True)
any_text = st.text(st.characters())  # lone surrogates and controls too
actions = st.builds(Action, st.sampled_from(ActionKind), any_text)


def test_the_three_constructors() -> None:
    assert Action.skill("x") == (0, "x") == (ActionKind.SKILL, "x")
    assert Action.act("x") == (1, "x") == (ActionKind.ACT, "x")
    assert Action.accept("x") == (2, "x") == (ActionKind.ACCEPT, "x")
    assert Action.accept().argument == ""


@quick
@example(Action.act(""))
@example(Action.accept("a) b("))
@example(Action.act("act(skill(x)) "))
@example(Action.skill("\n\t)"))
@given(actions)
def test_every_form_restores_it(action: Action) -> None:
    forms: list[Any] = [
        action,
        tuple(action),
        list(action),
        [int(action.kind), action.argument],
        [np.int64(action.kind), action.argument],
        [action.kind.name, action.argument],
        [action.kind.name.lower(), action.argument],
        json.loads(json.dumps(action)),
        action.to_text(),
        f" \n{action.to_text()}\t ",
        action.to_tool_call(),
        action.to_tool_call("call_7")["function"],
        json.loads(json.dumps(action.to_tool_call())),
        pickle.loads(pickle.dumps(action)),
    ]
    for form in forms:
        restored = Action.parse(form)
        assert restored == action
        assert (type(restored), type(restored.kind), type(restored.argument)) == (Action, ActionKind, str)


def test_arguments_that_are_already_an_object() -> None:
    assert Action.parse({"name": "accept", "arguments": {"answer": "x", "why": 1}}) == Action.accept("x")


def test_a_str_of_another_type_becomes_text() -> None:
    restored = Action.parse(["act", np.str_("x")])
    assert type(restored.argument) is str and restored == Action.act("x")


def test_the_tool_call_is_openai_s() -> None:
    assert Action.act("search: é").to_tool_call("call_3") == {
        "id": "call_3",
        "type": "function",
        "function": {"name": "act", "arguments": '{"text": "search: é"}'},
    }


def test_the_tool_definitions_fit_the_tool_calls() -> None:
    functions = [tool["function"] for tool in TOOLS]
    assert [function["name"] for function in functions] == ["skill", "act", "accept"]
    for function, kind in zip(functions, ActionKind, strict=True):
        arguments = json.loads(Action(kind, "x").to_tool_call()["function"]["arguments"])
        assert list(arguments) == function["parameters"]["required"] == list(function["parameters"]["properties"])
        assert function["description"]
    json.dumps(TOOLS)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "expected skill(id), act(text) or accept(answer), got ''"),
        ("I think", "got 'I think'"),
        ("act", "got 'act'"),
        ("act(x", "got 'act(x'"),
        ("Act(x)", "got 'Act(x)'"),
        ("run(x)", "got 'run(x)'"),
        ("act(x) and accept(y", "got"),
        ("a" * 500, "…"),
        ("two\nlines", "got 'two lines'"),
        (None, "got NoneType"),
        (7, "got int"),
        (b"act(x)", "got bytes"),
        (["act"], "got list"),
        (["act", "x", "y"], "got list"),
        ({"act", "x"}, "got set"),
        (["run", "x"], "expected the kind skill (0), act (1) or accept (2), got 'run'"),
        ([3, "x"], "got 3"),
        ([-1, "x"], "got -1"),
        ([True, "x"], "got True"),
        ([1.0, "x"], "got 1.0"),
        ([np.float64(1), "x"], "expected the kind"),
        ([None, "x"], "got None"),
        (["act", None], "expected text as the argument, got NoneType"),
        (["act", b"x"], "got bytes"),
        ([1, 2], "expected text as the argument, got int"),
        ({}, "expected the kind skill (0), act (1) or accept (2), got None"),
        ({"function": "act"}, "tool call: 'function' is str, expected an object"),
        ({"name": "act"}, "tool call act: the argument 'text' is missing"),
        ({"name": "act", "arguments": {"answer": "x"}}, "the argument 'text' is missing"),
        ({"name": "act", "arguments": '{"text": 7}'}, "expected text as the argument, got int"),
        ({"name": "act", "arguments": '{"text": '}, "tool call act: the arguments are not JSON"),
        ({"name": "act", "arguments": "9" * 9_000}, "the arguments are not JSON"),
        ({"name": "act", "arguments": "[" * 99_999}, "the arguments are not JSON"),
        ({"name": "act", "arguments": '["x"]'}, "tool call act: the arguments are no object"),
        ({"name": "act", "arguments": None}, "the arguments are no object"),
        ((10**6_000, "x"), "got <int>"),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_what_is_no_action_is_refused_in_one_line(value: Any, message: str) -> None:
    with pytest.raises(ActionError) as caught:
        Action.parse(value)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1 and len(str(caught.value)) < 200


@quick
@given(any_text)
def test_any_text_is_an_action_or_an_error_of_one_line(text: str) -> None:
    try:
        assert Action.parse(text).to_text() == text.strip()
    except ActionError as error:
        assert len(str(error).splitlines()) == 1


def test_describe_never_raises() -> None:
    class Shy:
        def __repr__(self) -> str:
            raise RuntimeError

    nested: list[Any] = []
    for _ in range(10_000):
        nested = [nested]
    assert [describe(x) for x in (nested, 10**6_000, Shy(), "é")] == ["<list>", "<int>", "<Shy>", "'é'"]
