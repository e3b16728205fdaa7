"""What a model has read of episodes that go on: a turn's prompt begins with the last one's, so only the rest is read.

A reading is a cache of transformers of one row without padding: keys and values, of sliding windows the last ones, of
linear attention the states. Rows of different lengths are joined on the right, where all go on at the same column; the
columns on the left are masked, as a padded prompt's are. What can not be masked is padding between what was read and
what is new: windows are counted in columns, and linear attention forgets at each of them. So rows share a pass over new
ids if they have equally many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from skillflow_gym.agents.policies.lm_score import only
from skillflow_gym.agents.policies.lm_tree import Ids
from skillflow_gym.policy import Which

_LAYERS = ("DynamicLayer", "DynamicSlidingWindowLayer", "LinearAttentionLayer")


@dataclass(frozen=True)
class Reading:
    """Ids that were read, and the cache that came of it, which is copied before it is continued."""

    ids: Ids
    cache: Any


class Readings:
    """The readings of episodes that go on, of the policy and of its base; the oldest go where there is no room.

    They belong to the parameters that read: whoever changes these must clear them.
    """

    def __init__(self, most: int) -> None:
        """Keep readings of ``most`` ids together."""
        self._most = most
        self._kept: dict[tuple[Which, Ids], Reading] = {}  # the oldest first

    def __len__(self) -> int:
        """How many ids they hold."""
        return sum(len(reading.ids) for reading in self._kept.values())

    def take(self, which: Which, texts: Sequence[tuple[Ids, Sequence[int]]]) -> list[Reading | None]:
        """The longest reading of each text, (ids, where it may end); kept no longer, as it will be continued."""
        keys = [[(which, ids[:place]) for place in reversed(places)] for ids, places in texts]
        found = [next(filter(None, map(self._kept.get, choices)), None) for choices in keys]
        self.drop((which, reading.ids) for reading in found if reading is not None)
        return found

    def keep(self, which: Which, reading: Reading) -> None:
        """Keep a reading as the newest."""
        self.drop([(which, reading.ids)])
        self._kept[which, reading.ids] = reading
        while len(self) > self._most:
            del self._kept[next(iter(self._kept))]

    def drop(self, keys: Iterable[tuple[Which, Ids]]) -> None:
        """Forget the readings of these ids by these models."""
        for key in keys:
            self._kept.pop(key, None)

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()


def can_join(model: Any, cache: Any) -> bool:
    """Whether such a cache can be taken apart into rows, and rows joined; else prompts are read anew."""
    chunks = getattr(model.config.get_text_config(), "attention_chunk_size", None)  # they begin where the padding does
    return not chunks and all(type(layer).__name__ in _LAYERS for layer in cache.layers)


def row_of(cache: Any, row: int, length: int) -> Any:
    """A copy of one row, of its last ``length`` columns."""
    return _rebuilt([cache], length, lambda parts: parts[0][row : row + 1].clone())


def read_together(model: Any, prompts: Sequence[Ids], known: Sequence[Reading | None]) -> tuple[Any, Tensor, list[int]]:
    """Read the rest of each prompt; nothing of ``known`` is written to.

    Returns:
        The cache, whose rows end in the same column; the logits after each row, [R, V]; and the prompt of each row.
    """
    passes = dict[int, list[int]]()
    for number, (prompt, reading) in enumerate(zip(prompts, known, strict=True)):
        passes.setdefault(len(prompt) - len(reading.ids) if reading is not None else 0, []).append(number)
    made = [_read(model, [prompts[n] for n in rows], [known[n] for n in rows]) for rows in passes.values()]
    caches, logits = zip(*made, strict=True)
    cache = caches[0] if len(caches) == 1 else _joined(caches, max(map(len, prompts)))
    return cache, torch.cat(logits), [number for rows in passes.values() for number in rows]


def _read(model: Any, prompts: Sequence[Ids], known: Sequence[Reading | None]) -> tuple[Any, Tensor]:
    """Cache and logits [R, V] of prompts of which nothing was read, or of which equally many ids are new."""
    device, rows, width = model.device, len(prompts), max(map(len, prompts))
    readings = [reading for reading in known if reading is not None]
    before = max((len(reading.ids) for reading in readings), default=0)
    ids, mask = torch.zeros(rows, width, dtype=torch.long), torch.zeros(rows, width, dtype=torch.long)
    for row, prompt in enumerate(prompts):  # padding on the left, so that all continue at the same column
        ids[row, width - len(prompt) :] = torch.tensor(prompt)
        mask[row, width - len(prompt) :] = 1
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    last = torch.full((rows,), width - before - 1, device=device)
    with only(model, torch.arange(rows, device=device), last):
        read = model(
            input_ids=ids[:, before:].to(device),
            attention_mask=mask.to(device),
            position_ids=positions[:, before:].to(device),
            past_key_values=_joined([reading.cache for reading in readings], before) if readings else None,
            use_cache=True,
        )
    return read.past_key_values, read.logits


def _joined(caches: Sequence[Any], length: int) -> Any:
    """A copy of the rows of ``caches`` in one, of which the longest has ``length`` columns."""
    return _rebuilt(caches, length, torch.cat)


def _rebuilt(caches: Sequence[Any], length: int, made_of: Callable[[list[Tensor]], Tensor]) -> Any:
    """A cache of ``length`` columns whose tensors are made of those of ``caches``, the columns padded on the left."""
    made = copy(caches[0])
    made.layers = [copy(layer) for layer in caches[0].layers]
    for layer, *parts in zip(made.layers, *(cache.layers for cache in caches), strict=True):
        if hasattr(layer, "keys"):
            for name in ("keys", "values"):
                columns = [getattr(part, name)[:, :, -length:] for part in parts]  # [R, heads, columns, width]
                most = max(c.shape[2] for c in columns)
                setattr(layer, name, made_of([functional.pad(c, (0, 0, most - c.shape[2], 0)) for c in columns]))
            if hasattr(layer, "cumulative_length"):
                layer.cumulative_length = length  # a window holds only the last of them
        else:
            for name in ("conv_states", "recurrent_states"):
                states = [getattr(part, name) for part in parts]
                setattr(
                    layer, name, {n: s if s is None else made_of([p[n] for p in states]) for n, s in states[0].items()}
                )
    return made
