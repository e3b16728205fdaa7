"""Many texts in a single row: they are merged where they begin alike, and every id sees what precedes it in its texts.

The attention mask of such a row is float, 0 or the least number: some attention code reads a boolean one wrongly. Where
a model has sliding windows, their layers get a mask of their own, by positions in the text that an id belongs to.
Linear attention reads a row from left to right whatever the mask says, so its models take a row for each text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Ids = tuple[int, ...]


class Trie:
    """Texts as one row of ids.

    Attributes:
        ids: the row.
        parents: the place of the id before each one in its texts, -1 where they begin.
    """

    def __init__(self) -> None:
        """Begin without texts."""
        self.ids, self.parents = list[int](), list[int]()
        self._places: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        """How many ids the row has."""
        return len(self.ids)

    def known(self, ids: Sequence[int]) -> int:
        """How many of a text's first ids are there already."""
        place = -1
        for number, i in enumerate(ids):
            place = self._places.get((place, i), -1)
            if place < 0:
                return number
        return len(ids)

    def add(self, ids: Sequence[int], after: int = -1) -> list[int]:
        """Write ``ids`` behind the one at ``after``, as far as they are not there yet; the places of all of them."""
        places = []
        for i in ids:
            place = self._places.setdefault((after, i), len(self.ids))
            if place == len(self.ids):
                self.ids.append(i)
                self.parents.append(after)
            places.append(place)
            after = place
        return places

    def sight(self) -> Tensor:
        """Whether each id sees each other, itself included: [L, L]."""
        seen = torch.eye(len(self), dtype=torch.bool)
        for place, parent in enumerate(self.parents):
            if parent >= 0:
                seen[place] |= seen[parent]
        return seen


def can_branch(config: Any) -> bool:
    """Whether a model of ``config`` honours such masks."""
    kinds = set(getattr(config, "layer_types", None) or ())
    return bool(kinds) and kinds <= {"full_attention", "sliding_attention"} and _attention(config) in ("sdpa", "eager")


def can_branch_off(config: Any) -> bool:
    """Whether it does so behind what it has read before: of sliding windows only the last columns are kept."""
    return can_branch(config) and "sliding_attention" not in config.layer_types


def attend(tries: Sequence[Trie], width: int, config: Any, dtype: torch.dtype) -> dict[str, Any]:
    """The position ids [R, width] and the masks [R, 1, width, width] of rows padded on the right, as model inputs."""
    positions, allowed = torch.zeros(len(tries), width, dtype=torch.long), torch.zeros(len(tries), width, width)
    near = torch.zeros(len(tries), width, width)
    window = getattr(config, "sliding_window", None) or width + 1
    for row, trie in enumerate(tries):
        seen = torch.eye(width, dtype=torch.bool)  # padding sees itself, so that no row of the mask is empty
        seen[: len(trie), : len(trie)] = trie.sight()
        positions[row] = seen.sum(dim=1) - 1
        allowed[row] = seen
        near[row] = seen & (positions[row][:, None] - positions[row][None, :] < window)
    full, sliding = (_bias(mask, dtype)[:, None] for mask in (allowed, near))
    if "sliding_attention" in config.layer_types:
        return {"position_ids": positions, "attention_mask": {"full_attention": full, "sliding_attention": sliding}}
    return {"position_ids": positions, "attention_mask": full}


def attend_behind(trie: Trie, before: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """Those of one trie behind ``before`` ids that all of it sees: [1, L] and [1, 1, L, before + L]."""
    seen = trie.sight()
    mask = functional.pad(seen.float(), (before, 0), value=1.0)
    return {"position_ids": before - 1 + seen.sum(dim=1)[None], "attention_mask": _bias(mask, dtype)[None, None]}


def _bias(seen: Tensor, dtype: torch.dtype) -> Tensor:
    return ((1 - seen) * torch.finfo(dtype).min).to(dtype)


def _attention(config: Any) -> str:
    return str(getattr(config, "_attn_implementation", ""))
