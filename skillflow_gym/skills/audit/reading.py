"""How the audit reads a text: normalised, cut into sentences, and with an ear for "do not" and "a page may say"."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

EXCERPT = 80
"""Characters that a finding quotes at most."""

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\ue000-\uf8ff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
"""Characters that show nothing, reorder the text, or mean nothing outside one font."""

# Cyrillic, Greek, Armenian and Cherokee letters that look like Latin ones.
LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁԛԝһӏкмтвнгАВЕЅІЈКМНОРСТХУαεικνορτυχγωΑΒΕΖΗΙΚΜΝΟΡΤΥΧոսհցօᎪᎬᏆᎾᏢᎡᏚᎢ",
    "aeopcyxijsdqwhlkmtbhrABESIJKMHOPCTXYaeikvoptuxywABEZHIKMNOPTYXnuhgoAEIOPRST",
)
_MARKS = re.compile("[\u0300-\u036f]+")
_EMPHASIS = re.compile(r"\*+|~~|__")
_NEGATIVE = re.compile(r"\b(ca|wo|do|does|did|is|are|was|were|must|should|would|could|need|has|have|had)n'?t\b")
_SHORT = {"'re": " are", "'ve": " have", "'ll": " will", "'m": " am"}


class Finding(NamedTuple):
    """One reason not to show a skill.

    Attributes:
        rule: the rule that it breaks, such as ``override``.
        excerpt: what was found, at most 80 characters, hidden characters escaped; never a gold answer.
    """

    rule: str
    excerpt: str


def excerpt(text: str) -> str:
    """``text`` on one line, cut to EXCERPT characters, with what cannot be printed escaped."""
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in " ".join(text[: 4 * EXCERPT].split()))
    return shown if len(shown) <= EXCERPT else f"{shown[: EXCERPT - 3]}..."


def normalise(text: str) -> str:
    """``text`` as the rules read it.

    Compatibility forms, entities and look-alikes are resolved and contractions written out; it is in lower case,
    without accents, hidden characters and emphasis.

    >>> normalise("Ｄｏｎ’t **ig**no\u200bre it")
    'do not ignore it'
    """
    text = unicodedata.normalize("NFKC", HIDDEN.sub("", html.unescape(text)))
    text = HIDDEN.sub("", text)
    if not text.isascii():
        text = "".join(_latin(c) for c in text)
        text = re.sub(r"\w*[a-z]\w*", lambda m: m.group().translate(LOOKALIKES), text, flags=re.I)
        text = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))
    text = _EMPHASIS.sub("", text.lower().replace("’", "'").replace("‘", "'").replace("ʼ", "'"))
    text = text.replace("e-mail", "email").replace("cannot", "can not")
    text = _NEGATIVE.sub(lambda m: {"ca": "can", "wo": "will"}.get(m[1], m[1]) + " not", text)
    return re.sub(r"'(?:re|ve|ll|m)\b", lambda m: _SHORT[m.group()], text)


def _latin(character: str) -> str:
    """The letter of a small capital such as ɪ; any other character as it is."""
    if "\u0250" <= character <= "\u02ff" or "\u1d00" <= character <= "\u1d2b" or character in "ꜰꜱ":
        name = unicodedata.name(character, "")
        if re.fullmatch("LATIN LETTER SMALL CAPITAL [A-Z]", name):
            return name[-1].lower()
    return character


class Sentence(NamedTuple):
    """A sentence with what decides whether it asks for something or speaks about it.

    Attributes:
        text: the sentence.
        around: it, the sentence before and the one after.
        lead: the heading or the line with a colon that introduces the list in which it stands, or "".
    """

    text: str
    around: str
    lead: str


_ITEM = re.compile(r"\s*(?:[-+•>|]|\d+[.)]|[a-z][.)])\s+")
_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)[\"')\]]*\s+|(?<=[。！？])")


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a normalised ``text``; list items, headings and lines of code end one."""
    pieces: list[tuple[str, str]] = []
    lead, lines, fenced = "", [""], False
    for line in text.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        fresh = fenced or _ITEM.match(line) or line.startswith(("#", "`")) or not line.strip() or not lines[-1]
        if fresh:
            lines.append(line)
        else:
            lines[-1] += f" {line.strip()}"
        if line.startswith("#"):
            lines.append("")
    for line in lines:
        listed = _ITEM.match(line) is not None
        if line.strip() and not listed:
            lead = ""
        pieces += [(piece, lead if listed else "") for piece in _END.split(line) if piece.strip()]
        if not listed and (line.startswith("#") or line.rstrip().endswith(":")):
            lead = pieces[-1][0]
    for i, (piece, lead) in enumerate(pieces):
        yield Sentence(piece, " ".join(p for p, _ in pieces[max(0, i - 1) : i + 2]), lead)


