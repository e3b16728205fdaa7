"""Sampling from a causal language model, many prompts at once, each with a generator of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from skillflow_gym.agents.policies.lm_cache import Reading, can_join, read_together, row_of
from skillflow_gym.agents.policies.lm_tree import Ids


class Sampled(NamedTuple):
    """What a model wrote: its ids, with the one that ends the turn if it came to that, and their log-probabilities."""

    ids: Ids
    log_probs: tuple[float, ...]


Keep = Callable[[int, Sampled, Reading], None]
"""Gets the number of a prompt, what was written, and the reading of both up to the last id, which was not read."""


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
    known: Sequence[Reading | None] = (),
    keep: Keep | None = None,
) -> list[Sampled]:
    """Continue each prompt until an id of ``ends`` or ``most`` ids.

    One uniform number of a prompt's own generator decides an id, so what one prompt draws does not depend on the
    others. Prompts of similar length share a batch of at most ``budget`` ids; equal prompts are read once, and of what
    is ``known`` of a prompt nothing is read again.
    """
    texts = [tuple(prompt) for prompt in prompts]
    readings = dict(zip(texts, known, strict=True)) if known else dict.fromkeys(texts)
    results: list[Sampled] = [Sampled((), ())] * len(texts)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]), reverse=True)
    while order:
        longest = len(texts[order[0]]) + most
        size = max(1, budget // longest)
        batch, order = order[:size], order[size:]
        different = list(dict.fromkeys(texts[i] for i in batch))
        cache, logits, numbers = read_together(model, different, [readings[text] for text in different])
        rows = {different[number]: row for row, number in enumerate(numbers)}
        each = torch.tensor([rows[texts[i]] for i in batch], device=model.device)
        cache.reorder_cache(each)
        uniforms = None if greedy else [rngs[i].random for i in batch]
        lengths = [len(texts[i]) for i in batch]
        for n, sampled, row in _write(model, cache, logits[each], lengths, uniforms, ends, most, temperature):
            i = batch[n]
            results[i] = sampled
            if keep is not None and can_join(model, cache):
                ids = (*texts[i], *sampled.ids[:-1])
                keep(i, sampled, Reading(ids, row_of(cache, row, len(ids))))
    return results


def _write(
    model: Any,
    cache: Any,
    logits: Tensor,
    lengths: Sequence[int],
    uniforms: Sequence[Callable[[], float]] | None,
    ends: Collection[int],
    most: int,
    temperature: float,
) -> Iterator[tuple[int, Sampled, int]]:
    """Continue the rows of ``cache``, which hold ``lengths`` ids.

    Yields:
        The number of a text that has ended, the text, and its row in the cache at that time.
    """
    device, width = model.device, max(lengths)
    positions = torch.tensor(lengths, device=device)[:, None] - 1
    mask = (torch.arange(width, device=device) >= width - 1 - positions).long()
    written: list[list[int]] = [[] for _ in lengths]
    scores: list[list[float]] = [[] for _ in lengths]
    active = list(range(len(lengths)))  # the texts that the rows of the cache belong to
    while True:
        drawn = _draw(logits.float() / temperature, None if uniforms is None else [uniforms[n]() for n in active])
        for n, token, value in zip(active, *(values.tolist() for values in drawn), strict=True):
            written[n].append(token)
            scores[n].append(value)
        going = [row for row, n in enumerate(active) if written[n][-1] not in ends and len(written[n]) < most]
        for row, n in enumerate(active):
            if row not in going:
                yield n, Sampled(tuple(written[n]), tuple(scores[n])), row
        if not going:
            return
        chosen = drawn[0]
        if len(going) < len(active):
            kept = torch.tensor(going, device=device)
            cache.reorder_cache(kept)
            active, chosen = [active[row] for row in going], chosen[kept]
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
