"""A language model as a categorical policy over proposals: what it would write for each, measured against its base.

    score(c) = log p_theta(c | H) - log p_base(c | H),        pi(c | H) = softmax over the proposals of score

Without the base a long proposal would hardly ever be chosen: its log-probability is a sum over more tokens. With it the
untrained policy is uniform over the proposals, which is also the reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from itertools import accumulate
from typing import Any, NamedTuple

import torch
from torch import Tensor

from skillflow_gym.agents.policies.lm_cache import Reading
from skillflow_gym.agents.policies.lm_score import Row, only, predictions
from skillflow_gym.agents.policies.lm_tree import Ids, Trie, attend_behind, can_branch_off

_WIDTH = 2048
"""Most ids of a row of many texts: what they share is read once, but each id is compared with all others."""


class Node(NamedTuple):
    """Where a choice is made.

    Attributes:
        history: what comes before it, as token ids.
        candidates: the ids of the actions to choose from.
        pauses: how many ids of the history had been read at each earlier choice.
    """

    history: Ids
    candidates: tuple[Ids, ...]
    pauses: tuple[int, ...] = ()


def rows_of(nodes: Sequence[Node], branching: bool) -> list[Row]:
    """The rows that score every candidate of the nodes; their values are numbered in that order.

    Args:
        nodes: those that begin alike stand together.
        branching: as many of them in a row as have room, if the model can; else a row for each candidate.
    """
    firsts = accumulate((len(node.candidates) for node in nodes), initial=0)
    numbered = zip(nodes, firsts, strict=False)
    if branching:
        return _merged(numbered)
    rows = []
    for node, first in numbered:
        start = len(node.history)
        for owner, ids in enumerate(node.candidates, start=first):
            rows.append(Row.text((*node.history, *ids), range(start, start + len(ids)), [owner] * len(ids)))
    return rows


def _merged(nodes: Iterable[tuple[Node, int]]) -> list[Row]:
    """Rows of at most ``_WIDTH`` ids, unless a node by itself has more; the number beside each is its first value's."""
    rows = list[tuple[Trie, list[int], list[int], list[int]]]()
    for node, first in nodes:
        new = sum(map(len, node.candidates))
        if rows:
            new += len(node.history) - rows[-1][0].known(node.history)
        if not rows or len(rows[-1][0]) + new > _WIDTH:
            rows.append((Trie(), [], [], []))
        trie, sources, targets, owners = rows[-1]
        more_sources, more_targets, own = _grow(trie, node.history, node.candidates)
        sources += more_sources
        targets += more_targets
        owners += [first + number for number in own]
    return [Row(trie.ids, sources, targets, owners, trie) for trie, sources, targets, owners in rows]


def _grow(trie: Trie, history: Ids, candidates: Sequence[Ids]) -> tuple[list[int], list[int], list[int]]:
    """Write candidates behind a history; the places that predict their ids, these ids, and the candidate of each."""
    sources, targets, owners, end = list[int](), list[int](), list[int](), trie.add(history)[-1]
    for number, ids in enumerate(candidates):
        sources += [end, *trie.add(ids[:-1], end)]  # nothing comes after the last one, so it need not be read
        targets += ids
        owners += [number] * len(ids)
    return sources, targets, owners


@torch.no_grad()
def scores(
    model: Any, node: Node, temperature: float, budget: int, known: Reading | None = None
) -> tuple[Tensor, Reading]:
    """Log p(candidate | history) of each candidate, [N] in nats, and the reading of the history but for its last id.

    Histories are read in the same pieces whatever is ``known`` of them, each piece by itself: what else was read or is
    scored at the time changes no rounding.
    """
    device = model.device
    reading = known or Reading((), None)
    nowhere = torch.zeros(0, dtype=torch.long, device=device)
    for pause in (*node.pauses, len(node.history) - 1):
        if pause > len(reading.ids):
            piece = torch.tensor([node.history[len(reading.ids) : pause]], device=device)
            with only(model, nowhere, nowhere):
                read = model(input_ids=piece, past_key_values=deepcopy(reading.cache), use_cache=True)
            reading = Reading(node.history[:pause], read.past_key_values)
    values: list[Tensor] = []
    size = max(1, budget // max(map(len, node.candidates)))
    behind = _behind if can_branch_off(model.config) else _beside
    for start in range(0, len(node.candidates), size):
        part = node.candidates[start : start + size]
        inputs, *places, owners = behind(model, reading, node.history[-1], part)
        which, where, targets = (torch.tensor(numbers, device=device) for numbers in places)
        tokens = predictions(model, inputs, which, where, targets, temperature)
        sums = torch.zeros(len(part), dtype=torch.float64)
        values.append(sums.index_add(0, torch.tensor(owners), tokens.cpu().double()))
    return torch.cat(values), reading


_Inputs = tuple[dict[str, Any], list[int], list[int], list[int], list[int]]
"""Of the model, and of each scored id: the row and the place that predict it, the id, and its candidate."""


def _behind(model: Any, reading: Reading, last: int, candidates: Sequence[Ids]) -> _Inputs:
    """The candidates as one row behind what was read and the history's ``last`` id."""
    trie = Trie()
    sources, targets, owners = _grow(trie, (last,), candidates)
    sight = attend_behind(trie, len(reading.ids), model.dtype)
    inputs = {"input_ids": torch.tensor([trie.ids]), **sight}
    inputs = {name: value.to(model.device) for name, value in inputs.items()}
    return {**inputs, "past_key_values": deepcopy(reading.cache)}, [0] * len(sources), sources, targets, owners


def _beside(model: Any, reading: Reading, last: int, candidates: Sequence[Ids]) -> _Inputs:
    """A row for each candidate, padded on the right."""
    ids = torch.zeros(len(candidates), max(map(len, candidates)), dtype=torch.long)
    for number, candidate in enumerate(candidates):
        ids[number, : len(candidate)] = torch.tensor((last, *candidate[:-1]))
    cache = deepcopy(reading.cache)
    cache.reorder_cache(torch.zeros(len(candidates), dtype=torch.long, device=model.device))
    owners = [number for number, candidate in enumerate(candidates) for _ in candidate]
    sources = [place for candidate in candidates for place in range(len(candidate))]
    targets = [i for candidate in candidates for i in candidate]
    return {"input_ids": ids.to(model.device), "past_key_values": cache}, owners, sources, targets, owners
