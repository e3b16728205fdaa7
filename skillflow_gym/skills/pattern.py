"""An action as a pattern: what belongs to the task becomes a slot that says where the text comes from.

Patterns let actions of different tasks be compared: a skill says what to do in them, and a policy can look up which of
its candidates does it. The only word lists are of English (its prepositions and months), none of a benchmark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.text import STOP_WORDS, fold, raw_words, sentences, stem, words
from skillflow_gym.tools.search import Passage, read_passages
from skillflow_gym.trajectory import Context

MAX_LITERALS, MAX_WORDS, NEAR = 3, 24, 4
"""Free words that a pattern keeps; words of an argument that are looked at; words on each side of a text."""

PREPOSITIONS = frozenset(
    "about across along around as at behind beside between by down for from in inside into near of off on onto out "
    "outside over through to toward towards under up with without".split()
)
_MONTHS = frozenset("january february march april may june july august september october november december".split())
_TOOL = re.compile(r"\s*([^\W\d]\w*):(.*)", re.DOTALL)
_BRACKETS = re.compile(r"\s*([^\W\d]\w*)\s*\[(.*)\]\s*", re.DOTALL)
_QUOTED = re.compile(r"[\"“]([^\"“”]{2,80})[\"”]")
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_PLAIN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class _Page:
    """One text in the forms in which phrases are looked up; the words of ``joined`` stand between single spaces."""

    raw: tuple[str, ...]
    joined: str
    titles: frozenset[str]
    stems: frozenset[str]

    def forms(self, phrase: str) -> Iterator[tuple[str, ...]]:
        """How ``phrase`` is written where it occurs: the first places."""
        length, start = len(phrase.split()), self.joined.find(phrase)
        for _ in range(3):
            if start < 0:
                return
            first = self.joined.count(" ", 0, start)
            yield self.raw[first : first + length]
            start = self.joined.find(phrase, start + 1)

    def sort(self, phrase: str) -> str:
        """Whether ``phrase`` is a name, number, date or other words, as it is written here; "" if it is not here."""
        sorts = [sort_of(form) for form in self.forms(phrase)]
        return next((sort for sort in sorts if sort != "words"), "words") if sorts else ""


@lru_cache(maxsize=4096)
def _page(text: str) -> _Page:
    folded = words(text)
    titles = frozenset(_join(words(passage.title)) for passage in read_passages(text))
    return _Page(raw_words(text), _join(folded), titles - {"  "}, frozenset(map(stem, folded)))


def _join(folded: Sequence[str]) -> str:
    return f" {' '.join(folded)} "


def sort_of(raw: Sequence[str]) -> str:
    """``name``, ``number``, ``date`` or ``words``: what words are, by how they are written."""
    content = [word for word in raw if fold(word) not in STOP_WORDS]
    digits = [any(c.isdigit() for c in word) for word in content]
    if content and all(digits):
        return "number"
    if any(digits) and any(fold(word) in _MONTHS for word in content):
        return "date"
    capital = [has_digit or word[:1].isupper() for word, has_digit in zip(content, digits, strict=True)]
    return "name" if content and all(capital) else "words"


@dataclass(slots=True)
class _View:
    """What one context shows, and the patterns that were made for it."""

    task: _Page
    quotes: frozenset[str]
    asked: _Page  # the passages that the last search asked for by their titles
    shown: tuple[_Page, ...]  # newest first; never empty
    closed: bool
    made: dict[Action, str] = field(default_factory=dict)

    def pattern(self, action: Action) -> str:
        kind, text = action
        if kind is ActionKind.SKILL:
            return f"skill: {_NOT_IN_NAMES.sub('-', text)[:64] or '{nothing}'}"
        if kind is ActionKind.ACCEPT:
            return "accept: " + ("{yes or no}" if words(text) in (("yes",), ("no",)) else self._slots(text))
        if match := _TOOL.fullmatch(text):
            verb = match[1] if fold(match[1]) not in ("accept", "skill") else f"act {match[1]}"
            return f"{verb}: {self._slots(match[2])}"
        if match := _BRACKETS.fullmatch(text):
            return f"{match[1]}[{self._label(match[2]) or self._slots(match[2])}]"
        return self._command(text) if self.closed else self._slots(text, instruction=True)

    def _slot(self, phrase: str) -> str:
        """The slot for ``phrase`` (joined words) as one piece of what is shown; "" if it is none."""
        if phrase == self.task.joined:
            return "{the task}"
        if phrase in self.quotes:
            return "{quote in the task}"
        if sort := self.task.sort(phrase):
            return f"{{{sort} in the task}}"
        if sort := self.asked.sort(phrase):
            return f"{{{sort} in the passage asked for}}"
        for age, page in enumerate(self.shown):
            if phrase in page.titles:
                return "{title shown before}" if age else "{title just shown}"
        return next((f"{{{sort} in what was found}}" for page in self.shown if (sort := page.sort(phrase))), "")

    def _slots(self, text: str, instruction: bool = False) -> str:
        """``text`` as slots and free words. The first word of an ``instruction`` is no name for its capital letter."""
        phrase = words(text[: 40 * MAX_WORDS])
        if not phrase:
            return "{nothing}"
        if slot := self._slot(_join(words(text))):
            return slot
        if len(phrase) > MAX_WORDS:
            return "{words}"
        raw, pieces = raw_words(text), list[str]()
        start = 0
        while start < len(phrase):
            end, piece = self._longest(phrase, start)
            if not piece and phrase[start] not in STOP_WORDS:
                written = sort_of(raw[start : start + 1])
                plain = written == "words" or (instruction and start == 0 and written == "name")
                piece = (phrase[start] if _PLAIN.fullmatch(phrase[start]) else "{words}") if plain else f"{{{written}}}"
            if piece and pieces[-1:] != [piece]:
                pieces.append(piece)
            start = end
        if not pieces and len(phrase) <= MAX_LITERALS and all(map(_PLAIN.fullmatch, phrase)):
            return " ".join(phrase)
        if sum(not piece.startswith("{") for piece in pieces) > MAX_LITERALS:
            pieces = [piece if piece.startswith("{") else "{words}" for piece in pieces]
        merged = [p for i, p in enumerate(pieces) if i == 0 or p != pieces[i - 1]]
        return " ".join(merged) or "{words}"

    def _longest(self, phrase: tuple[str, ...], start: int) -> tuple[int, str]:
        """The end and the slot of the longest piece of what is shown from ``start`` on, no stop word at its ends."""
        if phrase[start] not in STOP_WORDS:
            for end in range(len(phrase), start, -1):
                if phrase[end - 1] not in STOP_WORDS and (slot := self._slot(_join(phrase[start:end]))):
                    return end, slot
        return start + 1, ""

    def _label(self, text: str) -> str:
        """``text`` itself if it names a part of the interface: a few plain words, none of them the task's."""
        label = words(text)
        if not self.closed or not 0 < len(label) <= MAX_LITERALS or not all(map(_PLAIN.fullmatch, label)):
            return ""
        return "" if any(stem(word) in self.task.stems for word in label) else " ".join(label)

    def _command(self, text: str) -> str:
        """A command of a closed set: verb and prepositions stay, what stands between them is a thing."""
        tokens = text[: 40 * MAX_WORDS].split()
        if len(tokens) > MAX_WORDS or not words(text):
            return "{words}" if tokens else "{nothing}"
        pieces, thing = [" ".join(words(tokens[0])) or "{words}"], list[str]()
        for token in [*tokens[1:], ""]:
            if token and not all(part in PREPOSITIONS for part in token.lower().split("/")):
                thing.append(token)
                continue
            if thing:
                pieces.append(self._thing(words(" ".join(thing))))
                thing = []
            if token:
                pieces.append(token.lower())
        return " ".join(pieces)

    def _thing(self, phrase: tuple[str, ...]) -> str:
        named = {stem(w) for w in phrase if w not in STOP_WORDS and not any(c.isdigit() for c in w)}
        if not named:
            return "{number}" if phrase else "{thing}"
        if named <= self.task.stems:
            return "{thing in the task}"
        return "{thing in what was found}" if any(named <= page.stems for page in self.shown) else "{thing}"


