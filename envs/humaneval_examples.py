"""The examples in a prompt's docstring: calls of its function with the values that they should give."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import NamedTuple

_FUNCTION = re.compile(r"^(?:async\s+)?def\s+(\w+)\s*\(", re.MULTILINE)
_SESSION = re.compile(r"^([ \t]*)>>> ?(.*(?:\n[ \t]*\.\.\. ?.*)*)", re.MULTILINE)
_GIVES = re.compile(r"\s*(?:==>|=>|->|➞|→|==|=|#?\s*(?:should return|returns|gives))\s*")
_NAMES = {"true": "True", "false": "False", "none": "None", "null": "None"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_LONGEST = 2000


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
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
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
    start = [match.end() for match in _FUNCTION.finditer(prompt)]
    doc = prompt[start[-1] :] if start else ""
    found = [_session(doc, match) for match in _SESSION.finditer(doc)]
    outside = re.sub(r"^[ \t]*>>>.*$", "", doc, flags=re.MULTILINE)
    calls = re.compile(rf"(?<![\w.]){re.escape(entry_point(prompt))}(?=\()") if start else re.compile(r"(?!)")
    found += [example for match in calls.finditer(outside) if (example := _inline(outside, match.start()))]
    return tuple(dict.fromkeys(found))


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
    arguments = call[call.index("(") + 1 : -1].strip().rstrip(",")
    value = next((text for text in _values(rest) if _is_literal(text)), "")
    return Example(" ".join(call.split()), value) if value and _is_literal(f"[{arguments}]") else None


def _values(rest: str) -> list[str]:
    """What the rest of a line may say is the value: all of it, without its end, or what a calculation comes to."""
    rest = rest.strip()
    short = re.split(r"\s+#|\s{2,}", rest)[0].rstrip(" .,;")
    return [_NAMES.get(text.lower(), text) for text in (short, rest, short.rpartition("=")[2].strip())]


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
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
