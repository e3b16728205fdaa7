"""The examples in a prompt's docstring: calls of its function with the values that they should give."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import Any, NamedTuple

_FUNCTION = re.compile(r"^(?:async\s+)?def\s+(\w+)\s*\(", re.MULTILINE)
_SESSION = re.compile(r"^([ \t]*)>>> ?(.*(?:\n[ \t]*\.\.\. ?.*)*)", re.MULTILINE)
_GIVES = re.compile(r"\s*(?:==>|=>|->|➞|→|==|=|#?\s*(?:should return|returns|gives))\s*")
_NAMES = {"true": "True", "false": "False", "none": "None", "null": "None"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_LONGEST = 2000
_NO_LITERAL = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)


class Example(NamedTuple):
    """An example.

    Attributes:
        call: an expression.
        value: what it should give, as text.
    """

    call: str
    value: str

    def agrees(self, given: str) -> bool:
        """Whether ``given``, the repr of what the call gave, is this value: the same text, or equal as a literal."""
        if given == self.value:
            return True
        try:
            return bool(ast.literal_eval(given) == ast.literal_eval(self.value))
        except _NO_LITERAL:
            return False


def entry_point(prompt: str) -> str:
    """The function that a prompt asks for: the last one that it begins; "" if there is none."""
    names = _FUNCTION.findall(prompt)
    return names[-1] if names else ""


@lru_cache(maxsize=4096)
def examples(prompt: str) -> tuple[Example, ...]:
    """The examples of a prompt, in reading order.

    Sessions (``>>> f(1)`` and the value on the next lines; none means None) are taken as they are. Other forms, as in
    ``f(1) == 2``, ``f(1) => 2``, ``f(1) ➞ 2`` and ``f(1) returns 2``, are taken where all arguments and the value are
    literals. In prose there is more that only a reader can understand.
    """
    name, doc = entry_point(prompt), _doc(prompt)
    found = [_session(doc, match) for match in _SESSION.finditer(doc)]
    outside = re.sub(r"^[ \t]*>>>.*$", "", doc, flags=re.MULTILINE)
    calls = re.compile(rf"(?<![\w.]){re.escape(name)}(?=\()" if name else r"(?!)")
    found += [example for match in calls.finditer(outside) if (example := _inline(outside, match.start()))]
    return tuple(dict.fromkeys(example for example in found if example.call))


def prose(prompt: str) -> str:
    """The lines of a prompt's docstring that show no example."""
    lines, shown = [], False
    for line in _doc(prompt).split("\n"):
        text = line.strip()
        shown = text.startswith(">>>") or (shown and bool(text) and not text.startswith(('"""', "'''")))
        if not shown and f"{entry_point(prompt)}(" not in line:
            lines.append(line)
    return "\n".join(lines)


def _doc(prompt: str) -> str:
    """What follows the name of the function that is asked for."""
    start = [match.end() for match in _FUNCTION.finditer(prompt)]
    return prompt[start[-1] :] if start else ""


def _session(doc: str, match: re.Match[str]) -> Example:
    margin = len(match[1])
    lines = []
    for line in doc[match.end() + 1 :].split("\n"):
        if not line.strip() or line.lstrip().startswith((">>>", '"""', "'''")):
            break
        lines.append(line[margin:].rstrip())
    return Example(re.sub(r"\n[ \t]*\.\.\. ?", "\n", match[2]).strip(), "\n".join(lines) or "None")


def _inline(text: str, start: int) -> Example | None:
    """The example whose call begins at ``start``, if it is one of literals."""
    end = _call_end(text, start)
    gives = _GIVES.match(text, end) if end else None
    if gives is None or "\n" in gives[0]:
        return None
    call, rest = text[start:end], text[gives.end() :].partition("\n")[0]
    value = next((text for text in _values(rest) if _is_literal(text)), "")
    return Example(" ".join(call.split()), value) if value and literal_arguments(call) is not None else None


def literal_arguments(call: str) -> tuple[Any, ...] | None:
    """The values of a call's arguments, those by name last; None if it is no call or one of them is no literal."""
    try:
        tree = ast.parse(call, mode="eval").body
        if isinstance(tree, ast.Call):
            return tuple(map(ast.literal_eval, (*tree.args, *(keyword.value for keyword in tree.keywords))))
    except _NO_LITERAL:
        pass
    return None


def _values(rest: str) -> list[str]:
    """What the rest of a line may say is the value: all of it, without its end, or what a calculation comes to."""
    rest = rest.strip()
    short = re.split(r"\s+#|\s{2,}", rest)[0].rstrip(" .,;")
    return [_NAMES.get(text.lower(), text) for text in (short, rest, short.rpartition("=")[2].strip())]


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except _NO_LITERAL:
        return False
    return True


def _call_end(text: str, start: int) -> int:
    """Where the brackets close that the call opens; 0 if they do not."""
    stack: list[str] = []
    quote = ""
    for place, c in enumerate(text[start : start + _LONGEST], start):
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c in _CLOSING:
            stack.append(_CLOSING[c])
        elif c in _CLOSING.values():
            if not stack or stack.pop() != c:
                return 0
            if not stack:
                return place + 1
    return 0
