"""Sampling from a causal language model, many prompts at once, each with a generator of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from skillflow_gym.agents.policies.lm_score import only


class Sampled(NamedTuple):
    """What a model wrote: its ids, with the one that ends the turn if it came to that, and their log-probabilities."""

    ids: tuple[int, ...]
    log_probs: tuple[float, ...]


@torch.no_grad()
def generate(
    model: Any,
    prompts: Sequence[Sequence[int]],
    rngs: Sequence[np.random.Generator],
    *,
    ends: Collection[int],
    most: int,
    temperature: float = 1.0,
    greedy: bool = False,
    budget: int = 1 << 62,
) -> list[Sampled]:
    """Continue each prompt until an id of ``ends`` or ``most`` ids.

    One uniform number of a prompt's own generator decides an id, so what one prompt draws does not depend on the
    others. Prompts of similar length share a batch of at most ``budget`` ids; equal prompts are read once.
    """
    results: list[Sampled] = [Sampled((), ())] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]), reverse=True)
    while order:
        longest = len(prompts[order[0]]) + most
        size = max(1, budget // longest)
        batch, order = order[:size], order[size:]
        drawn = _batch(model, [prompts[i] for i in batch], [rngs[i] for i in batch], ends, most, temperature, greedy)
        for i, sampled in zip(batch, drawn, strict=True):
            results[i] = sampled
    return results


def _batch(
    model: Any,
    prompts: Sequence[Sequence[int]],
    rngs: Sequence[np.random.Generator],
    ends: Collection[int],
    most: int,
    temperature: float,
    greedy: bool,
) -> list[Sampled]:
    device = model.device
    rows = {prompt: row for row, prompt in enumerate(dict.fromkeys(map(tuple, prompts)))}
    width = max(map(len, prompts))
    ids, mask = torch.zeros(len(rows), width, dtype=torch.long), torch.zeros(len(rows), width, dtype=torch.long)
    for prompt, row in rows.items():  # padding on the left, so that all continue at the same column
        ids[row, width - len(prompt) :] = torch.tensor(prompt)
        mask[row, width - len(prompt) :] = 1
    ids, mask = ids.to(device), mask.to(device)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    last = torch.full((len(rows),), width - 1, device=device)
    with only(model, torch.arange(len(rows), device=device), last):
        read = model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True)
    each = torch.tensor([rows[tuple(prompt)] for prompt in prompts], device=device)
    cache, logits, mask, positions = read.past_key_values, read.logits[each], mask[each], positions[each][:, -1:]
    cache.reorder_cache(each)

    written: list[list[int]] = [[] for _ in prompts]
    scores: list[list[float]] = [[] for _ in prompts]
    active = list(range(len(prompts)))  # the prompts that the rows of the cache belong to
    while True:
        chosen, values = _draw(logits.float() / temperature, None if greedy else [rngs[i].random() for i in active])
        for i, token, value in zip(active, chosen.tolist(), values.tolist(), strict=True):
            written[i].append(token)
            scores[i].append(value)
        going = [n for n, i in enumerate(active) if written[i][-1] not in ends and len(written[i]) < most]
        if not going:
            return [Sampled(tuple(w), tuple(s)) for w, s in zip(written, scores, strict=True)]
        if len(going) < len(active):
            kept = torch.tensor(going, device=device)
            cache.reorder_cache(kept)
            active, chosen = [active[n] for n in going], chosen[kept]
            mask, positions = mask[kept], positions[kept]
        mask, positions = torch.cat([mask, mask.new_ones(len(active), 1)], dim=1), positions + 1
        logits = model(
            input_ids=chosen[:, None],
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        ).logits[:, -1]


def _draw(logits: Tensor, uniforms: list[float] | None) -> tuple[Tensor, Tensor]:
    """An id per row and its log-probability, each [R].

    The id is where the cumulative distribution reaches the row's number of ``uniforms``; without them the likeliest.
    """
    log_p = torch.log_softmax(logits, dim=-1)  # [R, V]
    if uniforms is None:
        chosen = log_p.argmax(dim=-1)
    else:
        cumulative = log_p.double().exp().cumsum(dim=-1)
        points = torch.tensor(uniforms, dtype=torch.float64, device=logits.device)[:, None] * cumulative[:, -1:]
        chosen = torch.searchsorted(cumulative, points, right=True).clamp(max=logits.shape[-1] - 1).squeeze(1)
    return chosen, log_p.gather(1, chosen[:, None]).squeeze(1)
