"""What a policy out of control may send to ``step``."""

from __future__ import annotations

from typing import Any

import numpy as np

from skillflow_gym import Action

Rng = np.random.Generator
DEEP: list[Any] = []
for _ in range(5_000):
    DEEP = [DEEP]
HUGE = 10**6_000


def text(rng: Rng) -> str:
    """Any characters: lone surrogates, controls, separators of lines, other scripts; sometimes very many."""
    ranges = ((0, 0x20), (0x20, 0x7F), (0x80, 0x2FF), (0x2000, 0x2070), (0xD800, 0xE000), (0x1F300, 0x1F700))
    low, high = ranges[int(rng.integers(len(ranges)))]
    letters = "".join(chr(int(c)) for c in rng.integers(low, high, size=int(rng.integers(0, 30))))
    return letters * 3_000 if rng.random() < 0.01 else letters


def argument(rng: Rng) -> Any:
    """Mostly text, some of it meant for a tool."""
    tools = ("search: ", "lookup:", "SEARCH :", "search", ":", "turn ", "[1] ")
    prefix = tools[int(rng.integers(len(tools)))] if rng.random() < 0.5 else ""
    values: list[Any] = [None, 7, b"bytes", HUGE, DEEP, float("nan"), {"text": "x"}, np.array(["a"]), np.str_("a")]
    return prefix + text(rng) if rng.random() < 0.8 else values[int(rng.integers(len(values)))]


def kind(rng: Rng) -> Any:
    """Mostly a kind of action."""
    kinds: list[Any] = ["skill", "ACT", "accept", 0, 1, 2, np.int64(1), np.uint8(2)]
    kinds += [None, True, -1, 3, 1.0, "", "run", b"act", HUGE, -HUGE, DEEP, [1], np.float32(1), np.int64(2**62)]
    return kinds[int(rng.integers(len(kinds)))]


def tool_call(rng: Rng) -> Any:
    """A mapping that looks like a tool call."""
    inner = argument(rng)
    arguments = [
        {"text": inner},
        {"id": inner, "answer": inner},
        {},
        inner,
        '{"text": "search: moon"}',
        '{"answer": ',
        "[" * 100_000,
        '{"text": ' + "9" * 6_000 + "}",
        '"a text"',
        text(rng),
    ]
    call: dict[Any, Any] = {"name": kind(rng), "arguments": arguments[int(rng.integers(len(arguments)))]}
    shapes: list[Any] = [{"type": "function", "function": call}, call, {"function": inner}, {}, {inner_key(rng): call}]
    return shapes[int(rng.integers(len(shapes)))]


def inner_key(rng: Rng) -> Any:
    """A key that no tool call has."""
    return [None, 1, "functions", text(rng)][int(rng.integers(4))]


def garbage(rng: Rng) -> Any:
    """An action, or nothing like one."""
    shapes: list[Any] = [
        lambda: [kind(rng), argument(rng)],
        lambda: (kind(rng), argument(rng)),
        lambda: Action(kind(rng), argument(rng)),
        lambda: f"act({text(rng)})",
        lambda: f"skill({text(rng)})",
        lambda: f" Accept ({text(rng)}",
        lambda: text(rng),
        lambda: tool_call(rng),
        lambda: argument(rng),
        lambda: [argument(rng) for _ in range(int(rng.integers(4)))],
        lambda: np.array([1, 2]),
        lambda: object,
        lambda: range(2),
    ]
    return shapes[int(rng.integers(len(shapes)))]()
