"""A text's index terms, as Lucene's English analyzer has them: the shop ranks by these.

Unicode word boundaries (UAX #29, with the emoji, ideograph and south-east Asian rules of Lucene's StandardTokenizer),
possessive ``'s`` dropped, lower case, 33 stop words, Porter stems. The word-break classes come from the general
categories of Python's Unicode data and the few lists below, so a character younger than Lucene's tables may differ.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from itertools import chain

from skillflow_gym.envs.webshop.porter import stem

STOP_WORDS = frozenset(
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this "
    "to was will with".split()
)
LONGEST = 255
"""Letters of a token; longer ones are cut into pieces of this length."""

_ASCII = re.compile(
    r"(?<!_)_*(?:[0-9]+(?:(?:_*|[.,;'])[0-9]+)*|[a-z]+(?:(?:_*|[.:'])[a-z]+)*)+"
    r"(?:_+(?:[0-9]+(?:(?:_*|[.,;'])[0-9]+)*|[a-z]+(?:(?:_*|[.:'])[a-z]+)*)+)*_*"
)

# The same over a string of classes, a character each: L letter, N digit, K katakana, E joiner such as _, c joins
# letters, d joins digits, b joins both, x extends what stands before it, v emoji selector, z joiner of emojis, P
# pictograph, M skin tone, R regional indicator, k key cap, h its base, H one ideograph or hiragana, S south-east Asian.
_X = "[xvzkM]*"  # what extends in words; within emojis, selectors count
_NUMBER = f"N{_X}(?:(?:(?:E{_X})*|[db]{_X})N{_X})*"
_LETTERS = f"L{_X}(?:(?:(?:E{_X})*|[cb]{_X})L{_X})*"
_PART = f"(?:K{_X}(?:(?:E{_X})*K{_X})*|(?:{_NUMBER}|{_LETTERS})+)"
_EMOJI = "(?:z*P[xzk]*(?:M[xzk]*|v?)|M[xzk]*)"
_CLASSES = re.compile(
    f"(?<!E)(?:E{_X})*{_PART}(?:(?:E{_X})+{_PART})*(?:E{_X})*|{_EMOJI}(?:(?:z|(?<=z)){_EMOJI})*|h[xz]*v?k[xz]*"
    f"|(?:R{_X}){{2}}|(?:S{_X})+|H{_X}"
)


def terms(text: str) -> list[str]:
    """The index terms of ``text`` in order, with repeats."""
    text = text.lower()
    if text.isascii():
        found = _ASCII.findall(text)
    else:
        found = [text[m.start() : m.end()] for m in _CLASSES.finditer(text.translate(_classes))]
    return list(chain.from_iterable(map(_terms_of, found)))


@lru_cache(maxsize=500_000)
def _terms_of(token: str) -> tuple[str, ...]:
    """The term of a token; none of a stop word, one of each piece of a token that is too long."""
    pieces = [token[i : i + LONGEST] for i in range(0, len(token), LONGEST)]
    bare = (p[:-2] if p[-1:] in ("s", "S") and p[-2:-1] in ("'", "’", "＇") else p for p in pieces)
    return tuple(stem(word) for word in bare if word not in STOP_WORDS)


def _ranges(text: str) -> tuple[list[int], list[int]]:
    pairs = [part.partition("-") for part in text.split()]
    return [int(first, 16) for first, _, _ in pairs], [int(last or first, 16) for first, _, last in pairs]


# Extended_Pictographic of Unicode's emoji data.
_PICTOGRAPHS = _ranges(
    "A9 AE 203C 2049 2122 2139 2194-2199 21A9-21AA 231A-231B 2328 2388 23CF 23E9-23F3 23F8-23FA 24C2 25AA-25AB 25B6 "
    "25C0 25FB-25FE 2600-2605 2607-2612 2614-2685 2690-2705 2708-2712 2714 2716 271D 2721 2728 2733-2734 2744 2747 "
    "274C 274E 2753-2755 2757 2763-2767 2795-2797 27A1 27B0 27BF 2934-2935 2B05-2B07 2B1B-2B1C 2B50 2B55 3030 303D "
    "3297 3299 1F000-1F0FF 1F10D-1F10F 1F12F 1F16C-1F171 1F17E-1F17F 1F18E 1F191-1F19A 1F1AD-1F1E5 1F201-1F20F "
    "1F21A 1F22F 1F232-1F23A 1F23C-1F23F 1F249-1F3FA 1F400-1F53D 1F546-1F64F 1F680-1F6FF 1F774-1F77F 1F7D5-1F7FF "
    "1F80C-1F80F 1F848-1F84F 1F85A-1F85F 1F888-1F88F 1F8AE-1F8FF 1F90C-1F93A 1F93C-1F945 1F947-1FAFF 1FC00-1FFFD"
)
_KATAKANA = _ranges("3031-3035 309B-309C 30A0-30FA 30FC-30FF 31F0-31FF 3300-3357 FF66-FF9D")
_SINGLE = _ranges(  # hiragana and Han
    "2E80-2FD5 3005 3007 3021-3029 3038-303B 3041-3096 309D-309F 3400-4DBF 4E00-9FFF F900-FAFF 1B001-1B11E 20000-3134A"
)
_SOUTH_EAST_ASIAN = _ranges("0E01-0E3A 0E40-0E4E 0E81-0ECD 0EDC-0EDF 1000-103F 1050-108F 109A-109F 1780-17D3 1950-19DF")
_KINDS = {
    **dict.fromkeys(map(ord, ":··״‧︓﹕："), "c"),
    **dict.fromkeys(map(ord, ",;;։،؍٬߸⁄︐︔﹐﹔，；"), "d"),
    **dict.fromkeys(map(ord, "'.‘’․﹒＇．"), "b"),
    **dict.fromkeys(map(ord, "#*"), "h"),
    **dict.fromkeys(range(0x1F3FB, 0x1F400), "M"),
    **dict.fromkeys(range(0x1F1E6, 0x1F200), "R"),
    **dict.fromkeys((0xFE0E, 0xFE0F), "v"),
    **dict.fromkeys((0xFF9E, 0xFF9F), "x"),
    0x200B: " ",
    0x200D: "z",
    0x202F: "E",
    0x20E3: "k",
}
_BY_CATEGORY = {"Nd": "N", "Pc": "E", "Mn": "x", "Mc": "x", "Me": "x", "Cf": "x", "Nl": "L"} | dict.fromkeys(
    ("Ll", "Lu", "Lt", "Lm", "Lo"), "L"
)


def _within(code: int, ranges: tuple[list[int], list[int]]) -> bool:
    place = bisect_right(ranges[0], code) - 1
    return place >= 0 and code <= ranges[1][place]


class _Classes(dict[int, str]):
    """The class of each character, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        kind = _BY_CATEGORY.get(unicodedata.category(chr(code)), " ")
        for ranges, name in ((_SOUTH_EAST_ASIAN, "S"), (_KATAKANA, "K"), (_SINGLE, "H"), (_PICTOGRAPHS, "P")):
            if _within(code, ranges):
                kind = name
        if 0x24B6 <= code <= 0x24E9 and code != 0x24C2:  # circled letters are letters
            kind = "L"
        self[code] = kind
        return kind


_classes = _Classes(_KINDS)
