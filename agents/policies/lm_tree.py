"""Many continuations of one text in a single row: a trunk that is read once, and branches that see their part of it.

The attention mask of such a row is float, 0 or the least number: some attention code reads a boolean one wrongly. Where
a model has sliding windows, their layers get a mask of their own, by positions in the text that a branch belongs to.
Linear attention reads a row from left to right whatever the mask says, so its models take a row for each continuation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Ids = tuple[int, ...]


@dataclass(frozen=True)
class Tree:
    """Where the ids of a row stand.

    Attributes:
        branches: the branch of each id, -1 for the trunk, [L].
        seen: how many ids of the trunk each id may see, [L].
        positions: of each id in the text that it belongs to, [L].
    """

    branches: Tensor
    seen: Tensor
    positions: Tensor


def grow(trunk: Ids, branches: Sequence[tuple[int, Ids]]) -> tuple[Ids, Tree, list[int], list[int]]:
    """A row of ``trunk`` and branches (how much of the trunk comes before it, ids).

    Returns:
        The ids; where they stand; the places of the branches' ids; and for each of these the place that predicts it.
    """
    ids, places, sources = [*trunk], list[int](), list[int]()
    branch, seen, positions = [-1] * len(trunk), [len(trunk)] * len(trunk), [*range(len(trunk))]
    for number, (before, answer) in enumerate(branches):
        start, size = len(ids), len(answer)
        ids += answer
        branch += [number] * size
        seen += [before] * size
        positions += range(before, before + size)
        places += range(start, start + size)
        sources += [before - 1, *range(start, start + size - 1)]
    return tuple(ids), Tree(*map(torch.tensor, (branch, seen, positions))), places, sources


def can_grow(config: Any) -> bool:
    """Whether a model of ``config`` honours such masks."""
    kinds = set(getattr(config, "layer_types", None) or ())
    return bool(kinds) and kinds <= {"full_attention", "sliding_attention"} and _attention(config) in ("sdpa", "eager")


def attend(trees: Sequence[Tree], width: int, config: Any, dtype: torch.dtype) -> dict[str, Any]:
    """The position ids [R, width] and the masks [R, 1, width, width] of rows padded on the right, as model inputs."""
    positions, allowed = torch.zeros(len(trees), width, dtype=torch.long), torch.zeros(len(trees), width, width)
    near = torch.zeros(len(trees), width, width)
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    window = getattr(config, "sliding_window", None) or width + 1
    for row, tree in enumerate(trees):
        size = len(tree.branches)
        positions[row, :size] = tree.positions
        trunk = (tree.branches[None, :] == -1) & (torch.arange(size)[None, :] < tree.seen[:, None])
        own = tree.branches[:, None] == tree.branches[None, :]
        real = torch.eye(width, dtype=torch.bool)  # padding sees itself, so that no row of the mask is empty
        real[:size, :size] = (trunk | own) & causal[:size, :size]
        allowed[row] = real
        near[row] = real & (positions[row][:, None] - positions[row][None, :] < window)
    least = torch.finfo(dtype).min
    full, sliding = (((1 - mask) * least).to(dtype)[:, None] for mask in (allowed, near))
    if "sliding_attention" in config.layer_types:
        return {"position_ids": positions, "attention_mask": {"full_attention": full, "sliding_attention": sliding}}
    return {"position_ids": positions, "attention_mask": full}


def _attention(config: Any) -> str:
    return str(getattr(config, "_attn_implementation", ""))
