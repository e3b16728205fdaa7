"""Chat: a language model behind any OpenAI-compatible server, with retries, deadlines and a count of what it cost."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.installation import install

logger = logging.getLogger(__name__)

Message = Mapping[str, Any]
T = TypeVar("T")

_REFUSED = (400, 404, 415, 422, 501)  # how servers say that they do not know an argument
_AGAIN = (408, 409, 429)
_LONGEST_PAUSE = 30.0


class Chat:
    """The model ``model`` of the server at ``url``; needs the package ``openai``. For one thread at a time.

    A call that fails for a reason that may pass (no connection, no whole reply in time, status 408, 409, 429 or above
    499, a reply that cannot be used) is made again after a pause that doubles and is jittered, so that many clients do
    not come back together; a server's Retry-After is honoured. The client keeps its connection between calls.

    Attributes:
        model, url: of the server, such as ``http://127.0.0.1:8000/v1``.
        key_env: the environment variable that holds the key; servers that want none get a dummy.
        timeout: seconds for one call, from its start to its last byte.
        tries: calls before giving up.
        backoff: seconds before the second try, on average.
        usage: ``calls`` (failed ones too), ``prompt_tokens``, ``completion_tokens`` since it was made.

    Raises:
        ImportError: the package ``openai`` is missing.
    """

    def __init__(
        self,
        model: str,
        url: str,
        key_env: str = "OPENAI_API_KEY",
        timeout: float = 120.0,
        tries: int = 3,
        backoff: float = 1.0,
    ) -> None:
        if importlib.util.find_spec("openai") is None:
            raise ImportError(f"a language model on a server needs the package openai: {install('llm')}")
        self.model, self.url, self.key_env = model, url, key_env
        self.timeout, self.tries, self.backoff = timeout, tries, backoff
        self.usage = {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0}
        self._client: Any = None
        self._variant = 0

    def ask(
        self,
        messages: Sequence[Message],
        read: Callable[[dict[str, Any]], T],
        seconds: float,
        variants: Sequence[Mapping[str, Any]] = ({},),
    ) -> T:
        """What ``read`` makes of the reply's message.

        Args:
            messages: the conversation.
            read: takes the message, a JSON object of any form; raises ValueError, LookupError or TypeError where it
                is of no use, and the model is asked again.
            seconds: for all tries and pauses together.
            variants: more arguments of the request; where a server refuses one, the next is used from then on.

        Raises:
            InfrastructureError: no usable reply after all tries or in time, or the server refuses for good.
        """
        openai = importlib.import_module("openai")  # only now: it takes half a second
        end = time.monotonic() + seconds
        problem: Exception | None = None
        attempt, pause = 0, 0.0
        while attempt < self.tries:
            time.sleep(max(min(pause, end - time.monotonic()), 0.0))
            left = min(self.timeout, end - time.monotonic())
            if left <= 0:
                problem = TimeoutError(f"the deadline of {seconds:g} s is over; last problem: {problem}")
                break
            pause = min(self.backoff * 2**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1.5)
            try:
                variant = variants[min(self._variant, len(variants) - 1)]
                return _understood(read, self._call(openai, messages, left, variant))
            except openai.APIStatusError as error:
                if error.status_code in _REFUSED and self._variant + 1 < len(variants):
                    self._variant += 1  # for good, and no try is lost: the server never got to the question
                    pause = 0.0
                    continue
                problem = error
                if error.status_code not in _AGAIN and error.status_code < 500:
                    break
                pause = max(pause, _retry_after(error))
            except (openai.OpenAIError, TimeoutError, ValueError) as error:
                problem = error
            attempt += 1
            logger.info("model %s at %s, try %d: %r", self.model, self.url, attempt, problem)
        raise InfrastructureError(f"model {self.model} at {self.url}: {type(problem).__name__}: {problem}") from problem

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._client is not None:
            with suppress(Exception):  # another thread may be using it: that is what it is closed for
                self._client.close()
            self._client = None

    def _call(
        self, openai: Any, messages: Sequence[Message], seconds: float, more: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The message of one reply, all of it within ``seconds``: the client's own limit starts anew at every byte.

        The reply stays JSON. Typed objects would cost a third of the time that a call takes this process.
        """
        self.usage["calls"] += 1
        if self._client is None:
            key = os.environ.get(self.key_env) or "none"
            self._client = openai.OpenAI(api_key=key, base_url=self.url, max_retries=0)
        post, outcome = self._client.post, []
        body = {"model": self.model, "messages": list(messages), **more}

        def call() -> None:
            try:
                outcome.append(post("/chat/completions", body=body, cast_to=object, options={"timeout": seconds}))
            except Exception as error:  # nothing is swallowed: the thread that waits raises it again
                outcome.append(error)

        thread = threading.Thread(target=call, name="chat", daemon=True)
        thread.start()
        thread.join(seconds)
        if not outcome:
            self.close()  # which ends the thread: its connection is gone
            raise TimeoutError(f"no whole reply within {seconds:.1f} s")
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return self._message(outcome[0])

    def _message(self, reply: Any) -> dict[str, Any]:
        """The message of a reply; its tokens are counted, whether or not it is of use."""
        usage = reply.get("usage") if isinstance(reply, dict) else None
        for name in ("prompt_tokens", "completion_tokens"):
            count = usage.get(name) if isinstance(usage, dict) else None
            self.usage[name] += count if isinstance(count, int) else 0
        try:
            message = reply["choices"][0]["message"]
        except (LookupError, TypeError) as error:
            raise ValueError("the reply is no chat completion") from error
        if not isinstance(message, dict):
            raise ValueError("the reply's message is no object")
        return message


def _understood(read: Callable[[dict[str, Any]], T], message: dict[str, Any]) -> T:
    """What ``read`` makes of a message; ValueError if that is of another form than it expects."""
    try:
        return read(message)
    except (LookupError, TypeError) as error:
        raise ValueError(f"the reply's message is of another form: {type(error).__name__}: {error}") from error


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message.

    Raises:
        ValueError, LookupError, TypeError: it has none.
    """
    text = message["content"]
    if not isinstance(text, str):
        raise ValueError("the reply holds no text")
    return text


def _retry_after(error: Any) -> float:
    try:
        return min(max(float(error.response.headers.get("retry-after", 0)), 0.0), _LONGEST_PAUSE)
    except ValueError:  # it may also be a date
        return 0.0
