"""Where words stand in what was shown, and how much of the task each sentence covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import log

from skillflow_gym.actions import ActionKind
from skillflow_gym.agents.policies.pairs import Pair, Sentence, compare
from skillflow_gym.agents.policies.vocabulary import NAME, NUMBER, word_ids
from skillflow_gym.text import STOP_WORDS, sentences, stem, stems, words
from skillflow_gym.trajectory import Context

Words = tuple[str, ...]

WINDOW_WORDS = 8
"""How many word ids describe the surroundings of a mention, half of them on each side."""
_PADDING = (0,) * WINDOW_WORDS


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence seen from a task.

    Attributes:
        task: the task.
        words, ids: its words and their buckets.
        title: the words of the title that it stands under.
        bag: its words and its title's.
        windows: what ``around`` was asked before; rollouts of a task share their observations.
    """

    task: str
    words: Words
    ids: tuple[int, ...]
    title: Words
    bag: frozenset[str]
    windows: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = field(default_factory=dict)

    def around(self, start: int, end: int) -> tuple[int, tuple[int, ...]]:
        """What stands around the words from ``start`` to ``end``: the task's words as bits, and WINDOW_WORDS ids."""
        known = self.windows.get((start, end))
        if known is None:
            before, after = slice(max(0, start - WINDOW_WORDS // 2), start), slice(end, end + WINDOW_WORDS // 2)
            mask = asked_mask(self.task, self.words[before] + self.words[after])
            ids = (self.ids[before] + self.ids[after] + _PADDING)[:WINDOW_WORDS]
            known = self.windows[start, end] = mask, ids
        return known


@dataclass(frozen=True, slots=True)
class Shown:
    """An observation seen from a task; sets of the task's words are bit masks.

    Attributes:
        segments: its titles and sentences.
        at: word -> (segment, position) of every occurrence.
        body: the task's words in each segment.
        title: the task's words in each segment's title.
        spread: in how many segments each of the task's words occurs.
    """

    segments: tuple[Segment, ...]
    at: dict[str, list[tuple[int, int]]]
    body: tuple[int, ...]
    title: tuple[int, ...]
    spread: tuple[int, ...]


@lru_cache(maxsize=8192)
def asked_stems(task: str) -> dict[str, int]:
    """The stems that the task asks about, each with its bit."""
    known = dict.fromkeys(stem(word) for word in words(task) if word not in STOP_WORDS)
    return {word: 1 << i for i, word in enumerate(list(known)[:60])}


@lru_cache(maxsize=8192)
def named_bits(task: str) -> int:
    """The bits of the task's names and numbers; the others say what is asked about them."""
    bit, mask = asked_stems(task), 0
    for word, kind in zip(words(task)[1:], word_ids(task)[1:], strict=True):
        if kind in (NAME, NUMBER):
            mask |= bit.get(stem(word), 0)
    return mask


@lru_cache(maxsize=1024)
def shown(task: str, observation: str) -> Shown:
    """Take an observation apart."""
    bit = asked_stems(task)
    title: Words = ()
    segments: list[Segment] = []
    body, titles = [], []
    spread = dict.fromkeys(bit, 0)
    at: dict[str, list[tuple[int, int]]] = {}
    for line in observation.split("\n"):
        heads = line.startswith("[") and "] " in line[:6]
        text = line.partition("] ")[2] if heads else line
        if heads:
            title = words(text)
        for sentence in (text,) if heads else sentences(text):
            here = words(sentence)
            ids = (NAME,) * len(title) if heads else word_ids(sentence)
            segment = Segment(task, here, ids, title, frozenset(here + title))
            for position, word in enumerate(segment.words):
                at.setdefault(word, []).append((len(segments), position))
            mask = 0
            for word in spread.keys() & set(stems(sentence)):
                mask |= bit[word]
                spread[word] += 1
            segments.append(segment)
            body.append(mask)
            titles.append(_mask(bit, title))
    return Shown(tuple(segments), at, tuple(body), tuple(titles), tuple(spread.values()))


@lru_cache(maxsize=65536)
def asked_mask(task: str, some: Words) -> int:
    """The task's words among ``some``, as bits."""
    return _mask(asked_stems(task), some)


def _mask(bit: dict[str, int], some: Sequence[str]) -> int:
    mask = 0
    for word in some:
        mask |= bit.get(stem(word), 0)
    return mask


@lru_cache(maxsize=8192)
def _marks(some: Words, ids: tuple[int, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """The names and numbers among a sentence's words, and the others; the first, always written like a name, is out."""
    pairs = list(zip(some[1:], ids[1:], strict=True))
    marks = frozenset(word for word, id in pairs if id in (NAME, NUMBER))
    return marks, frozenset(word for word, id in pairs if id not in (NAME, NUMBER))


class Places:
    """All observations of a context together.

    The cover of a set of the task's words is the weighted share of the task's words in it, words that few segments hold
    counting more: once for the words that say what is asked (``cover``), once for the names (``named``).

    Attributes:
        segments, turn: the segments, and the turn that showed each.
        body, title, own, chain, long_chain: masks: the sentence's words, its title's, both; ``chain`` adds the best
            segment elsewhere that mentions its title, ``long_chain`` one more of those.
        worth: of each segment, what it and its long chain cover.
        body_cover: of each segment, what its words cover.
        seen: the mask of all words that were shown.
    """

    def __init__(self, context: Context) -> None:
        # A skill that was read says nothing about the task, and what it stands under was shown before.
        texts = ["" if turn.action.kind is ActionKind.SKILL else turn.observation for turn in context.turns]
        parts = [shown(context.task, text) for text in (context.first, *texts)]
        self.segments = [segment for part in parts for segment in part.segments]
        self._titles = {segment.title for segment in self.segments if segment.title}
        self.turn = [turn for turn, part in enumerate(parts) for _ in part.segments]
        self._parts: list[tuple[int, Shown]] = []
        start = 0
        for part in parts:
            self._parts.append((start, part))
            start += len(part.segments)
        counts = [sum(spread) for spread in zip(*(part.spread for part in parts), strict=True)]
        weights = [log((2 + start) / (1 + n)) + 0.2 for n in counts]
        names = named_bits(context.task)
        self._asked = _shares([(1 << i, w) for i, w in enumerate(weights) if not names >> i & 1])
        self._names = _shares([(1 << i, w) for i, w in enumerate(weights) if names >> i & 1])
        self._covers: dict[int, float] = {0: 0.0}
        self._nameds: dict[int, float] = {0: 0.0}
        self._worths: dict[int, float] = {}
        self.body = [mask for part in parts for mask in part.body]
        self.title = [mask for part in parts for mask in part.title]
        self.own = [b | t for b, t in zip(self.body, self.title, strict=True)]
        self.seen = 0
        for mask in self.own:
            self.seen |= mask
        links = self._links()
        self.chain = self._extend(self.own, links)
        self.long_chain = self._extend(self.chain, links)
        self.body_cover = [self.cover(mask) for mask in self.body]
        self._segment_covers: dict[int, tuple[float, ...]] = {}
        self.worth = [self._worth(far) + self._worth(own) for far, own in zip(self.long_chain, self.own, strict=True)]

    def cover(self, mask: int) -> float:
        """The share of the words that say what is asked."""
        value = self._covers.get(mask)
        if value is None:
            value = self._covers[mask] = sum([weight for one, weight in self._asked if mask & one])
        return value

    def named(self, mask: int) -> float:
        """The share of the task's names."""
        value = self._nameds.get(mask)
        if value is None:
            value = self._nameds[mask] = sum([weight for one, weight in self._names if mask & one])
        return value

    def covers(self, i: int) -> tuple[float, ...]:
        """What segment ``i`` covers: its words, chain and long chain; its names, its long chain's and its title's."""
        known = self._segment_covers.get(i)
        if known is None:
            asked = self.body_cover[i], self.cover(self.chain[i]), self.cover(self.long_chain[i])
            named = self.named(self.own[i]), self.named(self.long_chain[i]), self.named(self.title[i])
            known = self._segment_covers[i] = (*asked, *named)
        return known

    def find(self, phrase: Words) -> list[tuple[int, int]]:
        """(segment, position) of every mention of ``phrase``."""
        size, result = len(phrase), []
        first = phrase[0] if phrase else ""
        for start, part in self._parts:
            found = part.at.get(first, ())
            if size > 1 and found:
                found = [(i, p) for i, p in found if part.segments[i].words[p : p + size] == phrase]
            result += [(start + i, p) for i, p in found]
        return result

    def pair(self, task_words: Words) -> Pair:
        """The comparison of the titles that the task names."""
        text = f" {' '.join(task_words)} "
        named = {title: at for title in self._titles if (at := text.find(f" {' '.join(title)} ")) >= 0}
        if len(named) < 2:
            return Pair()
        known = {title: STOP_WORDS.union(task_words, title) for title in named}
        under: dict[Words, list[Sentence]] = {}
        for i, segment in enumerate(self.segments):
            title = segment.title
            if title in named and segment.words != title:
                marks, others = _marks(segment.words, segment.ids)
                sentence = Sentence(self.body_cover[i], segment.words, marks - known[title], others - known[title])
                under.setdefault(title, []).append(sentence)
        return compare(sorted(named, key=lambda title: (named[title], title)), under)

    def _links(self) -> dict[Words, list[int]]:
        """For each title, the segments under other titles that mention it."""
        return {t: [i for i, _ in self.find(t) if self.segments[i].title != t] for t in self._titles}

    def _extend(self, reached: list[int], links: dict[Words, list[int]]) -> list[int]:
        """For each segment, its own words and those that the best segment which mentions its title has reached."""
        sources = {title: {reached[i] for i in places} for title, places in links.items()}
        return [
            self._best([mine | other for other in sources.get(segment.title, ())], mine)
            for segment, mine in zip(self.segments, self.own, strict=True)
        ]

    def _best(self, masks: list[int], default: int) -> int:
        return max([(self._worth(mask), mask) for mask in masks])[1] if masks else default

    def _worth(self, mask: int) -> float:
        value = self._worths.get(mask)
        if value is None:
            value = self._worths[mask] = self.cover(mask) + self.named(mask)
        return value


def _shares(weights: list[tuple[int, float]]) -> list[tuple[int, float]]:
    total = sum(weight for _, weight in weights) or 1.0
    return [(one, weight / total) for one, weight in weights]
