r"""The last ``\boxed{...}`` of a text: where solutions of competition problems have their answer."""

from __future__ import annotations

import re

_BOXED = re.compile(r"\\(?:boxed|fbox)\s*")
_ESCAPED_OR_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)


def last_boxed(text: str) -> str | None:
    r"""What the last whole ``\boxed`` or ``\fbox`` of ``text`` holds, without outer space; None if there is none.

    Braces nest, and ``\{`` is no brace; ``\boxed 7`` holds the one character.
    """
    for match in reversed([*_BOXED.finditer(text)]):
        start = match.end()
        if text[start : start + 1] != "{":
            if start < len(text) and not text[start].isspace():
                return text[start]
            continue
        depth = 0
        for brace in _ESCAPED_OR_BRACE.finditer(text, start):
            depth += {"{": 1, "}": -1}.get(brace[0], 0)
            if depth == 0:
                return text[start + 1 : brace.start()].strip()
    return None
