"""Tool and Toolbox: named functions, what they are for, and their OpenAI definitions."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


@dataclass(frozen=True)
class Tool:
    """A function that an Executor may call.

    Attributes:
        function: takes typed arguments (the first a text) and returns text; its first docstring line describes it.
    """

    function: Callable[..., str]

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    @property
    def description(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def parameters(self) -> dict[str, type]:
        """Parameter names and types, in order."""
        hints = typing.get_type_hints(self.function)
        return {name: hints[name] for name in inspect.signature(self.function).parameters}

    def __call__(self, argument: str) -> str:
        return self.function(argument)

    def definition(self) -> dict[str, Any]:
        """The OpenAI tool definition, from the signature."""
        properties = {name: {"type": _JSON_TYPES[kind]} for name, kind in self.parameters.items()}
        signature = inspect.signature(self.function).parameters
        required = [name for name in properties if signature[name].default is inspect.Parameter.empty]
        parameters = {"type": "object", "properties": properties, "required": required}
        function = {"name": self.name, "description": self.description, "parameters": parameters}
        return {"type": "function", "function": function}


class Toolbox(Mapping[str, Tool]):
    """The tools of one episode, by name.

    Attributes:
        shown: where an instruction is to become one command to an engine: what the engine showed last.
        commands: those that it takes now, where they are known.
    """

    def __init__(self, *functions: Callable[..., str], shown: str = "", commands: tuple[str, ...] = ()) -> None:
        self.shown, self.commands = shown, commands
        tools = [Tool(function) for function in functions]
        self._tools = {tool.name: tool for tool in tools}

    def __getitem__(self, name: str) -> Tool:
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def describe(self) -> str:
        """A line per tool: ``name: argument - what it does``."""
        functions = [tool.function for tool in self._tools.values()]
        # Every episode has methods of its own, but of the same functions.
        lines = [_line(getattr(f, "__func__", f), inspect.ismethod(f)) for f in functions]
        return "\n".join(["Tools:", *lines])


@lru_cache(maxsize=256)
def _line(function: Callable[..., str], method: bool) -> str:
    argument = [*inspect.signature(function).parameters][1 if method else 0]
    tool = Tool(function)
    return f"{tool.name}: {argument} - {tool.description}"
