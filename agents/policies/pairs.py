"""What a text says about two things that the task names: do they agree, and which has the larger value?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

MONTHS = "january february march april may june july august september october november december".split()

Words = tuple[str, ...]


class Sentence(NamedTuple):
    """A sentence seen from the task.

    Attributes:
        cover: the share of what the task asks that it holds.
        words: its words.
        marks: the names and numbers in it that the task does not hold.
        others: the other words in it that the task does not hold, stop words left out.
    """

    cover: float
    words: Words
    marks: frozenset[str]
    others: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pair:
    """The comparison of the titles that the task names.

    Attributes:
        found: whether passages under at least two of them were shown.
        agrees: whether the sentences that fit the task best share a name or a number that the task does not hold.
        shares: whether they share another word that the task does not hold.
        overlap: how many names and numbers that the task does not hold stand under both, in any sentence.
        cover: how well the worse of the two sentences covers the task.
        ranks: for each title with a value, its rank among the values: 1 the largest, -1 the smallest.
    """

    found: bool = False
    agrees: bool = False
    shares: bool = False
    overlap: int = 0
    cover: float = 0.0
    ranks: Mapping[Words, float] = field(default_factory=dict)


@lru_cache(maxsize=16384)
def value(words: Words) -> float | None:
    """The first date, year or number in a sentence, dates as years with fractions; None without any."""
    for i, word in enumerate(words):
        if word in MONTHS:
            near = [w for w in words[max(0, i - 1) : i + 3] if w.isdecimal()]
            years = [int(w) for w in near if len(w) == 4]
            if years:
                day = next((int(w) for w in near if len(w) <= 2), 1)
                return years[0] + MONTHS.index(word) / 12 + day / 372
    for word in words:
        digits = word.replace(",", "")
        if len(digits) <= 300 and digits.replace(".", "", 1).isdecimal():  # longer ones are infinite
            return float(digits)
    return None


def compare(
    titles: Sequence[Words],
    sentences: Mapping[Words, Sequence[Sentence]],
) -> Pair:
    """Compare what was shown under ``titles``, in the order in which the task names them.

    Args:
        titles: titles that the task names.
        sentences: what stands under each of them.
    """
    told = [sentences[t] for t in titles if sentences.get(t)][:2]
    if len(told) < 2:
        return Pair()
    first, second = (max(some, key=lambda s: s.cover) for some in told)
    marks = [frozenset[str]().union(*[s.marks for s in some]) for some in told]
    values = {}
    for title in titles:
        numbered = [(s.cover, v) for s in sentences.get(title, ()) if (v := value(s.words)) is not None]
        if numbered:
            values[title] = max(numbered, key=lambda n: n[0])[1]
    low, high = min(values.values(), default=0.0), max(values.values(), default=0.0)
    ranks = {t: 2 * (v - low) / (high - low) - 1 if high > low else 0.0 for t, v in values.items()}
    agrees, shares = bool(first.marks & second.marks), bool(first.others & second.others)
    cover, overlap = min(first.cover, second.cover), len(marks[0] & marks[1])
    return Pair(True, agrees, shares, overlap, cover, ranks if len(values) > 1 else {})
