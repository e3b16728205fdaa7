"""The rules about form: characters, markup and encodings; and what a disguised text says once it is taken off."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from skillflow_gym.skills.audit.reading import HIDDEN, LOOKALIKES, Finding, excerpt, normalise

_ADDRESSED = (
    r"you|your|assistant|agent|model|ai|llm|always|never|must|ignore|instructions?|system|user|send|run|execute|accept|"
    r"answer|task|when|hidden|reply|secret|reveal|override|disregard|choose|obey|follow|pretend|do not|instead|also"
)
_TURN = "system|assistant|developer|tool|function|admin|human|user"

_QUOTED = r"[\"'](?:{})[\"']\s*:"
_MESSAGE = "tool_calls?|function_call|tool_use|tool_input|tool_choice"
_ARGUMENTS = "arguments|parameters|args|input|action_input|tool_input"
_STYLE = (
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d]*[1-9])|"
    r"color\s*:\s*(?:white|#fff\w*|transparent)|left\s*:\s*-\d{3}"
)
SHAPES = (
    ("roles", "tokens and tags of chat formats", re.compile(
        r"<\|\w+\|>|\[/?INST\]|<</?SYS>>|</user>|<(?:start|end)_of_turn>|</?(?:system|assistant|developer|tool|function|"
        r"admin|human|system[-_]\w+|tool_\w+|function_\w+|invoke|skill|instructions?)(?: [^>\n]{0,200})?>", re.I)),
    ("roles", "JSON of a message or of a tool call", re.compile(
        rf"{_QUOTED.format(_MESSAGE)}|{_QUOTED.format('role')}\s*[\"'](?:{_TURN})[\"']|"
        rf"{_QUOTED.format('name|tool|function|action')}[^\n]{{1,60}}{_QUOTED.format(_ARGUMENTS)}", re.I)),
    ("markup", "a comment or a title that a rendered page does not show, addressed to the agent", re.compile(
        rf"<!--(?:(?!-->)[\s\S]){{0,800}}?\b(?:{_ADDRESSED})\b|"
        rf"^[ \t]*\[[^\]\n]{{0,80}}\]:[ \t]*(?:#|<>|\S+)[ \t]*[(\"'][^\n]{{0,300}}?\b(?:{_ADDRESSED})\b|"
        rf"\]\([^)\s]{{0,300}}\s+[\"'][^\"'\n]{{0,300}}?\b(?:{_ADDRESSED})\b", re.I | re.M)),
    ("markup", "text that a page hides, active content, links that run code", re.compile(
        rf"style\s*=\s*[\"'][^\"'\n]{{0,200}}?(?:{_STYLE})|<\w{{1,20}}[^>\n]{{0,200}}? hidden\b|"
        rf"\bon(?:error|load|click)\s*=|"
        r"<(?:script|iframe|object|embed|svg|form|meta|link|base|style)\b[^>\n]{0,200}>|(?:javascript|vbscript)\s*:\S|"
        r"data:\w+/\w+[;,]\S*|<img\b[^>\n]{0,200}?\bsrc\s*=\s*[\"']?(?:https?:)?//", re.I)),
)  # fmt: skip
"""Name, reason, pattern over the text as it is written. Code between backticks is left out of the ``markup`` ones."""

_LINK = re.compile(r"\[\s*(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})[^\]\n]{0,200}\]\(\s*https?://([^/)\s?#]+)", re.I)
_CODE = re.compile(r"`[^`\n]+`")
_JOINED_SCRIPTS = re.compile(r"[\u0600-\u08ff\u0900-\u0dff\u0e80-\u109f\u1780-\u18af]")


def shape_findings(text: str) -> Iterator[Finding]:
    """Findings about the form of ``text``, which is as the skill has it."""
    hidden = next((m for m in HIDDEN.finditer(text) if not _joins(text, m.start())), None)
    if hidden is not None:
        yield Finding("hidden-characters", excerpt(text[max(0, hidden.start() - 20) : hidden.end() + 20]))
    for word in re.findall(r"\w+", HIDDEN.sub("", text)) if not text.isascii() else ():
        if _mixed(word):
            yield Finding("look-alike", excerpt(word))
            break
    shown = _CODE.sub(" ", text)
    for name, _, pattern in SHAPES:
        if hit := pattern.search(shown if name == "markup" else text):
            yield Finding(name, excerpt(hit.group()))
    for link in _LINK.finditer(text):
        if link[1].lower().removeprefix("www.") != link[2].lower().removeprefix("www."):
            yield Finding("markup", excerpt(link.group()))
            break


def _joins(text: str, i: int) -> bool:
    """Whether the hidden character at ``i`` does its ordinary work there: emoji, Arabic and Indic joiners, flags."""
    c, before, after = text[i], text[i - 1 : i], text[i + 1 : i + 2]
    if c in "\n\t":
        return True
    if c in "\u200c\u200d" and _JOINED_SCRIPTS.match(before) and (c == "\u200d" or _JOINED_SCRIPTS.match(after)):
        return True
    if c in "\ufe0e\ufe0f":
        return bool(before) and (unicodedata.category(before) in ("So", "Sm", "Po", "Sk") or before in "0123456789#*")
    if c == "\u200d":
        return before in "\ufe0f" or unicodedata.category(before) in ("So", "Sk") if before else False
    if c in "\u200e\u200f":
        return any(unicodedata.bidirectional(d) in ("R", "AL") for d in text[max(0, i - 2) : i + 3] if d != c)
    if "\U000e0020" <= c <= "\U000e007f":  # the flags of England, Scotland and Wales
        return re.search("\U0001f3f4[\U000e0061-\U000e007a]{0,6}\U000e007f?$", text[max(0, i - 7) : i + 1]) is not None
    return False


def _mixed(word: str) -> bool:
    """Whether Latin letters and letters that look like Latin ones stand in one word; formulas such as μm are short."""
    latin = sum(c.isascii() and c.isalpha() for c in word)
    twins = [c for c in word if not c.isascii() and ord(c) in LOOKALIKES]
    others = [
        c
        for c in word
        if not c.isascii() and ord(c) not in LOOKALIKES and unicodedata.name(c, "")[:5] in ("CYRIL", "GREEK")
    ]
    return latin >= 2 and bool(twins) and len(others) <= 1 and (latin + len(twins)) >= 4


_LEET = str.maketrans("0134578@$!", "oieastbasi")
_SPACED = re.compile(r"(?<!\w)\w([ .\-_·|/])\w(?:\1\w)+(?!\w)")
_RUN_TOGETHER = re.compile(
    r"\b\w{0,20}(?:ignore|disregard|reveal|override|forget|bypass|obey|send|print|show)(?:all|your|the|previous|any|"
    r"every|prior|system|user|my|secret)\w+"
)
_ENCODED = re.compile(r"(?<![\w/+=-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w/+=-])")
_ESCAPES = re.compile(
    r"(?:%[0-7][0-9a-f]|\\x[0-7][0-9a-f]|\\u00[0-7][0-9a-f]|&#(?:x[0-7][0-9a-f]|\d{2,3});|\\[01][0-7]{2}){6,}", re.I
)
_LONG_SECRET_TEXT = 40
"""Characters of decoded text that nobody needs to encode; shorter ones are judged by what they say."""


def disguises(raw: str, text: str) -> Iterator[tuple[str, str]]:
    """Pairs of a rule and the normalised text that shows once a disguise is taken off, for the other rules to read.

    A long encoded text needs no other rule: it is replaced by one that breaks a rule for certain.

    Args:
        raw: the text as the skill has it.
        text: the same normalised.
    """
    joined = _SPACED.sub(lambda m: m.group()[::2], text)
    if joined != text:
        yield "disguised", joined
        if run := _RUN_TOGETHER.search(joined):
            yield "disguised", f"ignore all previous instructions: {run.group()}"
    if re.search(r"[a-z][0134578@$!]+[a-z]|\b[0134578@$]+[a-z]{2}", text):
        yield "disguised", text.translate(_LEET)
        yield "disguised", text.translate(_LEET | str.maketrans("1", "l"))
    yield "disguised", codecs.encode(text, "rot13")
    yield "disguised", text[::-1]
    for blob, long in decoded(raw):
        yield "payload", "ignore all previous instructions" if long else normalise(blob)


def decoded(raw: str) -> Iterator[tuple[str, bool]]:
    """Readable texts that stand encoded in ``raw``, each with whether its length alone speaks against it."""
    for match in _ENCODED.finditer(raw):
        piece = match.group()
        attempts = [_hex(piece), _base64(piece)]
        for readable in filter(None, attempts):
            yield readable, len(readable) >= (_LONG_SECRET_TEXT if readable != attempts[0] else 12)
        if not any(attempts) and len(piece) >= 160 and re.search(r"[a-z]", piece) and re.search("[A-Z0-9]", piece):
            yield piece, True
    for match in _ESCAPES.finditer(raw):
        piece = re.sub(r"\\x|\\u00|&#x", "%", match.group()).replace(";", "")
        piece = re.sub(r"&#(\d+)|\\([01][0-7]{2})", lambda m: chr(int(m[1] or m[2], 10 if m[1] else 8)), piece)
        # Letters need no escape: whoever writes six of them so has something to hide.
        yield unquote(piece), len(re.findall("[A-Za-z]", unquote(piece))) >= 6


def _hex(piece: str) -> str:
    """The readable text that ``piece`` is in hexadecimal, or ""."""
    try:
        return _readable(bytes.fromhex(piece))
    except ValueError:
        return ""


def _base64(piece: str) -> str:
    """The readable text that ``piece`` is in base64, or ""."""
    core = piece.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _readable(base64.b64decode(core + "=" * (-len(core) % 4), validate=True))
    except (ValueError, binascii.Error):
        return ""


def _readable(data: bytes) -> str:
    """``data`` as text if nearly all of it are printable characters, else ""; UTF-16 as Windows tools write it too."""
    for text in (data.decode("utf-8", "replace"), data.decode("utf-16-le", "replace")):
        ascii_share = sum(c.isascii() and (c.isprintable() or c in "\n\t") for c in text)
        if len(text) >= 8 and ascii_share >= 0.95 * len(text) and len(re.findall("[A-Za-z ]", text)) >= 0.7 * len(text):
            return text
    return ""