@lru_cache(maxsize=2048)
def _view(task: str, asked: str, shown: tuple[str, ...], closed: bool) -> _View:
    """One per content: rollouts of one task see the same again and again."""
    quotes = frozenset(_join(words(quote)) for quote in _QUOTED.findall(task))
    return _View(_page(task), quotes, _page(asked), tuple(map(_page, reversed(shown))), closed)


def _asked(context: Context) -> tuple[Passage, ...]:
    """The passages whose titles the last action that found any asked for."""
    for turn in reversed(context.turns):
        if turn.action.kind is ActionKind.ACT and (found := read_passages(turn.observation)):
            asked = frozenset(words(turn.action.argument))
            return tuple(passage for passage in found if asked.issuperset(words(passage.title) or ("",)))
    return ()


_last: list[tuple[Context, _View] | None] = [None]
"""The context asked for last: its candidates are asked for one after the other."""


def pattern(action: Action, context: Context) -> str:
    """``action`` in ``context`` as a template; one line, the same for the same content.

    ======================================  =================================================================
    ``skill: NAME``                         a skill is read
    ``TOOL: ...``, ``accept: ...``          a tool call, an answer; ``...`` is made of the following
    ``{the task}``                          the whole task
    ``{name in the task}``                  a part of it; also ``number``, ``date``, ``quote`` and ``words``
    ``{title just shown}``                  a passage's title in the newest observation
    ``{title shown before}``                the same in an older one
    ``{number in the passage asked for}``   a part of a passage whose title the last search named; also ``name``, ...
    ``{number in what was found}``          a part of the observations; also ``name``, ``date`` and ``words``
    ``{yes or no}``, ``{nothing}``          the answers yes and no; no word at all
    ``{name}``, ``{number}``, ``{words}``   text that is nowhere above; up to 3 plain words stay as they are
    ``open {thing in the task}``            where admissible actions are listed, verb and prepositions stay; also
                                            ``{thing in what was found}`` and ``{thing}``
    ======================================  =================================================================

    The bodies of skills that were read are not part of what was found.
    """
    last = _last[0]
    if last is not None and last[0] is context:
        view = last[1]
    else:
        turns = (turn.observation for turn in context.turns if turn.action.kind is not ActionKind.SKILL)
        asked = "\n".join(passage.text for passage in _asked(context))
        view = _view(context.task, asked, (context.first, *turns), bool(context.admissible))
        _last[0] = (context, view)
    made = view.made.get(action)
    if made is None:
        made = view.made[action] = view.pattern(action)
    return made


