"""Features of a candidate action, from the shown text alone: numbers for any benchmark, no word list of any.

A context is turned into segments (the sentences of every observation, each under the title of its passage). A candidate
is described by where its argument is mentioned and by how well those places cover the words of the task, directly or
over a chain of passages that mention one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import log
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.agents.policies.layout import Layout
from skillflow_gym.agents.policies.places import WINDOW_WORDS, Places, asked_mask
from skillflow_gym.agents.policies.vocabulary import bucket, word_ids
from skillflow_gym.text import STOP_WORDS, words
from skillflow_gym.trajectory import Context

TASK_WORDS, ARGUMENT_WORDS = 16, 4
"""How many word ids describe the task and the argument."""

OF_ACTION = ("is_skill", "is_act", "is_accept", "yes_no", "has_digit", "is_year", "is_capital")
OF_CONTEXT = (
    *("progress", "last_step", "first_step", "found_nothing", "task_seen"),
    *("pair_found", "pair_cover"),
)
OF_PHRASE = (
    *("length", "in_task", "share_in_task", "share_of_task"),
    *("mentions", "unmentioned", "in_last", "age", "is_title", "asked_before", "title_asked"),
    *("body_cover", "chain_cover", "long_chain_cover", "place_named", "chain_named", "title_named", "mean_cover"),
    *("best_cover", "near_cover", "last_ask_cover", "chain_less_own"),
    *("agrees_if_yes", "shares_if_yes", "overlap_if_yes", "has_value", "value_rank"),
)
NAMES = OF_ACTION + OF_CONTEXT + OF_PHRASE
SIZE = len(NAMES)
LAYOUT = Layout(SIZE, (1, WINDOW_WORDS, ARGUMENT_WORDS), 1, TASK_WORDS)

_Number = TypeVar("_Number", np.float32, np.int32)


@dataclass(frozen=True, slots=True)
class Features:
    """The candidates of one context as arrays; N candidates.

    Attributes:
        numbers: float32 [N, layout.numbers], most of them in [0, 1].
        words: int32 [N, sum of layout.groups] word ids; here the first word of the command, surroundings, argument.
        task: int32 [layout.task + sum of layout.context] word ids.
    """

    numbers: NDArray[np.float32]
    words: NDArray[np.int32]
    task: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Form:
    """What of an action does not depend on the context: ``OF_ACTION``, and the buckets of its verb and argument."""

    phrase: tuple[str, ...]
    numbers: tuple[float, ...]
    verb: int
    ids: tuple[int, ...]


def _sign(phrase: tuple[str, ...]) -> float:
    return float(phrase == ("yes",)) - float(phrase == ("no",))


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
    numbers = (
        *(float(action.kind == kind) for kind in ActionKind),
        _sign(phrase),
        float(any(c.isdigit() for c in argument)),
        float(len(argument) == 4 and argument.isdigit()),
        float(argument[:1].isupper()),
    )
    ids = word_ids(argument)[:ARGUMENT_WORDS]
    padding = (0,) * (ARGUMENT_WORDS - len(ids))
    return _Form(phrase, numbers, bucket(f"{action.kind.name} {verb}".lower()), ids + padding)


def features(context: Context) -> Features:
    """Describe every proposal of ``context``; a pure function of what it shows."""
    places = Places(context)
    acts = [_form(turn.action).phrase for turn in context.turns if turn.action.kind is ActionKind.ACT]
    asked, last_ask = set(acts), frozenset(acts[-1]) - STOP_WORDS if acts else frozenset()
    last = max((t for t, turn in enumerate(context.turns, 1) if turn.action.kind is not ActionKind.SKILL), default=0)
    pair = places.pair(words(context.task))
    # What speaks for yes, in [-1, 1]; the opposite speaks for no.
    for_yes = (2.0 * pair.agrees - 1, 2.0 * pair.shares - 1, min(pair.overlap, 2) - 1.0) if pair.found else (0.0,) * 3
    of_context = (
        context.step / max(context.step_limit, 1),
        float(context.step + 1 >= context.step_limit),
        float(last == 0),
        float(last > 0 and context.observation.startswith("Nothing")),
        places.cover(places.seen),
        *(float(pair.found), pair.cover),
    )
    for_sign = {sign: tuple([sign * value for value in for_yes]) for sign in (-1.0, 0.0, 1.0)}
    forms = [_form(action) for action in context.proposals]
    rows: dict[tuple[str, ...], int] = {}
    row = [rows.setdefault(form.phrase, len(rows)) for form in forms]
    of_phrases, windows = [], []
    for phrase in rows:
        mask, of_task = _of_task(context.task, phrase)
        mention, window = _describe(places, phrase, last, asked, last_ask)
        rank = pair.ranks.get(phrase)
        of_phrases.append(
            (
                *of_task,
                places.named(mask),
                *mention,
                # What the chain covers beyond the words that the argument repeats from the task.
                mention[_CHAIN] - places.cover(mask),
                *for_sign[_sign(phrase)],
                float(rank is not None),
                rank or 0.0,
            )
        )
        windows.append(window)
    numbers = np.empty((len(forms), SIZE), dtype=np.float32)
    start, end = len(OF_ACTION), len(OF_ACTION) + len(OF_CONTEXT)
    numbers[:, :start] = table([form.numbers for form in forms], start, np.float32)
    numbers[:, start:end] = of_context
    numbers[:, end:] = table(of_phrases, len(OF_PHRASE), np.float32)[row]
    ids = np.empty((len(forms), 1 + WINDOW_WORDS + ARGUMENT_WORDS), dtype=np.int32)
    ids[:, 0] = [form.verb for form in forms]
    ids[:, 1 : 1 + WINDOW_WORDS] = table(windows, WINDOW_WORDS, np.int32)[row]
    ids[:, 1 + WINDOW_WORDS :] = table([form.ids for form in forms], ARGUMENT_WORDS, np.int32)
    task = word_ids(context.task)[:TASK_WORDS]
    return Features(numbers, ids, np.array(task + (0,) * (TASK_WORDS - len(task)), dtype=np.int32))


def table(rows: list[tuple[Any, ...]], width: int, dtype: type[_Number]) -> NDArray[_Number]:
    """``rows`` as an array, faster than ``np.array``."""
    return np.fromiter(chain.from_iterable(rows), dtype, len(rows) * width).reshape(-1, width)


@lru_cache(maxsize=65536)
def _of_task(task: str, phrase: tuple[str, ...]) -> tuple[int, tuple[float, float, float]]:
    """The task's words in ``phrase`` as bits, and the numbers ``length``, ``in_task`` and ``share_in_task``."""
    mask = asked_mask(task, phrase)
    in_task = bool(phrase) and f" {' '.join(phrase)} " in f" {' '.join(words(task))} "
    return mask, (min(len(phrase), 10) / 10, float(in_task), mask.bit_count() / max(len(phrase), 1))


