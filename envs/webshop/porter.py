"""The Porter stemmer with its author's later departures, as Lucene has it: the shop's search engine stems with it.

Source: M. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, and the departures that its author lists at
tartarus.org: ``bli`` to ``ble`` and ``logi`` to ``log`` in step 2. Snowball's "porter" and "english" stem otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

_STEP_2: Mapping[str, str] = dict(
    pair.split(":")
    for pair in (
        "ational:ate tional:tion enci:ence anci:ance izer:ize bli:ble alli:al entli:ent eli:e ousli:ous ization:ize "
        "ation:ate ator:ate alism:al iveness:ive fulness:ful ousness:ous aliti:al iviti:ive biliti:ble logi:log"
    ).split()
)
_STEP_3: Mapping[str, str] = dict(
    pair.split(":") for pair in "icate:ic ative: alize:al iciti:ic ical:ic ful: ness:".split()
)
_STEP_4 = tuple("al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize".split())


def stem(word: str) -> str:
    """The stem of a lower-case word; words of one or two letters stay."""
    if len(word) <= 2:
        return word
    word = _plural(word)
    word = _past(word)
    if word.endswith("y") and _has_vowel(word[:-1]):
        word = word[:-1] + "i"
    word = _replace(word, _STEP_2, lambda left: _measure(left) > 0)
    word = _replace(word, _STEP_3, lambda left: _measure(left) > 0)
    word = _without_ending(word)
    if word.endswith("e") and ((m := _measure(word[:-1])) > 1 or (m == 1 and not _short(word[:-1]))):
        word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word


def _kinds(word: str) -> str:
    """A ``v`` for each vowel and a ``c`` for each consonant; y is a vowel after a consonant."""
    kinds: list[str] = []
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and bool(kinds) and kinds[-1] == "c")
        kinds.append("v" if vowel else "c")
    return "".join(kinds)


def _measure(word: str) -> int:
    """How often vowels are followed by consonants."""
    return _kinds(word).count("vc")


def _has_vowel(word: str) -> bool:
    return "v" in _kinds(word)


def _doubled(word: str) -> bool:
    return len(word) > 1 and word[-1] == word[-2] and _kinds(word)[-1] == "c"


def _short(word: str) -> bool:
    """Whether it ends with consonant, vowel, consonant, the last not w, x or y."""
    return len(word) > 2 and _kinds(word)[-3:] == "cvc" and word[-1] not in "wxy"


def _plural(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    ending = next((e for e in ("ed", "ing") if word.endswith(e)), "")
    if not ending or not _has_vowel(left := word[: -len(ending)]):
        return word
    if left.endswith(("at", "bl", "iz")):
        return left + "e"
    if _doubled(left):
        return left if left[-1] in "lsz" else left[:-1]
    return left + "e" if _measure(left) == 1 and _short(left) else left


def _longest(word: str, endings: Sequence[str]) -> str:
    return max((e for e in endings if word.endswith(e)), key=len, default="")


def _replace(word: str, endings: Mapping[str, str], allowed: Callable[[str], bool]) -> str:
    ending = _longest(word, tuple(endings))
    if not ending or not allowed(left := word[: -len(ending)]):
        return word
    return left + endings[ending]


def _without_ending(word: str) -> str:
    ending = _longest(word, _STEP_4)
    left = word[: -len(ending)] if ending else word
    if not ending or _measure(left) <= 1 or (ending == "ion" and not left.endswith(("s", "t"))):
        return word
    return left
