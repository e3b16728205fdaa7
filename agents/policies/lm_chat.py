"""A model's chat template as pieces of token ids: an episode is written down by appending, never by rendering again."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from skillflow_gym.actions import TOOLS, Action, ActionKind
from skillflow_gym.agents.policies.lm_parse import PARAMETERS, parse_action
from skillflow_gym.trajectory import Context

_SAID, _SLOT = "ANSWER-7Q4X", "CONTENT-9K2Z"
"""Stand for what is filled in when a template is rendered, once."""

_WITH_TOOLS = "Solve the task. Call exactly one function in each turn."
_WITHOUT_TOOLS = "Solve the task. Answer each turn with exactly one action and nothing else:"
_NO_TEMPLATE = (
    "{% for m in messages %}{{ m.role | capitalize }}:\n{{ m.content }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}Assistant:\n{% endif %}"
)
"""For base models, which have none."""


class Around(NamedTuple):
    """What stands around a slot: ids to the last special token before it, plain text on both sides of it, ids again.

    The plain text is tokenised together with what fills the slot, as the model's own texts were.
    """

    before: list[int]
    left: str
    right: str
    after: list[int]


class Chat:
    """Writes episodes in a model's own chat format and reads its answers.

    The template is rendered with slots when this is made, and never again. Its special tokens are ids from then on;
    what fills a slot is tokenised as plain text, so that no observation can hold a special token. A transcript is
    ``opening + answer + reply + answer + ...``; each turn's prompt is a prefix of the next one's.

    Attributes:
        tokenizer: the model's.
        ends: the ids that end a turn.
        tools: whether actions are tool calls of the template; if it has none, they are ``act(...)`` and the like.
    """

    def __init__(self, tokenizer: Any, ends: Collection[int], thinking: bool = False) -> None:
        """Render the templates of ``tokenizer``, whose turns end with one of ``ends``.

        Raises:
            ValueError: the template changes what it is given or does not end turns.
        """
        self.tokenizer, self._thinking = tokenizer, thinking
        self._template = tokenizer.chat_template or _NO_TEMPLATE
        self.ends = frozenset(ends)
        self.tools = False  # until the template proves that it can: it may drop tools, or refuse their role
        try:
            self.tools = True
            self._compile()
            probes = (Action.act('a "b"\n{c}'), Action.skill("x-1"), Action.accept(""))
            self.tools = all(self.parse(self.action_ids(probe)) == probe for probe in probes) and self._shows_tools()
        except Exception:  # whatever Jinja, or the template's own raise_exception, throws
            self.tools = False
        if not self.tools:
            self._compile()
        self.action_ids = lru_cache(maxsize=65536)(self.action_ids)  # type: ignore[method-assign]

    def opening(self, context: Context) -> list[int]:
        """The ids up to the first answer: instructions, task, catalogue and first observation."""
        parts = [f"Task:\n{context.task}", f"Skills:\n{context.catalogue}" if context.catalogue else "", context.first]
        content = "\n\n".join(filter(None, parts)) + _choices(context.admissible)
        return self._fill(self._opening, content.strip())

    def reply(self, observation: str, admissible: Sequence[str], after: int) -> list[int]:
        """The ids between an answer, whose last id is ``after``, and the next: its end, if missing, and the reply."""
        ids = self._fill(self._reply, (observation + _choices(admissible)).strip())
        return ids[1:] if ids[0] == after else ids

    def action_ids(self, action: Action) -> tuple[int, ...]:
        """The ids of an answer that takes ``action``, with the one that ends the turn."""
        around, escape = self._calls[action.kind]
        argument = json.dumps(action.argument, ensure_ascii=False)[1:-1] if escape else action.argument
        return tuple(self._fill(around, argument))

    def parse(self, ids: Sequence[int]) -> Action | str:
        """The action that an answer takes; its text if it takes none."""
        said = self.tokenizer.decode([i for i in ids if i not in self.ends], skip_special_tokens=False)
        return parse_action(f"{self._begun}{said}".strip())

    def _compile(self) -> None:
        role = "tool" if self.tools else "user"
        instructions = _WITH_TOOLS if self.tools else "\n".join([_WITHOUT_TOOLS, *_grammar()])
        user = {"role": "user", "content": f"{instructions}\n\n{_SLOT}"}
        self._opening = self._split(self._render([user]), _SLOT)
        dialogue = [user, {"role": "assistant", "content": _SAID}, {"role": role, "content": _SLOT}]
        rendered = self._render(dialogue)
        self._reply = self._split(rendered.partition(_SAID)[2], _SLOT)
        if not self.ends & set(self._reply.before[:1]):
            raise ValueError("the chat template does not end the assistant's turn with an end-of-turn token")
        # Some templates begin the thoughts; an answer that was cut off in them must not be read as an action.
        self._begun = "<think>\n" if self.tokenizer.decode(self._reply.after).rstrip().endswith("<think>") else ""
        self._calls = {kind: self._call(user, kind) for kind in ActionKind}

    def _call(self, user: dict[str, Any], kind: ActionKind) -> tuple[Around, bool]:
        """What stands before and after the argument of an action, and whether the argument is escaped as in JSON."""
        end = self._reply.before[0]
        if not self.tools:
            return Around([], f"{kind.name.lower()}(", ")", [end]), False

        def render(argument: str) -> str:
            function = {"name": kind.name.lower(), "arguments": {PARAMETERS[kind]: argument}}
            call = {"id": "call00000", "type": "function", "function": function}
            message = {"role": "assistant", "content": _SAID, "tool_calls": [call]}
            return self._render([user, message], generation=False).partition(_SAID)[2].lstrip()

        around = self._split(render(_SLOT), _SLOT)
        if end not in around.after:
            raise ValueError("the chat template does not end a tool call with an end-of-turn token")
        return around._replace(after=around.after[: around.after.index(end) + 1]), '\\"' in render('"')

    def _shows_tools(self) -> bool:
        opening = self.tokenizer.decode(self._opening.before)
        return all(tool["function"]["description"] in opening for tool in TOOLS)

    def _render(self, messages: list[dict[str, Any]], generation: bool = True) -> str:
        text: str = self.tokenizer.apply_chat_template(
            messages,
            tools=TOOLS if self.tools else None,
            chat_template=self._template,
            add_generation_prompt=generation,
            enable_thinking=self._thinking,
            tokenize=False,
        )
        return text

    def _split(self, text: str, slot: str) -> Around:
        if text.count(slot) != 1:
            raise ValueError("the chat template does not show a message exactly once as it is")
        before, _, after = text.partition(slot)
        special = [token.content for token in self.tokenizer.added_tokens_decoder.values() if token.special]
        left = max((before.rfind(token) + len(token) for token in special if token in before), default=0)
        right = min((after.find(token) for token in special if token in after), default=len(after))
        return Around(self._special(before[:left]), before[left:], after[:right], self._special(after[right:]))

    def _fill(self, around: Around, content: str) -> list[int]:
        return [*around.before, *self._plain(f"{around.left}{content}{around.right}"), *around.after]

    def _special(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        return ids

    def _plain(self, text: str) -> list[int]:
        # Lone surrogates cannot be encoded; a benchmark's text may hold one.
        clean = text.encode("utf-8", "replace").decode()
        ids: list[int] = self.tokenizer(clean, add_special_tokens=False, split_special_tokens=True).input_ids
        return ids


def _grammar() -> list[str]:
    """The actions as text, for models without tools."""
    functions = [tool["function"] for tool in TOOLS]
    return [f"{f['name']}({next(iter(f['parameters']['properties'])).upper()}): {f['description']}" for f in functions]


def _choices(admissible: Sequence[str]) -> str:
    return "\n\nact takes one of:\n" + "\n".join(admissible) if admissible else ""
