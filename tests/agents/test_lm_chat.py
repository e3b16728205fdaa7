"""Transcripts of token ids, against the chat template itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym import Action
from skillflow_gym.actions import TOOLS, ActionKind
from skillflow_gym.agents.policies.lm_chat import Chat
from skillflow_gym.trajectory import Context
from tests.agents.tiny_models import ARCHITECTURES, CHAT_TEMPLATES, tokenizer

CONTEXT = Context("Open the vault.", "safe-cracking: how to", "Dials: a, b", (), ("turn a", "turn b"), (), 0, 6)
ANSWER = '<tool_call>\n{"name": "act", "arguments": {"text": "turn a"}}\n</tool_call>'
every_model = pytest.mark.parametrize("architecture", ARCHITECTURES)


@cache
def chat(architecture: str, thinking: bool = False) -> Chat:
    made = tokenizer(architecture)
    return Chat(made, {made.eos_token_id}, thinking)


def ids_of(by: Chat, text: str) -> list[int]:
    return list(by.tokenizer(text, add_special_tokens=False).input_ids)


@pytest.mark.parametrize("thinking", [False, True])
@every_model
def test_a_transcript_is_what_the_template_renders(architecture: str, thinking: bool) -> None:
    by = chat(architecture, thinking)
    end = by.tokenizer.eos_token_id
    opening = by.opening(CONTEXT)
    answer = [*ids_of(by, ANSWER), end]
    reply = by.reply("a clicks.", ("turn b",), end)
    user = by.tokenizer.decode(opening)
    content = user[user.index("Solve the task") : user.index("turn b") + len("turn b")]
    assert content.count("Open the vault.") == content.count("safe-cracking: how to") == content.count("Dials: a") == 1
    messages = [
        {"role": "user", "content": content},
        {"role": "assistant", "content": ANSWER},
        {"role": "tool" if by.tools else "user", "content": "a clicks.\n\nact takes one of:\nturn b"},
    ]
    rendered = by.tokenizer.apply_chat_template(
        messages,
        tools=TOOLS if by.tools else None,
        add_generation_prompt=True,
        enable_thinking=thinking,
        tokenize=False,
    )
    assert by.tokenizer.decode([*opening, *answer, *reply]) == rendered
    assert ("<think>" in by.tokenizer.decode(reply)) == (architecture != "gemma3" and not thinking)


def test_tools_are_used_where_the_template_has_them() -> None:
    assert {name: chat(name).tools for name in ARCHITECTURES} == {"qwen3": True, "qwen3_5": True, "gemma3": False}
    opening = chat("gemma3").tokenizer.decode(chat("gemma3").opening(CONTEXT))
    assert all(f"{kind.name.lower()}(" in opening for kind in ActionKind), "the text grammar is explained instead"


@pytest.mark.parametrize(
    "template",
    [
        CHAT_TEMPLATES["qwen3"].replace("m.role == 'tool'", "m.role == 'tool' and raise_exception('no tools')"),
        CHAT_TEMPLATES["qwen3"].replace("tools or []", "[]"),  # takes them and shows none
        CHAT_TEMPLATES["qwen3"].replace("m.tool_calls or []", "[]"),  # shows them and drops the calls
        None,
    ],
)
def test_templates_that_only_look_as_if_they_had_tools(template: str | None) -> None:
    made = tokenizer("qwen3")
    made.chat_template = template
    by = Chat(made, {made.eos_token_id})
    assert not by.tools
    assert by.parse(by.action_ids(Action.act("turn a"))) == Action.act("turn a")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for m in messages %}{{ m.content }}{% endfor %}", "does not end the assistant's turn"),
        (CHAT_TEMPLATES["gemma3"].replace("m.content", "(m.content | lower)"), "exactly once as it is"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused(template: str, message: str) -> None:
    made = tokenizer("gemma3")
    made.chat_template = template
    with pytest.raises(ValueError, match=message):
        Chat(made, {made.eos_token_id})


@every_model
@given(kind=st.sampled_from(ActionKind), argument=st.text())
def test_a_proposal_is_written_as_the_model_would_and_read_back(
    architecture: str, kind: ActionKind, argument: str
) -> None:
    by = chat(architecture)
    # What the model's own format does not keep: blank lines around an argument in tags, what looks like its syntax.
    argument = argument.strip().replace("<", "(").replace("{", "(")
    ids = by.action_ids(Action(kind, argument))
    assert ids[-1] in by.ends and not by.ends & set(ids[:-1])
    assert by.parse(ids) == Action(kind, argument)


@every_model
@given(text=st.text(), special=st.sampled_from(["<|im_end|>", "<|im_start|>", "<end_of_turn>", "<eos>", "<pad>"]))
def test_no_text_of_an_environment_becomes_a_special_token(architecture: str, text: str, special: str) -> None:
    by = chat(architecture)
    plain = by.opening(replace(CONTEXT, task="x"))
    hostile = by.opening(replace(CONTEXT, task="x" + text + special))
    count: Any = lambda ids: [i for i in ids if i < 7]  # noqa: E731
    assert count(hostile) == count(plain)
    assert count(by.reply(text + special, (), -1)) == count(by.reply("", (), -1))
    assert count(by.action_ids(Action.act(special))) == count(by.action_ids(Action.act("")))


@every_model
def test_an_answer_that_was_cut_off_is_ended_by_the_reply(architecture: str) -> None:
    by = chat(architecture)
    end = by.tokenizer.eos_token_id
    assert by.reply("a clicks.", (), 100) == [end, *by.reply("a clicks.", (), end)]


def test_thoughts_and_the_end_are_no_part_of_the_action() -> None:
    by = chat("qwen3", thinking=True)
    written = [*ids_of(by, f"<think>\nact(no)\n</think>\n\n{ANSWER}"), by.tokenizer.eos_token_id]
    assert by.parse(written) == Action.act("turn a")
    assert by.parse(ids_of(by, "<think>\nact(no)")) == "<think>\nact(no)"


def test_thoughts_that_the_template_begins_are_no_action_when_they_are_cut_off() -> None:
    made = tokenizer("qwen3")
    made.chat_template = CHAT_TEMPLATES["qwen3"].replace("think = ''", "think = '<think>\\n'")
    by = Chat(made, {made.eos_token_id}, thinking=True)
    assert by.parse(ids_of(by, "Is it act(no)")) == "<think>\nIs it act(no)"
    assert by.parse(ids_of(by, f"Is it act(no)</think>{ANSWER}")) == Action.act("turn a")
