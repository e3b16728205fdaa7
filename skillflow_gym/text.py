"""Words, stems and sentences of a text, as search, proposals and features share them."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"\d+(?:[.,]\d+)+|\w+(?:['’]\w+)*")
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


@lru_cache(maxsize=8192)
def raw_words(text: str) -> tuple[str, ...]:
    """The words of ``text`` as they are written, in order; a trailing possessive 's is dropped."""
    return tuple(w[:-2] if w.endswith(("'s", "’s", "'S")) else w for w in _WORD.findall(text))


@lru_cache(maxsize=16384)
def words(text: str) -> tuple[str, ...]:
    """The words of ``text``, folded, in order."""
    return tuple(fold(w) for w in raw_words(text))


def content_words(text: str) -> tuple[str, ...]:
    """The words of ``text`` that are no stop words."""
    return tuple(word for word in words(text) if word not in STOP_WORDS)


_stemmer = snowballstemmer.stemmer("english")
_stemming = threading.Lock()


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The Porter2 stem of a folded word: ``published`` and ``publishing`` have the same."""
    with _stemming:  # the stemmer keeps its state in itself
        return str(_stemmer.stemWord(word))


@lru_cache(maxsize=8192)
def stems(text: str) -> tuple[str, ...]:
    """The stems of ``words(text)``, one per word."""
    return tuple(stem(word) for word in words(text))


def content_stems(text: str) -> tuple[str, ...]:
    """The stems of the words of ``text`` that are no stop words."""
    return tuple(stem(word) for word in content_words(text))


@lru_cache(maxsize=4096)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of ``text``, without outer space; initials and titles do not end one."""
    result: list[str] = []
    for piece in _SENTENCE.split(text):
        if result and _ABBREVIATION.search(result[-1]):
            result[-1] = f"{result[-1]} {piece.strip()}"
        elif piece.strip():
            result.append(piece.strip())
    return tuple(result)
