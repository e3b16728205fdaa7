"""What a prompt asks for: parameters and result with their types, and the words of its docstring."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import NamedTuple

from skillflow_gym.envs.humaneval_examples import entry_point, examples, literal_arguments, prose
from skillflow_gym.text import stem, words

_NUMBER_WORDS = {"two": "2", "three": "3", "four": "4", "five": "5", "ten": "10"}
_TYPES = {"int": "num", "float": "num", "str": "str", "bool": "bool"}


class Signature(NamedTuple):
    """What a prompt asks for.

    Attributes:
        parameters: name and type of each, types as in the grammar.
        result: the type of the result; "" if nothing tells it.
        stems: of the words of the docstring and of the function's name.
        numbers: what the docstring's prose holds of numbers, in digits or words.
    """

    parameters: tuple[tuple[str, str], ...]
    result: str
    stems: frozenset[str]
    numbers: tuple[str, ...]


@lru_cache(maxsize=2048)
def read_signature(prompt: str) -> Signature:
    """What a prompt asks for, from its annotations, and where there are none from the literals of its examples."""
    name = entry_point(prompt)
    found = re.search(rf"^(?:async\s+)?def\s+{re.escape(name)}\s*(\(.*?\)(?:\s*->\s*[^:]*)?):\s*$", prompt, re.M | re.S)
    try:
        tree = ast.parse(f"def f{found[1] if found else '()'}: pass").body[0]
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return Signature((), "", frozenset(), ())
    if not isinstance(tree, ast.FunctionDef):
        return Signature((), "", frozenset(), ())
    shown = [(literal_arguments(example.call) or (), _literal(example.value)) for example in examples(prompt)]
    parameters = []
    for place, argument in enumerate(tree.args.args):
        seen = [_type_of(args[place]) for args, _ in shown if len(args) > place]
        parameters.append((argument.arg, _type(ast.unparse(argument.annotation) if argument.annotation else "", seen)))
    seen = [_type_of(value) for _, value in shown]
    said = words(prose(prompt))
    numbers = [_NUMBER_WORDS.get(word, word) for word in said if word.isdigit() or word in _NUMBER_WORDS]
    return Signature(
        tuple(parameters),
        _type(ast.unparse(tree.returns) if tree.returns else "", seen),
        frozenset(stem(word) for word in [*said, *re.findall(r"[A-Za-z][a-z]*", name)]),
        tuple(dict.fromkeys(number for number in numbers if number not in ("0", "1")))[:3],
    )


def _type(annotation: str, seen: list[str]) -> str:
    """The grammar's type of an annotation; where it says too little, that of a value that was seen."""
    text = annotation.lower().replace("typing.", "").replace(" ", "")
    text = re.sub(r"^optional\[(.*)\]$|\|none$", lambda match: match[1] or "", text)
    if text in _TYPES:
        return _TYPES[text]
    base, _, inner = text.partition("[")
    if base == "list" and inner:
        item = inner[:-1]
        return f"list:{_TYPES.get(item, item.partition('[')[0])}"
    known = [kind for kind in seen if kind not in ("", "list")]
    return known[0] if known and (not base or known[0].startswith(base)) else base


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "num"
    if isinstance(value, list):
        return f"list:{_type_of(value[0]).partition(':')[0]}" if value else "list"
    return type(value).__name__ if isinstance(value, (str, dict, tuple, set)) else ""


def _literal(text: str) -> object:
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value
