"""Words as numbers: hash buckets that tell descriptive words apart, and not names or numbers."""

from __future__ import annotations

import zlib
from functools import lru_cache

from skillflow_gym.text import STOP_WORDS, fold, raw_words, stem

BUCKETS = 4096
"""Number of buckets; 0 is padding."""
NAME, NUMBER, FIRST_WORD = 1, 2, 3


@lru_cache(maxsize=65536)
def bucket(word: str) -> int:
    """The hash bucket of a written word, the same on every machine.

    All names share one bucket and all numbers another: they tell which task it is, not what to do, and a network that
    sees them learns its training tasks by heart.
    """
    folded = fold(word)
    if any(c.isdigit() for c in word):
        return NUMBER
    if word[:1].isupper() and folded not in STOP_WORDS:
        return NAME
    return FIRST_WORD + zlib.crc32(stem(folded).encode("utf-8", "surrogatepass")) % (BUCKETS - FIRST_WORD)


@lru_cache(maxsize=8192)
def word_ids(text: str) -> tuple[int, ...]:
    """The buckets of the words of ``text``; as long as ``words(text)``."""
    return tuple(bucket(word) for word in raw_words(text))