_NEGATION = re.compile(
    r".*\b(?:not|never|avoid(?:ing)?|without|refus(?:e|es|ing) to|resist|rather than|instead of|nor|neither|"
    r"declines? to|nobody|no \w+ (?:may|can|could|should|must|needs? to|wants? to|"
    r"asks? (?:you )?to))((?:\W+\w+){0,9})\W*$",
    re.S,
)
# "Not" inside what was found takes it back, unless it is the point: rules that do not apply, whether or not it passed.
_INSIDE = re.compile(
    r"(?<!\bor )\b(?:not|never)\b(?! (?:apply|hold|bind|count|matter|to stop|bound|follow|obey|heed|comply|adhere|"
    r"refuse|trust|limited))"
)
_BREAK = re.compile(
    r"\b(?:hesitate|forget|fail|worry|only|just|mind|merely|simply|then|but|and|until|because|please)\b"
)
_REPORTED = re.compile(
    r"\b(?:says?|saying|asks?|asking|tells?|telling|claims?|claiming|orders?|instructs?|demands?|urges?|try|tries|"
    r"trying|wants?|such as|like|contains?|holds?|reads?|invites?|pretends?|requests?|to make you|to get you|"
    r"people|that|attempts?)\b[^.]*$"
)
_WARNING = re.compile(
    r"\b(?:as (?:plain |mere )?(?:data|text|content|noise|evidence|untrusted)|(?:not|never) (?:\w+ )?(?:comply|follow|"
    r"obey|heed|act on|do (?:it|so|that|what)|trust|react|orders|instructions|commands|carry out|execute)|"
    r"injections?|attack(?:s|ers?)?|phishing|scam\w*|fraud\w*|untrusted|suspicious|malicious|hackers?|criminals?|"
    r"social engineering|jailbreaks?|refuse|ignore (?:it|them|such))\b"
)
_FORBIDS = re.compile(
    r"\b(?:never|not|avoid|forbidden|refuse|without|attacks?|injections?|suspicious|warning signs?|red flags?|no)\b"
)
_TASK = re.compile(
    r"\b(?:task|question|issue|exercise|instruction|goal)s? (?:\w+ )?(?:asks?|says?|wants?|is|tells?|"
    r"requires?)\W+(?:you )?(?:to )?$"
)


def excused(sentence: Sentence, start: int, end: int) -> bool:
    """Whether ``sentence`` forbids, reports with a warning, or attributes to the task what stands at ``start:end``."""
    before, inside = sentence.text[:start], sentence.text[start:end]
    if negation := _NEGATION.search(before):
        between = before[negation.start(1) :]
        joined = re.search(r"\b(?:or|nor)\b", between + " ".join(inside.split()[:5]))
        if joined or not (_BREAK.search(between) or re.search("[,;:—–]", between)):
            return True
    if _INSIDE.search(inside) or _TASK.search(before):
        return True
    if _WARNING.search(sentence.around) and (_REPORTED.search(before) or re.search("[\"“'`«]", sentence.text[:end])):
        return True
    return bool(sentence.lead and _FORBIDS.search(sentence.lead))
