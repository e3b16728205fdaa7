"""Which goals belong to which split.

The full set (``items_shuffle.json``) keeps the original's: goals 0 to 499 test, 500 to 1,499 validation, the rest
train; a goal whose instruction, apart from options and price, stands in an earlier one of these is left out. The
original has no split for other sets: there a fifth of the instructions is test, a tenth validation, the rest train,
chosen by their hash, and all goals that share an instruction are in one split. ``all`` holds every goal in the
original's order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TEST, VALIDATION = 500, 1500
"""Where the test and the validation goals of the full set end."""
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1


def indices(instructions: NDArray[np.uint64], split: str, full: bool) -> NDArray[np.int64]:
    """The positions of a split's goals, ascending.

    Args:
        instructions: the fingerprint of each goal's instruction.
        split: train | validation | test | all.
        full: whether the goals are the full set's.
    """
    if split == "all":
        return np.arange(len(instructions))
    if full:
        first, end = {"test": (0, TEST), "validation": (TEST, VALIDATION), "train": (VALIDATION, len(instructions))}[
            split
        ]
        found = np.arange(first, min(end, len(instructions)))
        return found[~np.isin(instructions[found], instructions[:first])]
    known = np.unique(instructions)
    test, validation = np.ceil(np.cumsum([TEST_SHARE, VALIDATION_SHARE]) * len(known)).astype(int)
    place = np.searchsorted(known, instructions)
    first, end = {"test": (0, test), "validation": (test, validation), "train": (validation, len(known))}[split]
    return np.flatnonzero((first <= place) & (place < end))
