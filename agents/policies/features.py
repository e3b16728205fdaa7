"""Features of a candidate action, from the shown text alone: numbers for any benchmark, no word list of any.

A context is turned into segments (the sentences of every observation, each under the title of its passage). A candidate
is described by where its argument is mentioned and by how well those places cover the words of the task, directly or
over a chain of passages that mention one another.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.text import STOP_WORDS, sentences, words
from skillflow_gym.trajectory import Context

BUCKETS = 4096
"""Number of hash buckets for words; bucket 0 is padding."""
TASK_WORDS, WINDOW_WORDS, ARGUMENT_WORDS = 16, 8, 4
"""How many word ids describe the task, the surroundings of a mention, and the argument."""

NAMES = (
    *("is_skill", "is_act", "is_accept", "progress", "last_step", "first_step", "found_nothing"),
    *("length", "in_task", "share_in_task", "share_of_task", "task_seen", "is_yes_no", "has_digit", "is_year"),
    *("is_capital", "mentions", "unmentioned", "in_last", "age", "is_title", "asked_before", "title_asked"),
    *("body_cover", "place_cover", "chain_cover", "long_chain_cover", "title_cover", "mean_cover", "best_place"),
    *("best_chain", "near_cover", "last_ask_cover", "chain_less_own"),
)
SIZE = len(NAMES)


@dataclass(frozen=True, slots=True)
class Features:
    """The candidates of one context as arrays; N candidates.

    Attributes:
        numbers: float32 [N, SIZE], most of them in [0, 1].
        words: int64 [N, 1 + WINDOW_WORDS + ARGUMENT_WORDS]: first word of the command, surroundings, argument.
        task: int64 [TASK_WORDS].
    """

    numbers: NDArray[np.float32]
    words: NDArray[np.int64]
    task: NDArray[np.int64]


@lru_cache(maxsize=65536)
def bucket(word: str) -> int:
    """The hash bucket of a word, the same on every machine."""
    return 1 + zlib.crc32(word.encode("utf-8", "surrogatepass")) % (BUCKETS - 1)


@dataclass(frozen=True, slots=True)
class _Segment:
    """A sentence: its words, and the words of the title that it stands under."""

    words: tuple[str, ...]
    title: tuple[str, ...]


@lru_cache(maxsize=16384)
def _segments(observation: str) -> tuple[_Segment, ...]:
    title: tuple[str, ...] = ()
    result = []
    for line in observation.split("\n"):
        if line.startswith("[") and "] " in line[:6]:
            title = words(line.partition("] ")[2])
            result.append(_Segment(title, title))
        else:
            result += [_Segment(w, title) for s in sentences(line) if (w := words(s))]
    return tuple(result)


@lru_cache(maxsize=65536)
def _split(action: Action) -> tuple[str, str, tuple[str, ...]]:
    """The first word of a command ("" if it is no act), the argument after ``name:``, and its words."""
    if action.kind is not ActionKind.ACT:
        return "", action.argument, words(action.argument)
    name, colon, rest = action.argument.partition(":")
    if colon and name.isidentifier():
        return name.lower(), rest.strip(), words(rest)
    verb, _, rest = action.argument.partition(" ")
    return verb.lower(), rest, words(rest)


class _Places:
    """Where words stand in the segments of a context, and how much of the task each segment covers."""

    def __init__(self, context: Context) -> None:
        ask = [word for word in dict.fromkeys(words(context.task)) if word not in STOP_WORDS][:60]
        self.bit = {word: 1 << i for i, word in enumerate(ask)}
        shown = [context.first, *(turn.observation for turn in context.turns)]
        seen: dict[_Segment, int] = {}
        for turn, text in enumerate(shown):
            for segment in _segments(text):
                seen[segment] = turn
        self.segments = list(seen)
        self.turn = list(seen.values())
        self.at: dict[str, list[tuple[int, int]]] = {}
        body, title = [], []
        for i, segment in enumerate(self.segments):
            for position, word in enumerate(segment.words):
                self.at.setdefault(word, []).append((i, position))
            body.append(self.mask(segment.words))
            title.append(self.mask(segment.title))
        self.body, self.title = body, title
        total = len(self.segments)
        spread = [len({i for i, _ in self.at.get(word, ())}) for word in ask]
        weights = [log((2 + total) / (1 + n)) + 0.2 for n in spread]
        norm = sum(weights) or 1.0
        self._weight = [w / norm for w in weights]
        self._cache: dict[int, float] = {0: 0.0}
        self.own = [b | t for b, t in zip(body, title, strict=True)]
        self.chain = self._extend(self.own)
        self.long_chain = self._extend(self.chain)
        self.seen = 0
        for mask in self.own:
            self.seen |= mask

    def mask(self, some: Sequence[str]) -> int:
        """The task's words among ``some``, as bits."""
        mask = 0
        for word in some:
            mask |= self.bit.get(word, 0)
        return mask

    def cover(self, mask: int) -> float:
        """The weighted share of the task's words in ``mask``."""
        value = self._cache.get(mask)
        if value is None:
            value = self._cache[mask] = sum(w for i, w in enumerate(self._weight) if mask >> i & 1)
        return value

    def find(self, phrase: tuple[str, ...]) -> list[tuple[int, int]]:
        """(segment, position) of every mention of ``phrase``."""
        if not phrase:
            return []
        starts = self.at.get(phrase[0], [])
        size = len(phrase)
        if size == 1:
            return starts
        return [(i, p) for i, p in starts if self.segments[i].words[p : p + size] == phrase]

    def _extend(self, masks: list[int]) -> list[int]:
        """For each segment, its own words and those of the best segment elsewhere that mentions its title."""
        best: dict[tuple[str, ...], list[int]] = {}
        for segment in self.segments:
            if segment.title and segment.title not in best:
                best[segment.title] = list(
                    {masks[i] for i, _ in self.find(segment.title) if self.segments[i].title != segment.title}
                )
        return [
            max((own | other for other in best.get(segment.title, ())), key=self.cover, default=own)
            for segment, own in zip(self.segments, self.own, strict=True)
        ]


