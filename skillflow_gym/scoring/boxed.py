r"""The last ``\boxed{...}`` of a text: where solutions of competition problems have their answer."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*(?P<inside>[^\s}]?)|\\.|[{}]", re.DOTALL)


def last_boxed(text: str) -> str | None:
    r"""What the last whole ``\boxed`` or ``\fbox`` of ``text`` holds, without outer space; None if there is none.

    Braces nest, and ``\{`` is no brace; ``\boxed 7`` holds the one character. One pass, however long the text is.
    """
    open_at: list[int] = []
    """Where the braces begin that are open, -1 for those of no box."""
    start, found = -1, None
    for token in _TOKEN.finditer(text):
        inside = token["inside"]
        if inside == "{":
            open_at.append(token.end())
        elif inside:
            start, found = token.start(), inside
        elif token[0] == "{":
            open_at.append(-1)
        elif token[0] == "}" and open_at and (begin := open_at.pop()) > start:
            start, found = begin, text[begin : token.start()].strip()
    return found
