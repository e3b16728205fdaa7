"""Multiple choice: which option an answer names, as MedQA and GPQA count it: the letter is right or wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LETTER = re.compile(r"([a-z])\.?|\(([a-z])\)")
_LETTER_AND_TEXT = re.compile(r"([a-z])[.)]\s*(.+)")


def correct(answer: str, options: Mapping[str, str], letter: str) -> bool:
    """Whether ``answer`` names the option ``letter``."""
    return chosen(answer, options) == letter


def chosen(answer: str, options: Mapping[str, str]) -> str:
    """The letter of the option that ``answer`` names; "" if it names none, or two.

    It names one by the letter (``B``, ``(B)``, ``B.``), by the letter and the text (``B. text``, ``B) text``) or by the
    text, case and white space aside. A letter is read as a letter first, even if it is the text of an option.

    Args:
        answer: what was accepted.
        options: upper-case letter -> text.
    """
    answer = folded(answer)
    if match := _LETTER.fullmatch(answer):
        letter = (match[1] or match[2]).upper()
        if letter in options:
            return letter
    named = {letter for letter, text in options.items() if folded(text) == answer}
    if match := _LETTER_AND_TEXT.fullmatch(answer):
        letter = match[1].upper()
        if folded(options.get(letter, "")) == match[2]:
            named.add(letter)
    return named.pop() if len(named) == 1 else ""


def folded(text: str) -> str:
    """``text`` with case and white space aside."""
    return " ".join(text.split()).casefold()
