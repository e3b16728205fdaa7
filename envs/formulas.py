"""Formulas and quantities as a text states them, and the arithmetic that follows: no knowledge of any subject."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

_NUMBER = r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>{_NUMBER})(?![\w.]*\d)|(?P<name>[^\W\d]\w*)|(?P<operator>\*\*|[-+*/^])|(?P<bracket>[()]))"
)
_EQUATION = re.compile(r"(?<![\w.*/^+-])(?<!1 )(?P<name>[^\W\d]\w*) ?= ?(?=\S)")
_UNIT = re.compile(r"\s?(?P<unit>[^\W\d][\w/^-]*|%|°\w?)")
_CONVERSION = re.compile(
    rf"(?<![\w.])1 ?(?P<one>[^\W\d][\w/^-]*) ?= ?(?P<factor>{_NUMBER}) ?(?P<other>[^\W\d][\w/^-]*)"
)
_PLAIN = re.compile(rf"(?<![\w.^])-?{_NUMBER}(?![\w]|\.\d)")
MAX_LENGTH, MAX_DEPTH = 200, 6
"""Characters of an expression, and formulas put into one another."""


class Quantity(NamedTuple):
    """A number with its unit, "" for none."""

    number: str
    unit: str


@dataclass(frozen=True)
class Statements:
    """What a text states.

    Attributes:
        quantities: ``m = 2.5 kg``: by name.
        formulas: ``E = m * v^2 / 2``: by name, as tokens.
        conversions: ``1 m/s = 3.6 km/h`` as (m/s, 3.6, km/h).
    """

    quantities: Mapping[str, Quantity]
    formulas: Mapping[str, tuple[str, ...]]
    conversions: tuple[tuple[str, str, str], ...]

    def expressions(self) -> Iterator[str]:
        """Each formula with numbers for its names: as they are stated, then in the units that they convert to."""
        for name in self.formulas:
            for converted in (False, True) if self.conversions else (False,):
                text = self._insert(name, converted, 0)
                if text is not None and len(text) <= MAX_LENGTH:
                    yield text

    def _insert(self, name: str, converted: bool, depth: int) -> str | None:
        if name in self.quantities:
            number, unit = self.quantities[name]
            return self._convert(number, unit) if converted else number
        if name not in self.formulas or depth > MAX_DEPTH:
            return None
        parts = []
        for token in self.formulas[name]:
            if token[0].isdigit() or not (token[0].isalpha() or token[0] == "_"):
                parts.append("**" if token == "^" else token)
                continue
            inner = self._insert(token, converted, depth + 1)
            if inner is None or len(inner) > MAX_LENGTH:
                return None
            parts.append(inner if token in self.quantities and inner.replace(".", "").isdigit() else f"({inner})")
        return " ".join(parts)

    def _convert(self, number: str, unit: str) -> str:
        for one, factor, other in self.conversions:
            if unit == other:
                return f"{number} / {factor}"
            if unit == one:
                return f"{number} * {factor}"
        return number


@lru_cache(maxsize=2048)
def statements(text: str) -> Statements:
    """Read the quantities, formulas and conversions that ``text`` states; of two with a name the first counts."""
    quantities: dict[str, Quantity] = {}
    formulas: dict[str, tuple[str, ...]] = {}
    for match in _EQUATION.finditer(text):
        name = match["name"]
        if name in quantities or name in formulas:
            continue
        tokens, end = _expression(text, match.end())
        if len(tokens) == 1 and tokens[0][0].isdigit():
            unit = _UNIT.match(text, end)
            quantities[name] = Quantity(tokens[0], unit["unit"] if unit else "")
        elif len(tokens) > 2:
            formulas[name] = tokens
    conversions = tuple((m["one"], m["factor"], m["other"]) for m in _CONVERSION.finditer(text))
    return Statements(quantities, formulas, conversions)


def _expression(text: str, start: int) -> tuple[tuple[str, ...], int]:
    """The longest run of tokens from ``start`` that is an expression, and where it ends; () for none."""
    tokens: list[str] = []
    whole, end, depth, operand = 0, start, 0, True  # operand: whether one is expected next
    position = start
    while match := _TOKEN.match(text, position):
        token, kind = match[0].strip(), match.lastgroup
        if kind == "operator" and not operand:
            operand = True
        elif kind == "bracket" and (token == "(") == operand:
            depth += 1 if token == "(" else -1
            if depth < 0:
                break
        elif kind in ("number", "name") and operand:
            operand = False
        else:
            break
        tokens.append(token)
        position = match.end()
        if not operand and depth == 0:
            whole, end = len(tokens), position
    return tuple(tokens[:whole]), end


@lru_cache(maxsize=4096)
def numbers(text: str) -> tuple[str, ...]:
    """The numbers in ``text``, each once, in reading order; those that belong to a word or a power are left out."""
    return tuple(dict.fromkeys(_PLAIN.findall(text)))