_UNMENTIONED = [(0.0, 1.0, 0.0, 0.0, 0.0, asked, *[0.0] * 11) for asked in (0.0, 1.0)]
_NO_WINDOW = (0,) * WINDOW_WORDS
_CHAIN = OF_PHRASE.index("long_chain_cover") - OF_PHRASE.index("mentions")


def _describe(
    places: Places, phrase: tuple[str, ...], last: int, asked: set[tuple[str, ...]], last_ask: frozenset[str]
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Where ``phrase`` is mentioned: the numbers from ``mentions`` to ``last_ask_cover``, and the words around."""
    found = places.find(phrase)
    if not found:
        return _UNMENTIONED[phrase in asked], _NO_WINDOW
    worth, turn, segments = places.worth, places.turn, places.segments
    if len(found) == 1:
        ((best, position),) = found
        newest, covers, heads = turn[best], [places.body_cover[best]], segments[best].title == phrase
    else:
        # The place that counts is the one whose chain covers most of the task; the newest among equals.
        _, _, best, position = max([(worth[i], turn[i], i, p) for i, p in found])
        where = {i for i, _ in found}
        newest, covers = max([turn[i] for i in where]), [places.body_cover[i] for i in where]
        heads = any([segments[i].title == phrase for i in where])
    segment = segments[best]
    around, ids = segment.around(position, position + len(phrase))
    numbers = (
        log(1 + len(found)) / 3,
        0.0,
        float(newest == last),
        (last - newest) / 8,
        float(heads),
        float(phrase in asked),
        float(segment.title in asked),
        *places.covers(best),
        sum(covers) / len(covers),
        max(covers),
        places.cover(around),
        len(last_ask & segment.bag) / len(last_ask) if last_ask else 0.0,
    )
    return numbers, ids
