r"""MATH: is an answer equivalent to the gold, the last ``\boxed{}`` of the solution (Hendrycks et al., 2021)?

What can be decided by the text alone is decided here; the rest is algebra, which ``math_worker`` does.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from skillflow_gym.scoring.boxed import last_boxed
from skillflow_gym.scoring.plain_math import to_latex

MAX_LENGTH, MAX_DEPTH = 500, 30
"""An answer that is longer, or has more brackets within one another, is wrong; the longest gold has about 150."""

_TEXT = r"\\(?:text|textbf|textit|textrm|mbox|mathrm|mathbf|operatorname|rm|bf)"
_SPACE = re.compile(r"\\[,;:! ]|~|\\quad|\\qquad|\s+")
_DROPPED = re.compile(r"\\(?:left|right|displaystyle|limits)(?![a-zA-Z])|\\[bB]igg?[lr]?(?![a-zA-Z])")
_FRACTION = re.compile(r"\\[dtc]frac(?![a-zA-Z])")
_ANSWER_IS = re.compile(r"(?i)\banswer\s*(?:is|:|=)\s*:?\s*(.+)", re.DOTALL)
_INLINE = re.compile(r"\\\[(.+?)\\\]|\\\((.+?)\\\)|\$\$(.+?)\$\$|(?<!\\)\$(.+?)(?<!\\)\$", re.DOTALL)
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:(?:,\\!|\\,|\{,\}|\\!|,| )\d{3})+(?![\d,])")
_APART = re.compile(r"(?<=\d)\s+(?=\d)")
_MIXED = re.compile(r"(\d+)\s+(\d+)/(\d+)")
_RATIONAL = re.compile(
    r"\s*([+-]?)\s*(?:(\d+(?:\.\d*)?|\.\d+)|(\d+)\s*/\s*(\d+)|\\frac\s*\{\s*([+-]?\d+)\s*\}\s*\{\s*([+-]?\d+)\s*\})\s*"
)
_ARTICLES = re.compile(r"\b(?:an?|the)\s+(?=\w\w)")
_MONEY = re.compile(r"^(-?)\\?[$€£]\s*(?=[\d.])")
_DEGREES = re.compile(r"(\d+(?:\.\d+)?)\s*\^\s*(?:\{\s*\\circ\s*\}|\\circ)")
_TRIGONOMETRY = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-zA-Z])")
_EMPTY = re.compile(r"\\varnothing|^\\\{\s*\\\}$")
_BASE = re.compile(
    rf"(?P<digits>[0-9a-zA-Z]+)\s*(?:_\s*\{{?\s*(?:{_TEXT}\{{)?|\(?(?:{_TEXT}\{{)?\s*\(?base\s*)"
    r"(?P<base>\d+|[a-z]+)[})\s]*"
)
_BASE_NAMES = dict(
    zip("two three four five six seven eight nine ten eleven twelve".split(), map(str, range(2, 13)), strict=True)
) | {"sixteen": "16"}
_UNIT = re.compile(
    rf"(?P<value>.*[\d}})])\s*(?:{_TEXT}\s*\{{\s*(?P<text>[a-zA-Z. ]+?)\s*\}}"
    r"|(?<=\d)\s+(?P<word>[a-zA-Z]{2,}(?: [a-zA-Z]+){0,2}))"
    r"(?:\s*\^\s*\{?(?P<power>[23])\}?)?\s*"
)
_JOINED = re.compile(rf"\s*,?\s*(?:{_TEXT}\{{\s*(?:and|or)\s*\}}|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z]))\s*")
_LETTERS = re.compile(rf"{_TEXT}\s*\{{([^{{}}]*)\}}")
_SUBSCRIPT = re.compile(r"_(?:\{[^{}]*\}|\w)")


def gold_answer(solution: str) -> str:
    r"""The answer of a worked solution.

    Raises:
        ValueError: there is no ``\boxed`` in it.
    """
    answer = last_boxed(solution)
    if not answer:
        raise ValueError("the solution has no \\boxed{answer}")
    return answer


@lru_cache(maxsize=65536)
def clean(text: str) -> str:
    """The answer that ``text`` gives, in LaTeX without dressing; "" for none, or for one that is too long or deep."""
    boxed = last_boxed(text)
    if boxed is not None:
        text = boxed
    if len(text) > 4 * MAX_LENGTH:
        return ""
    if boxed is None:
        if stated := _ANSWER_IS.search(text):
            text = stated[1]
        formulas = [*_INLINE.finditer(text)]
        if len(formulas) == 1:  # what stands around it are words, a unit or a full stop
            (formula,) = formulas
            inside = next(filter(None, formula.groups()))
            after = text[formula.end() :].strip(" .\n")
            text = f"{inside} {after}" if re.fullmatch(r"[a-zA-Z]{2,}( [a-zA-Z]+)?", after) else inside
    text = text.strip().strip("$").removesuffix(".").strip() if not _MONEY.match(text.strip()) else text.strip()
    text = _MONEY.sub(r"\1", text).removesuffix(".")
    text = _THOUSANDS.sub(lambda number: re.sub(r"[^\d]", "", number[0]), text)
    text = _MIXED.sub(r"\1\\frac{\2}{\3}", text)
    if "\\" not in text and _APART.search(text):  # two numbers with nothing between them
        return ""
    text = _FRACTION.sub(r"\\frac", _DROPPED.sub("", text))
    if "\\" not in text:
        text = to_latex(text)
    text = _EMPTY.sub(r"\\emptyset", text)
    if _TRIGONOMETRY.search(text):
        text = _DEGREES.sub(r"\\frac{\1\\pi}{180}", text)
    if r"\pm" in text:
        text = text.removeprefix(r"\{").removesuffix(r"\}")
        text = f"{text.replace(chr(92) + 'pm', '+').strip().removeprefix('+')}, {text.replace(chr(92) + 'pm', '-')}"
    text = _JOINED.sub(", ", text) if not _is_words(text) else text
    return text.strip() if len(text) <= MAX_LENGTH and _depth(text) <= MAX_DEPTH else ""


def settle(gold: str, answer: str) -> bool | None:
    """Whether ``answer`` is equivalent to ``gold``, both cleaned, as far as texts can tell; None where they cannot."""
    if not answer:
        return False
    if _SPACE.sub("", gold) == _SPACE.sub("", answer):
        return True
    exact, given = rational(gold), rational(answer)
    if exact is not None and given is not None and (exact == given or "." not in gold + answer):
        return exact == given
    ours, theirs = _based(gold), _based(answer)
    if ours or theirs:  # digits without their base are another number
        return ours == theirs
    if _is_words(gold):
        return _words(gold) == _words(answer)
    if _words(gold) == _words(answer) and _is_words(answer):
        return True
    (_, our_unit), (_, their_unit) = split_unit(gold), split_unit(answer)
    if our_unit and their_unit and our_unit != their_unit:
        return False
    return None


def rational(text: str) -> Fraction | None:
    r"""The value of an integer, a decimal, ``a/b`` or ``\frac{a}{b}``; None for anything else."""
    match = _RATIONAL.fullmatch(text)
    if match is None:
        return None
    sign, number, *parts = match.groups()
    top, bottom = [part for part in parts if part] or (number, "1")
    return Fraction(f"{sign}1") * Fraction(top) / Fraction(bottom) if Fraction(bottom) else None


def split_unit(text: str) -> tuple[str, str]:
    """A quantity without its unit, and the unit in the singular; "" for none."""
    match = _UNIT.fullmatch(text)
    if match is None:
        return text, ""
    words = (match["text"] or match["word"]).lower().replace(".", "").split()
    if words in (["and"], ["or"]) or {"and", "or", "for", "if", "in"} & set(words):
        return text, ""
    if words[0] in ("square", "sq", "cubic"):
        words = [*words[1:], "3" if words[0] == "cubic" else "2"]
    elif match["power"]:
        words.append(match["power"])
    return match["value"], " ".join(_singular(word) for word in words)


def named_value(answer: str) -> tuple[str, str]:
    """Of an equation its left side, "" where it is the name of what is asked for, and the last right side.

    ``x = 5`` names a value, and so does ``a + b = 5``; ``2x + 3 = 5`` does not.
    """
    if "=" not in answer or re.search(r"[<>,]|\\(?:le|ge|ne|lt|gt)", _SUBSCRIPT.sub("", answer.partition("=")[0])):
        return "", answer
    left, right = answer.partition("=")[0], answer.rpartition("=")[2]
    plain = re.sub(r"[a-zA-Z]\w*\([^()]*\)", "", _SUBSCRIPT.sub("", left))  # f(2) and P(X) are names
    return (left.strip() if re.search(r"\d", plain) else ""), right.strip()


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        depth += (character in "({[") - (character in ")}]")
        deepest = max(deepest, depth)
    return deepest


def _based(text: str) -> tuple[str, str] | None:
    """The digits and the base of a number such as ``2516_8``."""
    match = _BASE.fullmatch(text.strip())
    if match is None or not any(c.isdigit() for c in match["digits"]):
        return None
    base = _BASE_NAMES.get(match["base"], match["base"])
    return (match["digits"].lower().lstrip("0"), base) if base.isdigit() else None


def _is_words(text: str) -> bool:
    r"""Whether it is a text and no formula: nothing but ``\text{...}``, or a word of four letters or more."""
    if _LETTERS.search(text):
        return not re.search(r"[^\s()\-,.'’]", _LETTERS.sub("", text)) and bool(_words(text))
    return bool(re.fullmatch(r"[a-zA-Z' \-]*[a-zA-Z]{4}[a-zA-Z' \-]*", text))


def _words(text: str) -> tuple[str, ...]:
    plain = _LETTERS.sub(r" \1 ", text).lower()
    return tuple(re.findall(r"[a-z0-9]+", _ARTICLES.sub("", plain)))


def _singular(word: str) -> str:
    if word.endswith(("ches", "shes", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and len(word) > 2 else word
