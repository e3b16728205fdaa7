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
from skillflow_gym.agents.policies.pairs import Pair, compare
from skillflow_gym.text import STOP_WORDS, fold, raw_words, sentences, stem, stems, words
from skillflow_gym.trajectory import Context

BUCKETS = 4096
"""Number of hash buckets for words; bucket 0 is padding."""
TASK_WORDS, WINDOW_WORDS, ARGUMENT_WORDS = 16, 8, 4
"""How many word ids describe the task, the surroundings of a mention, and the argument."""

NAMES = (
    *("is_skill", "is_act", "is_accept", "progress", "last_step", "first_step", "found_nothing"),
    *("length", "in_task", "share_in_task", "share_of_task", "task_seen", "yes_no", "has_digit", "is_year"),
    *("is_capital", "mentions", "unmentioned", "in_last", "age", "is_title", "asked_before", "title_asked"),
    *("body_cover", "place_cover", "chain_cover", "long_chain_cover", "title_cover", "mean_cover", "best_place"),
    *("best_chain", "near_cover", "last_ask_cover", "chain_less_own"),
    *("pair_found", "pair_agrees", "pair_cover", "agrees_if_yes", "has_value", "value_rank"),
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


_NAME, _NUMBER, _FIRST_WORD = 1, 2, 3


@lru_cache(maxsize=65536)
def bucket(word: str) -> int:
    """The hash bucket of a written word, the same on every machine.

    All names share one bucket and all numbers another: they tell which task it is, not what to do, and a network that
    sees them learns its training tasks by heart.
    """
    folded = fold(word)
    if any(c.isdigit() for c in word):
        return _NUMBER
    if word[:1].isupper() and folded not in STOP_WORDS:
        return _NAME
    return _FIRST_WORD + zlib.crc32(stem(folded).encode("utf-8", "surrogatepass")) % (BUCKETS - _FIRST_WORD)


@lru_cache(maxsize=16384)
def word_ids(text: str) -> tuple[int, ...]:
    """The buckets of the words of ``text``; as long as ``words(text)``."""
    return tuple(bucket(word) for word in raw_words(text))


@dataclass(frozen=True, slots=True)
class _Segment:
    """A sentence: its words, their stems and buckets, and the words of the title that it stands under."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    ids: tuple[int, ...]
    title: tuple[str, ...]


@lru_cache(maxsize=16384)
def _segments(observation: str) -> tuple[_Segment, ...]:
    title: tuple[str, ...] = ()
    result = []
    for line in observation.split("\n"):
        if line.startswith("[") and "] " in line[:6]:
            title = words(line.partition("] ")[2])
            result.append(_Segment(title, tuple(stem(w) for w in title), (_NAME,) * len(title), title))
        else:
            result += [_Segment(w, stems(s), word_ids(s), title) for s in sentences(line) if (w := words(s))]
    return tuple(result)


@dataclass(frozen=True, slots=True)
class _Form:
    """What of an action does not depend on the context."""

    phrase: tuple[str, ...]
    kind: tuple[float, float, float]
    shape: tuple[float, float, float, float]
    verb: int
    ids: tuple[int, ...]


@lru_cache(maxsize=65536)
def _form(action: Action) -> _Form:
    """An act's first word is its verb, whether ``name: argument`` or an engine's command; the rest is the argument."""
    verb, argument = "", action.argument
    if action.kind is ActionKind.ACT:
        verb, colon, argument = argument.partition(":")
        if not (colon and verb.isidentifier()):
            verb, _, argument = action.argument.partition(" ")
        argument = argument.strip()
    phrase = words(argument)
    shape = (
        float(phrase == ("yes",)) - float(phrase == ("no",)),
        float(any(c.isdigit() for c in argument)),
        float(len(argument) == 4 and argument.isdigit()),
        float(argument[:1].isupper()),
    )
    ids = word_ids(argument)[:ARGUMENT_WORDS]
    return _Form(
        phrase,
        (float(action.kind == 0), float(action.kind == 1), float(action.kind == 2)),
        shape,
        bucket(f"{int(action.kind)} {verb.lower()}"),
        ids + (0,) * (ARGUMENT_WORDS - len(ids)),
    )


class _Places:
    """Where words stand in the segments of a context, and how much of the task each segment covers.

    A set of the task's words is a bit mask; its cover is the weighted share of the task's words that it holds, rare
    ones counting more.
    """

    def __init__(self, context: Context) -> None:
        ask = list(dict.fromkeys(stem(word) for word in words(context.task) if word not in STOP_WORDS))[:60]
        bit = {word: 1 << i for i, word in enumerate(ask)}
        self._bit = bit
        spread = dict.fromkeys(ask, 0)
        newest: dict[_Segment, int] = {}
        for turn, text in enumerate([context.first, *(turn.observation for turn in context.turns)]):
            newest.update(dict.fromkeys(_segments(text), turn))
        self.segments = segments = list(newest)
        self.turn = list(newest.values())
        self.at: dict[str, list[tuple[int, int]]] = {}
        body, titles, self.seen = [], [], 0
        for i, segment in enumerate(segments):
            mask = 0
            for position, word in enumerate(segment.words):
                if word in self.at:
                    self.at[word].append((i, position))
                else:
                    self.at[word] = [(i, position)]
            known = spread.keys() & set(segment.stems)
            for word in known:
                mask |= bit[word]
                spread[word] += 1
            body.append(mask)
            titles.append(self.mask(segment.title))
            self.seen |= mask
        weights = [log((2 + len(segments)) / (1 + n)) + 0.2 for n in spread.values()]
        norm = sum(weights) or 1.0
        self._weight = [(1 << i, w / norm) for i, w in enumerate(weights)]
        self._covers: dict[int, float] = {0: 0.0}
        own = [b | t for b, t in zip(body, titles, strict=True)]
        links = self._links()
        chain = self._extend(own, own, links)
        long_chain = self._extend(own, chain, links)
        cover = self.cover
        self.body, self.title = [cover(m) for m in body], [cover(m) for m in titles]
        self.own, self.chain = [cover(m) for m in own], [cover(m) for m in chain]
        self.long_chain = [cover(m) for m in long_chain]

    def pair(self, task_words: tuple[str, ...]) -> Pair:
        """The comparison of the titles that the task names."""
        text = f" {' '.join(task_words)} "
        named = {s.title: at for s in self.segments if s.title and (at := text.find(f" {' '.join(s.title)} ")) >= 0}
        if len(named) < 2:
            return Pair()
        asked = set(task_words)
        sentences: dict[tuple[str, ...], list[tuple[float, tuple[str, ...], frozenset[str]]]] = {}
        for i, segment in enumerate(self.segments):
            if segment.title in named and segment.words != segment.title:
                marks = frozenset(w for w, k in zip(segment.words, segment.ids, strict=True) if k in (_NAME, _NUMBER))
                sentences.setdefault(segment.title, []).append((self.body[i], segment.words, marks - asked))
        return compare(sorted(named, key=lambda title: named[title]), sentences)

    def mask(self, some: Sequence[str]) -> int:
        """The task's words among ``some``, as bits."""
        mask = 0
        for word in some:
            mask |= self._bit.get(stem(word), 0)
        return mask

    def cover(self, mask: int) -> float:
        """The weighted share of the task's words in ``mask``."""
        value = self._covers.get(mask)
        if value is None:
            value = self._covers[mask] = sum([w for one, w in self._weight if mask & one])
        return value

    def find(self, phrase: tuple[str, ...]) -> list[tuple[int, int]]:
        """(segment, position) of every mention of ``phrase``."""
        starts = self.at.get(phrase[0], []) if phrase else []
        size = len(phrase)
        if size < 2:
            return starts
        return [(i, p) for i, p in starts if self.segments[i].words[p : p + size] == phrase]

    def _links(self) -> dict[tuple[str, ...], list[int]]:
        """For each title, the segments under other titles that mention it."""
        titles = {segment.title for segment in self.segments}
        return {t: list({i for i, _ in self.find(t) if self.segments[i].title != t}) for t in titles if t}

    def _extend(self, own: list[int], reached: list[int], links: dict[tuple[str, ...], list[int]]) -> list[int]:
        """For each segment, its own words and those that the best segment which mentions its title has reached."""
        sources = {title: {reached[i] for i in places} for title, places in links.items()}
        return [
            max((mine | other for other in sources.get(segment.title, ())), key=lambda m: (self.cover(m), m), default=mine)
            for segment, mine in zip(self.segments, own, strict=True)
        ]


def features(context: Context) -> Features:
    """Describe every proposal of ``context``; a pure function of what it shows."""
    places = _Places(context)
    acts = [_form(turn.action).phrase for turn in context.turns if turn.action.kind is ActionKind.ACT]
    asked, last_ask = set(acts), frozenset(acts[-1]) - STOP_WORDS if acts else frozenset()
    last = len(context.turns)
    common = (
        context.step / max(context.step_limit, 1),
        float(context.step + 1 >= context.step_limit),
        float(last == 0),
        float(last > 0 and context.observation.startswith("Nothing")),
    )
    task_words = words(context.task)
    task_text = f" {' '.join(task_words)} "
    task_seen = places.cover(places.seen)
    pair = places.pair(task_words)
    described: dict[tuple[str, ...], tuple[tuple[float, ...], tuple[float, ...], tuple[int, ...]]] = {}
    numbers, ids = [], []
    for action in context.proposals:
        form = _form(action)
        phrase = form.phrase
        if (entry := described.get(phrase)) is None:
            mask = places.mask(phrase)
            own = places.cover(mask)
            within = (
                min(len(phrase), 10) / 10,
                float(bool(phrase) and f" {' '.join(phrase)} " in task_text),
                bin(mask).count("1") / max(len(phrase), 1),
                own,
                task_seen,
            )
            mention, window = _describe(places, phrase, last, asked, last_ask)
            # chain_less_own: what the chain covers beyond the words that the argument repeats from the task.
            rank = pair.ranks.get(phrase)
            yes = form.shape[0] * (1.0 if pair.agrees else -1.0) if pair.found else 0.0
            told = (float(pair.found), float(pair.agrees), pair.cover, yes, float(rank is not None), rank or 0.0)
            entry = described[phrase] = (within, (*mention, mention[_CHAIN] - own, *told), window)
        within, mention, window = entry
        numbers.append((*form.kind, *common, *within, *form.shape, *mention))
        ids.append((form.verb, *window, *form.ids))
    task = word_ids(context.task)[:TASK_WORDS]
    return Features(
        np.array(numbers, dtype=np.float32),
        np.array(ids, dtype=np.int64),
        np.array(task + (0,) * (TASK_WORDS - len(task)), dtype=np.int64),
    )


_NO_WINDOW = (0,) * WINDOW_WORDS
_CHAIN = NAMES.index("long_chain_cover") - NAMES.index("mentions")


def _describe(
    places: _Places, phrase: tuple[str, ...], last: int, asked: set[tuple[str, ...]], last_ask: frozenset[str]
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Where ``phrase`` is mentioned: the numbers from ``mentions`` to ``last_ask_cover``, and the words around."""
    found = places.find(phrase)
    if not found:
        return (0.0, 1.0, 0.0, 0.0, 0.0, float(phrase in asked), *([0.0] * 11)), _NO_WINDOW
    # The place that counts is the one whose chain covers most of the task; the newest among equals.
    owns, chains = places.own, places.long_chain
    _, _, best, position = max([(chains[i] + owns[i], places.turn[i], i, p) for i, p in found])
    segment = places.segments[best]
    after = position + len(phrase)
    near = slice(max(0, position - 4), position), slice(after, after + 4)
    window = segment.words[near[0]] + segment.words[near[1]]
    ids = segment.ids[near[0]] + segment.ids[near[1]]
    where = {i for i, _ in found}
    newest = max([places.turn[i] for i in where])
    numbers = (
        log(1 + len(found)) / 3,
        0.0,
        float(newest == last),
        (last - newest) / 8,
        float(any([places.segments[i].title == phrase for i in where])),
        float(phrase in asked),
        float(segment.title in asked),
        places.body[best],
        owns[best],
        places.chain[best],
        chains[best],
        places.title[best],
        sum([owns[i] for i in where]) / len(where),
        max([owns[i] for i in where]),
        max([places.chain[i] for i in where]),
        places.cover(places.mask(window)),
        sum([w in segment.words or w in segment.title for w in last_ask]) / len(last_ask) if last_ask else 0.0,
    )
    return numbers, ids + _NO_WINDOW[len(ids) :]