def features(context: Context) -> Features:
    """Describe every proposal of ``context``; a pure function of what it shows."""
    places = _Places(context)
    last = len(context.turns)
    asks = [_split(turn.action)[2] for turn in context.turns if turn.action.kind is ActionKind.ACT]
    asked = set(asks)
    last_ask = frozenset(asks[-1]) - STOP_WORDS if asks else frozenset()
    progress = context.step / max(context.step_limit, 1)
    common = (
        progress,
        float(context.step + 1 >= context.step_limit),
        float(last == 0),
        float(last > 0 and context.observation.startswith("Nothing")),
    )
    task_seen = places.cover(places.seen)
    task_words = words(context.task)
    in_task_text = f" {' '.join(task_words)} "
    numbers = np.zeros((len(context.proposals), SIZE), dtype=np.float32)
    ids = np.zeros((len(context.proposals), 1 + WINDOW_WORDS + ARGUMENT_WORDS), dtype=np.int64)
    described: dict[tuple[str, ...], tuple[tuple[float, ...], list[int]]] = {}
    for row, action in enumerate(context.proposals):
        verb, argument, phrase = _split(action)
        if phrase not in described:
            described[phrase] = _describe(places, phrase, last, asked, last_ask)
        mention, window = described[phrase]
        own = places.mask(phrase)
        head = argument[:1]
        numbers[row] = (
            float(action.kind is ActionKind.SKILL),
            float(action.kind is ActionKind.ACT),
            float(action.kind is ActionKind.ACCEPT),
            *common,
            min(len(phrase), 10) / 10,
            float(bool(phrase) and f" {' '.join(phrase)} " in in_task_text),
            sum(word in places.bit for word in phrase) / max(len(phrase), 1),
            places.cover(own),
            task_seen,
            float(phrase in (("yes",), ("no",))),
            float(any(c.isdigit() for c in argument)),
            float(len(argument) == 4 and argument.isdigit()),
            float(head.isupper()),
            *mention,
            mention[-1] - places.cover(own),
        )
        ids[row, 0] = bucket(f"{int(action.kind)} {verb}")
        ids[row, 1 : 1 + len(window)] = window
        ids[row, 1 + WINDOW_WORDS : 1 + WINDOW_WORDS + min(len(phrase), ARGUMENT_WORDS)] = [
            bucket(word) for word in phrase[:ARGUMENT_WORDS]
        ]
    task = np.zeros(TASK_WORDS, dtype=np.int64)
    task[: len(task_words[:TASK_WORDS])] = [bucket(word) for word in task_words[:TASK_WORDS]]
    return Features(numbers, ids, task)


def _describe(
    places: _Places, phrase: tuple[str, ...], last: int, asked: set[tuple[str, ...]], last_ask: frozenset[str]
) -> tuple[tuple[float, ...], list[int]]:
    """Where ``phrase`` is mentioned: the numbers from ``mentions`` to ``last_ask_cover``, and the words around."""
    found = places.find(phrase)
    title_asked = 0.0
    if not found:
        return (0.0, 1.0, 0.0, 0.0, 0.0, float(phrase in asked), *([0.0] * 11)), []
    # The place that counts is the one whose chain covers most of the task; the newest among equals.
    keyed = [(places.cover(places.long_chain[i]) + places.cover(places.own[i]), places.turn[i], i, p) for i, p in found]
    _, _, best, position = max(keyed)
    segment = places.segments[best]
    size = len(phrase)
    window = (*segment.words[max(0, position - 4) : position], *segment.words[position + size : position + size + 4])
    covers = [places.cover(places.own[i]) for i, _ in found]
    newest = max(places.turn[i] for i, _ in found)
    title_asked = float(segment.title in asked)
    around = set(segment.words) | set(segment.title)
    body = places.cover(places.body[best])
    place = places.cover(places.own[best])
    chain = places.cover(places.chain[best])
    long_chain = places.cover(places.long_chain[best])
    numbers = (
        log(1 + len(found)) / 3,
        0.0,
        float(newest == last),
        (last - newest) / 8,
        float(any(places.segments[i].title == phrase for i, _ in found)),
        float(phrase in asked),
        title_asked,
        body,
        place,
        chain,
        long_chain,
        places.cover(places.title[best]),
        sum(covers) / len(covers),
        max(covers),
        max(places.cover(places.chain[i]) for i, _ in found),
        places.cover(places.mask(window)),
        len(last_ask & around) / len(last_ask) if last_ask else 0.0,
    )
    return numbers, [bucket(word) for word in window]
