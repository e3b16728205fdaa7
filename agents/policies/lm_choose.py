"""A language model as a categorical policy over proposals: what it would write for each, measured against its base.

    score(c) = log p_theta(c | H) - log p_base(c | H),        pi(c | H) = softmax over the proposals of score

Without the base a long proposal would hardly ever be chosen: its log-probability is a sum over more tokens. With it the
untrained policy is uniform over the proposals, which is also the reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from skillflow_gym.agents.policies.lm_cache import Reading
from skillflow_gym.agents.policies.lm_score import Row, only
from skillflow_gym.agents.policies.lm_tree import Ids, grow


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


def rows_of(line: Sequence[Node], first_owner: int, tree: bool) -> list[Row]:
    """The rows that score every candidate of the nodes, whose values are numbered from ``first_owner`` on.

    Args:
        line: nodes of which each history is a prefix of the next one's.
        first_owner: the number of the first candidate's value.
        tree: one row for all of them, if the model can; else one for each candidate.
    """
    answers = [(history, ids) for history, candidates, _ in line for ids in candidates]
    numbers = range(first_owner, first_owner + len(answers))
    owners = [number for number, (_, ids) in zip(numbers, answers, strict=True) for _ in ids]
    if tree:
        ids, layout, places, sources = grow(line[-1].history, [(len(history), answer) for history, answer in answers])
        return [Row(ids, places, sources, owners, layout)]
    return [
        Row.text((*history, *ids), range(len(history), len(history) + len(ids)), [number] * len(ids))
        for number, (history, ids) in zip(numbers, answers, strict=True)
    ]


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
    for start in range(0, len(node.candidates), size):
        part = node.candidates[start : start + size]
        cache = deepcopy(reading.cache)
        cache.reorder_cache(torch.zeros(len(part), dtype=torch.long, device=device))
        ids = torch.zeros(len(part), max(map(len, part)), dtype=torch.long)
        for number, candidate in enumerate(part):  # fed: the history's last id and all of the candidate but its last
            ids[number, : len(candidate)] = torch.tensor((node.history[-1], *candidate[:-1]))
        which = torch.tensor([number for number, c in enumerate(part) for _ in c], device=device)
        where = torch.tensor([place for c in part for place in range(len(c))], device=device)
        targets = torch.tensor([i for c in part for i in c], device=device)
        with only(model, which, where):
            logits = model(input_ids=ids.to(device), past_key_values=cache, use_cache=True).logits
        tokens = -functional.cross_entropy(logits.float() / temperature, targets, reduction="none").cpu()
        values.append(torch.zeros(len(part), dtype=torch.float64).index_add(0, which.cpu(), tokens.double()))
    return torch.cat(values), reading
