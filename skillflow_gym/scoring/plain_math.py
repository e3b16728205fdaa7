"""Formulas as calculators write them, turned into LaTeX: ``2*sqrt(3)``, ``x**2``, ``pi/4``, ``-oo``."""

from __future__ import annotations

import re

_CALL = re.compile(r"\b(sqrt|cbrt|abs|Abs|binomial|Rational)\(")
_POWER = re.compile(r"(?:\*\*|\^)\s*")
_NAMES = re.compile(r"(?<![a-zA-Z\\])(?:pi|oo|infinity|inf|infty|sin|cos|tan|cot|sec|csc|log|ln|exp)(?![a-zA-Z])")
_LATEX = {"oo": r"\infty ", "infinity": r"\infty ", "inf": r"\infty "}
_COMPARE = {"<=": r"\le ", ">=": r"\ge ", "!=": r"\ne ", "==": "=", "≤": r"\le ", "≥": r"\ge ", "π": r"\pi "}
_UNION = re.compile(r"\s(?:U|∪)\s")
_COMPLEX = re.compile(r"(?<![a-zA-Z])I(?![a-zA-Z])")


def to_latex(text: str) -> str:
    """``text`` in LaTeX; what is no such formula comes back nearly unchanged."""
    text = re.sub(r"√\s*(\w+)", r"sqrt(\1)", text).replace("√(", "sqrt(")
    text = _calls(text)
    text = _powers(text)
    for plain, latex in _COMPARE.items():
        text = text.replace(plain, latex)
    text = _UNION.sub(r" \\cup ", text.replace("∞", r"\infty ").replace("°", r"^\circ "))
    text = _NAMES.sub(lambda name: _LATEX.get(name[0], f"\\{name[0]} "), text)
    if "*" in text:  # only a calculator writes the imaginary unit so
        text = _COMPLEX.sub("i", text).replace("*", r" \cdot ")
    if re.fullmatch(r"\{[^{}]*\}", text):
        text = rf"\{text[:-1]}\}}"
    return re.sub(r"(?<=\d)%", r"\\%", text)


def _calls(text: str) -> str:
    """``sqrt(...)`` and its like, the innermost first."""
    while calls := [*_CALL.finditer(text)]:
        call = calls[-1]
        end = _closing(text, call.end() - 1)
        if end < 0:
            return text
        inside = text[call.end() : end]
        first, _, second = inside.partition(",")
        latex = {
            "sqrt": rf"\sqrt{{{inside}}}",
            "cbrt": rf"\sqrt[3]{{{inside}}}",
            "binomial": rf"\binom{{{first}}}{{{second}}}",
            "Rational": rf"\frac{{{first}}}{{{second}}}",
        }.get(call[1], f"|{inside}|")
        text = f"{text[: call.start()]}{latex}{text[end + 1 :]}"
    return text


def _powers(text: str) -> str:
    r"""``x**(n + 1)`` and ``x^-2`` as ``x^{n + 1}`` and ``x^{-2}``."""
    pieces, place = [], 0
    while match := _POWER.search(text, place):
        pieces += [text[place : match.start()], "^"]
        place = match.end()
        if text[place : place + 1] == "(" and (end := _closing(text, place)) > 0:
            pieces += ["{", text[place + 1 : end], "}"]
            place = end + 1
        elif number := re.match(r"[+-]?(?:\d+(?:\.\d+)?|[a-zA-Z])", text[place:]):
            pieces += ["{", number[0], "}"]
            place += number.end()
    return "".join(pieces) + text[place:]


def _closing(text: str, opening: int) -> int:
    """Where the bracket at ``opening`` is closed; -1 for nowhere."""
    depth = 0
    for place in range(opening, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            return place
    return -1
