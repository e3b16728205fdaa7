"""The executor ``hf:MODEL``: a frozen causal language model in this process carries out instructions with the tools."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillflow_gym.errors import InfrastructureError
from skillflow_gym.executors.model import OPTIONS, Message, ModelExecutor, Reply, ToolCall, read_options
from skillflow_gym.executors.result import Result
from skillflow_gym.executors.tool_calls import read_calls
from skillflow_gym.installation import install
from skillflow_gym.tools import Toolbox

if TYPE_CHECKING:
    from skillflow_gym.executors.causal import CausalModel

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


class HFExecutor(ModelExecutor):
    """See ``ModelExecutor``. It is named by the folder of a model that transformers loads, or by its name on the hub.

    After a ``?`` options follow, such as ``models/qwen?tokens=256&device=cuda:1``. Besides those that all share:

    - ``device``: cpu, cuda, cuda:1 ...; by default the first GPU if there is one.

    The model is loaded at the first instruction, once for all executors of the process that name it alike, and answers
    one of them at a time. Replies are greedy; with a ``temperature`` they are drawn from the episode's seed. Either way
    they depend on the conversation and that seed alone, so the same episode is played again, on the same machine and
    with as many threads. Loading is no part of a deadline.
    """

    deterministic = True

    def __init__(self, place: str) -> None:
        """Take ``MODEL?options``; nothing is loaded.

        Raises:
            ValueError: no model can be meant, or an option is unknown or no number.
            ImportError: the packages of the extra ``lm`` are missing.
        """
        spec = f"hf:{place}"
        name, _, query = place.partition("?")
        options = read_options(spec, query, {**OPTIONS, "device": ""})
        if not (Path(name, "config.json").is_file() if Path(name).exists() else _HUB_NAME.fullmatch(name)):
            raise ValueError(f"executor {spec!r}: expected a folder with a model's config.json, or a name on the hub")
        for package in ("torch", "transformers"):
            if importlib.util.find_spec(package) is None:
                message = f"executor {spec!r}: a language model in this process needs {package}: {install('lm')}"
                raise ModuleNotFoundError(message, name=package)
        self._name = name
        self._model: CausalModel | None = None
        self._usage = {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0}
        super().__init__(spec, options)

    @property
    def usage(self) -> Mapping[str, int]:
        return self._usage

    def run(self, instruction: str, toolbox: Toolbox) -> Result:
        """Let the model carry out ``instruction``.

        Raises:
            InfrastructureError: a deadline is over, or the conversation is too long for the model.
            ValueError: the model cannot be loaded, or not be used with these tools.
        """
        if self._model is None:
            from skillflow_gym.executors.causal import load  # only now: torch and transformers take seconds

            try:
                self._model = load(self._name, self._options["device"])
            except ValueError as error:
                raise ValueError(f"executor {self.spec!r}: {error}") from error
            self._gate = self._model.lock
        if toolbox and not toolbox.shown and not self._model.calls_tools:
            raise ValueError(
                f"executor {self.spec!r}: its chat template has no tool calls, or writes them in a form that is not "
                "read here: take an instruct model with tools, or serve it and use openai:MODEL@URL"
            )
        return super().run(instruction, toolbox)

    def close(self) -> None:
        """Let go of the model; the last executor that does so frees it."""
        self._model = None

    def _reply(self, messages: Sequence[Message], tools: Sequence[Message], answer: bool, seconds: float) -> Reply:
        assert self._model is not None
        seconds = min(seconds, self._options["timeout"])
        prompt = self._model.prompt(messages, () if answer else tools)
        self._usage["calls"] += 1
        self._usage["prompt_tokens"] += len(prompt)
        most, temperature = self._options["tokens"], self._options["temperature"]
        written, late = self._model.write(prompt, most, temperature, self._seed, seconds)
        self._usage["completion_tokens"] += len(written)
        if late:
            raise InfrastructureError(f"executor {self.spec}: no whole reply within {seconds:.1f} s, its deadline")
        said = self._model.read(prompt, written)
        text, calls = read_calls(said, tools) if tools and not answer else (said, [])
        if not calls:
            return Reply(self._model.plain(text))
        before = sum(len(message.get("tool_calls") or ()) for message in messages)
        # Nine letters and digits, which is what Mistral's templates take.
        named = [ToolCall(f"call{n:05d}", name, json.dumps(given)) for n, (name, given) in enumerate(calls, before)]
        return Reply(text, tuple(named))
