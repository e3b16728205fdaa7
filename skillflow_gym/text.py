"""Words and sentences of a text, as search, proposals and features share them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[\"'“‘(]?[^\Wa-z_])")

# Initials and titles whose full stop ends no sentence.
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Jr|Sr|No|vs|c|ca)\.$")

STOP_WORDS = frozenset(
    "a an and are as at be been being by did do does for from had has have he her his how i if in into is it its of on "
    "or she that the their them then there these they this to was we were what when where which who whom whose why "
    "will with you your".split()
)


def fold(text: str) -> str:
    """Lower case without accents, so that ``Évora`` and ``evora`` are one word."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """The folded words of ``text``, in order; a trailing possessive 's is dropped."""
    return tuple(w[:-2] if w.endswith(("'s", "’s")) else w for w in _WORD.findall(fold(text)))


def content_words(text: str) -> tuple[str, ...]:
    """The words of ``text`` that are no stop words."""
    return tuple(word for word in words(text) if word not in STOP_WORDS)


@lru_cache(maxsize=16384)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of ``text``, without outer space; initials and titles do not end one."""
    result: list[str] = []
    for piece in _SENTENCE.split(text):
        if result and _ABBREVIATION.search(result[-1]):
            result[-1] = f"{result[-1]} {piece.strip()}"
        elif piece.strip():
            result.append(piece.strip())
    return tuple(result)
