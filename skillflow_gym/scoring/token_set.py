"""How alike two texts are as sets of words: the ratio that WebShop's reward compares with its threshold.

Source: ``token_set_ratio`` of thefuzz 0.19, the version that WebShop pins, with the standard library's SequenceMatcher,
which that version uses where no C extension is installed.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

_LATIN_1 = dict.fromkeys(range(128, 256))
_NO_WORD = re.compile(r"\W")


@lru_cache(maxsize=65536)
def token_set_ratio(one: str, other: str) -> int:
    """The best similarity, 0 to 100, among the shared words, shared words with one's rest, and with the other's rest.

    Case, punctuation and the characters U+0080 to U+00FF are ignored. A text without a word is like no other: 0.
    """
    words, others = _words(one), _words(other)
    if not words or not others:
        return 0
    shared = " ".join(sorted(words & others))
    first = f"{shared} {' '.join(sorted(words - others))}".strip()
    second = f"{shared} {' '.join(sorted(others - words))}".strip()
    return max(_ratio(shared, first), _ratio(shared, second), _ratio(first, second))


def _words(text: str) -> set[str]:
    return set(_NO_WORD.sub(" ", text.translate(_LATIN_1)).lower().split())


def _ratio(one: str, other: str) -> int:
    if one == other:
        return 100
    if not one or not other:
        return 0
    return round(100 * SequenceMatcher(None, one, other).ratio())
