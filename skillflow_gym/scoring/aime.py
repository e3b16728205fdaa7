r"""AIME: the answer is an integer from 0 to 999 and is compared as one (matharena.ai has it in ``\\boxed{}``)."""

from __future__ import annotations

import re

from skillflow_gym.scoring.boxed import last_boxed

_INTEGER = re.compile(r"\+?\d{1,20}")


def integer(answer: str) -> int | None:
    r"""The integer that an answer gives: "42", "042", "$42$", "\boxed{042}", "so \boxed{42}."; None for anything else.

    Numbers above 999 are none: no answer of the AIME is.
    """
    text = last_boxed(answer)
    text = (answer if text is None else text).strip().strip("$").strip().removesuffix(".").rstrip()
    if not (text.isascii() and _INTEGER.fullmatch(text)):
        return None
    value = int(text)
    return value if value <= 999 else None


def correct(answer: str, gold: int) -> bool:
    """Whether ``answer`` gives the integer ``gold``."""
    return integer(answer) == gold
