"""The nouns of a product's title by rule, for machines without the tagger that WebShop's reward asks.

A title is a pile of nouns, and a tagger calls most other capitalised words proper nouns, so nearly every word counts:
all but function words, bare numbers, punctuation, and a few verbs and adverbs that titles use in sentences. Words are
cut as English taggers' tokenizers cut them: at hyphens and slashes before a letter, units off their numbers.
"""

from __future__ import annotations

import re
from functools import lru_cache

_OPENING = re.compile(r"""^(?:[\[({<"'“‘…,:;!?/&@#$£€*~|–—-]|【|（)""")
_CLOSING = re.compile(
    r"""(?:[])}>"'”’…,:;!?/&@#*~|–—】）：，®™-]|['’][sS]|(?<=[a-z0-9%²)\]"'])\.|(?<=[A-Z]{2})\."""
    r"|(?<=[0-9])(?:km|m|dm|cm|mm|ha|nm|yd|in|ft|kg|g|mg|µg|t|lb|oz|mph|mb|MB|kb|KB|gb|GB|tb|TB|T|G|M|K|k|%|[°+]))$"
)
_INSIDE = re.compile(
    r"""\.{2,}|…|(?<=[0-9])[+*^-](?=[0-9-])|(?<=[a-z"'])\.(?=[A-Z"'])|(?<=[^\W\d_]),(?=[^\W\d_])"""
    r"|(?<=[^\W_])(?:--|[-–—~])(?=[^\W\d_])|(?<=[^\W_])[:<>=/](?=[^\W\d_])"
)
_NUMBER = re.compile(r"[\d.,/]*\d[\d.,/]*(?:st|nd|rd|th)?|[½¼¾⅓]")

_NO_NOUNS = frozenset(
    # function words
    "a an the this that these those each every all any some both either no not non and or nor but plus if as at by for "
    "from in into of off on onto over out per through to under up upon via with without within between during after "
    "before against across around about along behind below above near like than then so such too very more most less "
    "only just also ever even when where while which who whose what how why your you my our their his her its it i we "
    "they he she me us them is are was be been being am has have had do does did can will may w s 's n't 'n' n etc "
    # numerals
    "one two three four five six seven eight nine ten eleven twelve "
    # of sizes: 9 x 12, full size
    "x full".split()
)


@lru_cache(maxsize=65536)
def nouns(title: str) -> tuple[str, ...]:
    """The lower-case nouns of a title in order, with repeats."""
    return tuple(word for word in map(str.lower, words(title)) if _is_noun(word))


def words(title: str) -> list[str]:
    """A title's tokens."""
    found: list[str] = []
    for chunk in title.split():
        opened, closed = [], []
        while chunk and (match := _OPENING.match(chunk)):
            opened.append(match[0])
            chunk = chunk[match.end() :]
        while chunk and (match := _CLOSING.search(chunk)):
            closed.append(match[0])
            chunk = chunk[: match.start()]
        found += [*opened, *filter(None, _INSIDE.split(chunk)), *reversed(closed)]
    return found


def _is_noun(word: str) -> bool:
    return word not in _NO_NOUNS and not _NUMBER.fullmatch(word) and any(map(str.isalnum, word))
