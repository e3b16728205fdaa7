"""The executor ``openai:MODEL@URL``: a language model on a server carries out instructions with the task's tools."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from skillflow_gym.chat import Chat
from skillflow_gym.executors.model import OPTIONS, Message, ModelExecutor, Reply, ToolCall, read_options

_gates: dict[tuple[str, int], threading.BoundedSemaphore] = {}
_gates_lock = threading.Lock()


class OpenAIExecutor(ModelExecutor):
    """See ``ModelExecutor``.

    The server is named as ``MODEL@URL``; after a ``?`` options follow, such as
    ``qwen@http://127.0.0.1:8000/v1?timeout=30&at_once=64``. Besides those that all share there are

    - ``tries``: calls before one is given up.
    - ``at_once``: most calls at a time from this process to that server; 0 for any number.
    """

    deterministic = False

    def __init__(self, place: str) -> None:
        """Take ``MODEL@URL?options``; nothing is opened.

        Raises:
            ValueError: it is not of that form, or an option is unknown or no number.
            ImportError: the package ``openai`` is missing.
        """
        spec = f"openai:{place}"
        model, at, url = place.rpartition("@")
        parts = urlsplit(url)
        if not (at and model and parts.scheme in ("http", "https") and parts.netloc):
            raise ValueError(f"executor {spec!r}: expected openai:MODEL@URL, as in openai:qwen@http://host:8000/v1")
        super().__init__(spec, read_options(spec, parts.query, {**OPTIONS, "tries": 4, "at_once": 0}))
        url = urlunsplit(parts._replace(query=""))
        self._chat = Chat(model, url, timeout=self._options["timeout"], tries=self._options["tries"])
        self._gate = _gate(url, self._options["at_once"])

    @property
    def usage(self) -> Mapping[str, int]:
        return self._chat.usage

    def close(self) -> None:
        """Close the connection."""
        self._chat.close()

    def _reply(self, messages: Sequence[Message], tools: Sequence[Message], answer: bool, seconds: float) -> Reply:
        more: dict[str, Any] = {"temperature": self._options["temperature"], "max_tokens": self._options["tokens"]}
        if tools:
            more |= {"tools": list(tools), **({"tool_choice": "none"} if answer else {})}
        return self._chat.ask(messages, _read, seconds, [{**more, "seed": self._seed}, more])


def _gate(url: str, at_once: int) -> AbstractContextManager[Any]:
    """What all executors of this process that talk to ``url`` pass, ``at_once`` at a time."""
    if at_once < 1:
        return nullcontext()
    with _gates_lock:
        return _gates.setdefault((url, at_once), threading.BoundedSemaphore(at_once))


def _read(message: Mapping[str, Any]) -> Reply:
    text, calls = message.get("content"), message.get("tool_calls") or ()
    if not (isinstance(text, str) or calls):
        raise ValueError("the reply holds neither text nor a tool call")
    return Reply(text, tuple(_call(call, call["function"]) for call in calls))


def _call(call: Mapping[str, Any], function: Mapping[str, Any]) -> ToolCall:
    read = ToolCall(call["id"], function["name"], function["arguments"])
    if not all(isinstance(part, str) for part in read):
        raise ValueError("the reply's tool call is of another form")
    return read
