"""Small changes of a line of Python that a programmer might try: the line alone decides, and no parse is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_TOKEN = re.compile(
    r"(?P<text>[rbfu]{0,2}(?:\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?))|(?P<comment>#.*)|(?P<number>\d[\w.]*)|(?P<name>[^\W\d]\w*)|"
    r"(?P<operator>\*\*=?|//=?|<=|>=|==|!=|->|[-+*/%]=|[-+*/%<>=()\[\]{},.:])|(?P<space>\s+)|(?P<other>.)",
    re.IGNORECASE,
)
_OPERATORS = {
    "<": ("<=", ">"),
    "<=": ("<",),
    ">": (">=", "<"),
    ">=": (">",),
    "==": ("!=",),
    "!=": ("==",),
    "+": ("-", "*"),
    "-": ("+",),
    "/": ("//",),
    "//": ("%", "/"),
    "+=": ("-=", "*="),
    "-=": ("+=",),
}
_NAMES = {
    "and": ("or",),
    "or": ("and",),
    "True": ("False",),
    "False": ("True",),
    "min": ("max",),
    "max": ("min",),
    "any": ("all",),
    "all": ("any",),
    "strip": ("rstrip", "lstrip"),
    "list": ("sorted",),
    "break": ("continue",),
    "continue": ("break",),
    "None": ("0",),
}
_EXCEPTIONS = ("ValueError", "TypeError", "KeyError", "IndexError")
_SWAPPABLE = re.compile(r"(?<=[\w\])])\(([^(),]+(?:\([^()]*\))?), ?([^(),=]+(?:\([^()]*\))?)(?=[,)])")
_CHOICE = re.compile(
    r"(?P<start>.*?(?:return |= |\())(?P<one>[^=(]+?) if (?P<test>.+?) else (?P<other>[^,)]+)(?P<end>.*)"
)
_HEADS = re.compile(r"\s*(?:if|elif|while|return|assert) ")

Mutation = tuple[str, str]
"""The new line, and the kind of change."""


@lru_cache(maxsize=16384)
def mutations(line: str) -> tuple[Mutation, ...]:
    """Every small change of ``line``, each once."""
    stripped = line.strip()
    if not stripped or stripped.startswith(("#", "import ", "from ", "@", '"""', "class ")):
        return ()
    found = {new: kind for new, kind in _changes(line) if new != line}
    return tuple(found.items())


def _changes(line: str) -> Iterator[Mutation]:
    tokens = [(match.lastgroup, match[0], match.start(), match.end()) for match in _TOKEN.finditer(line)]
    solid = [token for token in tokens if token[0] not in ("space", "comment")]
    in_head = bool(_HEADS.match(line))
    loops = line.strip().startswith(("for ", "async for "))
    if line.strip().startswith("def "):  # only defaults
        yield from _defaults(line)
        return
    for place, (kind, text, start, end) in enumerate(solid):
        before = solid[place - 1][1] if place else ""
        after = solid[place + 1][1] if place + 1 < len(solid) else ""

        def replaced(new: str, start: int = start, end: int = end) -> str:
            return line[:start] + new + line[end:]

        if kind == "operator":
            binary = before not in ("", "(", "[", ",", "=", "return", ":", *_OPERATORS) or text not in "+-"
            for new in _OPERATORS.get(text, ()) if binary else ():
                yield replaced(new), "operator"
        elif kind == "number" and text.isdigit():
            yield replaced(str(int(text) + 1)), "number"
            if int(text) > 0:
                yield replaced(str(int(text) - 1)), "number"
            if before == "[" and after == "]" and text == "0":
                yield replaced("-1"), "index"
            if before == "-" and after == "]":
                yield line[: solid[place - 1][2]] + "0" + line[end:], "index"
            if text == "1" and before in ("+", "-") and place > 1:
                yield line[: solid[place - 2][3]] + line[end:], "off by one"
        elif kind == "name":
            yield from _name_changes(line, text, before, after, start, end, loops)
        if in_head or "[" in line or "(" in line:
            ends = after in ("", ")", "]", ":", ",") or after in _OPERATORS
            if (
                kind == "name" and text not in _NAMES and ends and before not in ("def", "not", "else", "in", "raise")
            ) or (text == ")" and ends and place):
                yield line[:end] + " + 1" + line[end:], "off by one"
                yield line[:end] + " - 1" + line[end:], "off by one"
    for match in _SWAPPABLE.finditer(line):
        yield line[: match.start(1)] + f"{match[2]}, {match[1]}" + line[match.end(2) :], "arguments"
    if (choice := _CHOICE.fullmatch(line)) is not None:
        yield f"{choice['start']}{choice['other']} if {choice['test']} else {choice['one']}{choice['end']}", "choice"
    if (head := re.match(r"(\s*(?:if|elif|while) )(not )?", line)) is not None and not head[2]:
        yield f"{head[1]}not {line[head.end() :]}", "negation"


def _name_changes(
    line: str, text: str, before: str, after: str, start: int, end: int, loops: bool
) -> Iterator[Mutation]:
    for new in _NAMES.get(text, ()):
        if before != "." or text == "strip":
            yield line[:start] + new + line[end:], "name"
    if text == "in" and not loops and before != "not":
        yield line[:start] + "not in" + line[end:], "negation"
    elif text == "is" and after != "not":
        yield line[:start] + "is not" + line[end:], "negation"
    elif text == "not":
        yield line[:start] + line[end:].lstrip(), "negation"
    elif before == "raise":
        for new in _EXCEPTIONS:
            yield line[:start] + new + line[end:], "exception"


def _defaults(line: str) -> Iterator[Mutation]:
    for match in re.finditer(r"=\s*(True|False|None|\d+|\"[^\"]*\"|'[^']*')(?=[,)])", line):
        value = match[1]
        news = {"True": ["False"], "False": ["True"], "None": ["0"]}.get(value, [])
        if value.isdigit():
            news = [str(int(value) + 1), *([str(int(value) - 1)] if int(value) else [])]
        elif value[0] in "\"'":
            news = ['" "', '"-"', '""', '"    "', '"*"']
        for new in news:
            yield line[: match.start(1)] + new + line[match.end(1) :], "default"
