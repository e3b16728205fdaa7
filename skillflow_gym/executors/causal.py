"""A frozen causal language model and its chat template, as the executor ``hf:MODEL`` uses them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

import torch
from jinja2 import TemplateError
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.executors.tool_calls import Call, read_calls

_PROBE: Call = ("probe_tool", {"text": 'a "b"\n{c}', "count": 3})
_PROBE_TOOL = {
    "type": "function",
    "function": {
        "name": _PROBE[0],
        "description": "DESCRIPTION-5T1W",
        "parameters": {
            "type": "object",
            "properties": {"text": {"type": "string"}, "count": {"type": "integer"}},
            "required": ["text", "count"],
        },
    },
}


class CausalModel:
    """A causal model that answers conversations. One thread at a time may use it: hold ``lock``.

    Attributes:
        lock: for who uses it.
        calls_tools: whether its chat template shows tools, and writes calls in a form that ``read_calls`` reads.
    """

    def __init__(self, name: str, device: str = "") -> None:
        """Load the model in the folder ``name``, or of that name on the hub, to ``device`` (the first GPU, or the CPU).

        Raises:
            ValueError: transformers cannot load it, or it has no chat template.
        """
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(name)
            model = AutoModelForCausalLM.from_pretrained(name, dtype="auto")
            self._model: Any = model.to(device).eval().requires_grad_(False)
        except (OSError, ValueError, ImportError, RuntimeError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:300]
            raise ValueError(f"{name!r} is no language model that transformers loads here: {reason}") from error
        if not self._tokenizer.chat_template:
            raise ValueError(f"{name!r} has no chat template: take an instruct model")
        self._name, self.lock = name, threading.Lock()
        self._context = getattr(self._model.config.get_text_config(), "max_position_embeddings", None) or 1 << 30
        configured = self._model.generation_config.eos_token_id
        ends = configured if isinstance(configured, list) else [configured]
        self._ends = sorted({i for i in (*ends, self._tokenizer.eos_token_id) if i is not None})
        special = [token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special]
        self._special = re.compile("|".join(map(re.escape, sorted(special, key=len, reverse=True))) or r"(?!)")
        self.calls_tools = self._tries_tools()

    def prompt(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> list[int]:
        """The ids of a conversation up to the model's next word. No text in it can hold a special token.

        Args:
            messages, tools: as in the OpenAI chat protocol.

        Raises:
            ValueError: the chat template refuses such a conversation.
        """
        try:
            text = self._render([self._message(message) for message in messages], tools)
        except TemplateError as error:
            raise ValueError(f"the chat template of {self._name!r} refuses the conversation: {error}") from error
        # Lone surrogates cannot be encoded; a benchmark's text may hold one.
        ids: list[int] = self._tokenizer(text.encode("utf-8", "replace").decode(), add_special_tokens=False).input_ids
        return ids

    def write(
        self, prompt: Sequence[int], most: int, temperature: float, seed: int, seconds: float
    ) -> tuple[list[int], bool]:
        """Continue ``prompt`` by at most ``most`` ids, and say whether ``seconds`` were over before it was done.

        The time is looked at after every id. With a ``temperature`` above 0 ids are drawn from ``seed``.

        Raises:
            InfrastructureError: the prompt leaves the model no room for an answer.
        """
        most = min(most, self._context - len(prompt))
        if most < 1:
            raise InfrastructureError(f"a prompt of {len(prompt)} tokens is too long for a model of {self._context}")
        device = self._model.device
        ids = torch.tensor([prompt], device=device)
        drawn = temperature > 0
        greedy = {"temperature": None, "top_p": None, "top_k": None}  # some models bring them, which would be a warning
        with torch.random.fork_rng([device] if device.type == "cuda" else []), torch.inference_mode():
            torch.manual_seed(seed)
            whole = self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=most,
                max_time=seconds,
                do_sample=drawn,
                eos_token_id=self._ends,
                pad_token_id=self._ends[0],
                **({"temperature": temperature} if drawn else greedy),
            )
        written = whole[0, len(prompt) :].tolist()
        return written, len(written) < most and written[-1] not in self._ends

    def read(self, prompt: Sequence[int], written: Sequence[int]) -> str:
        """What the model said in ``written``, without its thoughts; special tokens stand as they were written."""
        said: str = self._tokenizer.decode([i for i in written if i not in self._ends], skip_special_tokens=False)
        _, thought, after = said.rpartition("</think>")
        # Some templates begin the thoughts; an answer that was cut off in them is none.
        began = self._tokenizer.decode(prompt[-8:]).rstrip().endswith("<think>") or "<think>" in said
        return (after if thought else "" if began else said).strip()

    def plain(self, text: str) -> str:
        """``text`` without special tokens."""
        return self._special.sub("", text).strip()

    def _message(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """A message as templates take it: with a text, the arguments of calls as objects."""
        content = message["content"] or ""
        if message["role"] != "assistant":  # what is shown may spell special tokens, but not be any
            content = self._special.sub(lambda token: f"{token[0][0]} {token[0][1:]}", content)
        made = {**message, "content": content}
        if calls := message.get("tool_calls"):
            functions = [{**c["function"], "arguments": json.loads(c["function"]["arguments"])} for c in calls]
            made["tool_calls"] = [{**c, "function": f} for c, f in zip(calls, functions, strict=True)]
        return made

    def _render(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> str:
        text: str = self._tokenizer.apply_chat_template(
            list(messages),
            tools=list(tools) or None,
            add_generation_prompt=messages[-1]["role"] != "assistant",
            enable_thinking=False,  # an executor carries out; templates without thoughts ignore this
            tokenize=False,
        )
        return text

    def _tries_tools(self) -> bool:
        asked: list[dict[str, Any]] = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
        call = {"id": "call00000", "type": "function", "function": {"name": _PROBE[0], "arguments": _PROBE[1]}}
        called = [*asked, {"role": "assistant", "content": "", "tool_calls": [call]}]
        found = {"role": "tool", "tool_call_id": "call00000", "content": "FOUND-8M2C"}
        try:
            before, after = (self._render(messages, [_PROBE_TOOL]) for messages in (asked, called))
            shown = "FOUND-8M2C" in self._render([*called, found], [_PROBE_TOOL])
        except Exception:  # whatever Jinja, or the template's own raise_exception, throws
            return False
        start = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
        return shown and "DESCRIPTION-5T1W" in before and read_calls(after[start:], [_PROBE_TOOL])[1] == [_PROBE]


_loaded: WeakValueDictionary[tuple[str, str], CausalModel] = WeakValueDictionary()
_loading = threading.Lock()


def load(name: str, device: str = "") -> CausalModel:
    """The one model of this process for a name and a device; it lives as long as somebody holds it.

    Raises:
        ValueError: as ``CausalModel``.
    """
    with _loading:
        model = _loaded.get((name, device))
        if model is None:
            model = _loaded[name, device] = CausalModel(name, device)
        return model
