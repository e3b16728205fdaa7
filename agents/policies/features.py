"""Features of a candidate action, from the shown text alone: numbers for any benchmark, no word list of any.

A context is turned into segments (the sentences of every observation, each under the title of its passage). A candidate
is described by where its argument is mentioned and by how well those places cover the words of the task, directly or
over a chain of passages that mention one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.agents.policies.places import Places
from skillflow_gym.agents.policies.vocabulary import bucket, word_ids
from skillflow_gym.text import STOP_WORDS, words
from skillflow_gym.trajectory import Context

TASK_WORDS, WINDOW_WORDS, ARGUMENT_WORDS = 16, 8, 4
"""How many word ids describe the task, the surroundings of a mention, and the argument."""

NAMES = (
    *("is_skill", "is_act", "is_accept", "progress", "last_step", "first_step", "found_nothing"),
    *("length", "in_task", "share_in_task", "share_of_task", "task_seen", "yes_no", "has_digit", "is_year"),
    *("is_capital", "mentions", "unmentioned", "in_last", "age", "is_title", "asked_before", "title_asked"),
    *("body_cover", "chain_cover", "long_chain_cover", "place_named", "chain_named", "title_named", "mean_cover"),
    *("best_cover", "near_cover", "last_ask_cover", "chain_less_own"),
    *("pair_found", "pair_agrees", "pair_shares", "pair_cover", "agrees_if_yes", "has_value", "value_rank"),
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


@dataclass(frozen=True, slots=True)
class _Form:
    """What of an action does not depend on the context."""

    phrase: tuple[str, ...]
    kind: tuple[float, float, float]
    shape: tuple[float, float, float, float]
    verb: int
    ids: tuple[int, ...]


@lru_cache(maxsize=16384)
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
        bucket(f"{action.kind.name} {verb}".lower()),
        ids + (0,) * (ARGUMENT_WORDS - len(ids)),
    )


def features(context: Context) -> Features:
    """Describe every proposal of ``context``; a pure function of what it shows."""
    places = Places(context)
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
            within: tuple[float, ...] = (
                min(len(phrase), 10) / 10,
                float(bool(phrase) and f" {' '.join(phrase)} " in task_text),
                bin(mask).count("1") / max(len(phrase), 1),
                places.named(mask),
                task_seen,
            )
            mention, window = _describe(places, phrase, last, asked, last_ask)
            # chain_less_own: what the chain covers beyond the words that the argument repeats from the task.
            rank = pair.ranks.get(phrase)
            yes = form.shape[0] * (1.0 if pair.agrees else -1.0) if pair.found else 0.0
            agreement = (float(pair.found), float(pair.agrees), float(pair.shares), pair.cover, yes)
            told: tuple[float, ...] = (*agreement, float(rank is not None), rank or 0.0)
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
    places: Places, phrase: tuple[str, ...], last: int, asked: set[tuple[str, ...]], last_ask: frozenset[str]
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Where ``phrase`` is mentioned: the numbers from ``mentions`` to ``last_ask_cover``, and the words around."""
    found = places.find(phrase)
    if not found:
        return (0.0, 1.0, 0.0, 0.0, 0.0, float(phrase in asked), *([0.0] * 11)), _NO_WINDOW
    # The place that counts is the one whose chain covers most of the task; the newest among equals.
    cover, named = places.cover, places.named
    keyed = []
    for i, p in found:
        far, here = places.long_chain[i], places.own[i]
        keyed.append((cover(far) + named(far) + cover(here) + named(here), places.turn[i], i, p))
    _, _, best, position = max(keyed)
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
        cover(places.body[best]),
        cover(places.chain[best]),
        cover(places.long_chain[best]),
        named(places.own[best]),
        named(places.long_chain[best]),
        named(places.title[best]),
        sum([cover(places.body[i]) for i in where]) / len(where),
        max([cover(places.body[i]) for i in where]),
        cover(places.mask(window)),
        sum([w in segment.words or w in segment.title for w in last_ask]) / len(last_ask) if last_ask else 0.0,
    )
    return numbers, ids + _NO_WINDOW[len(ids) :]