def around(context: Context, text: str) -> frozenset[str]:
    """The content words that stand around ``text`` where it is shown; without its own.

    Of several places the first in a passage that was asked for counts, else the first in the newest observation.
    """
    phrase = words(text)
    found = [turn.observation for turn in context.turns if turn.action.kind is not ActionKind.SKILL]
    for texts in (tuple(passage.text for passage in _asked(context)), *map(_texts, reversed(found))):
        for said, known in chain.from_iterable(map(_said, texts)) if phrase else ():
            if not known.issuperset(phrase):
                continue
            for i in range(len(said) - len(phrase) + 1):
                if said[i : i + len(phrase)] == phrase:
                    around = said[max(i - NEAR, 0) : i] + said[i + len(phrase) : i + len(phrase) + NEAR]
                    return frozenset(around) - STOP_WORDS - set(phrase)
    return frozenset()


@lru_cache(maxsize=4096)
def _texts(observation: str) -> tuple[str, ...]:
    return tuple(passage.text for passage in read_passages(observation)) or (observation,)


@lru_cache(maxsize=16384)
def _said(text: str) -> tuple[tuple[tuple[str, ...], frozenset[str]], ...]:
    """The words of each sentence, in order and as a set."""
    return tuple((words(sentence), frozenset(words(sentence))) for sentence in sentences(text))
