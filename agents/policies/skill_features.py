"""Features of a candidate that is a skill: does its description fit the task, and was another one opened before?"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.actions import ActionKind
from skillflow_gym.text import content_stems
from skillflow_gym.trajectory import Context

NAMES = ("any_open", "fits_task", "best_fit", "describes_nothing_of_it")
SIZE = len(NAMES)

_LINE = re.compile(r"^- ([a-z0-9-]+): (.*)$", re.MULTILINE)


@lru_cache(maxsize=1024)
def _stems_of_skills(catalogue: str) -> dict[str, frozenset[str]]:
    """Skill -> the stems of its description."""
    return {name: frozenset(content_stems(description)) for name, description in _LINE.findall(catalogue)}


def fitting_skills(context: Context, among: frozenset[str]) -> list[int]:
    """Which proposals read a skill of ``among``: those that share a content word with the task, or all if none does."""
    if not context.catalogue:
        return []
    described, task = _stems_of_skills(context.catalogue), frozenset(content_stems(context.task))
    fits = {name for name in among if described.get(name, frozenset()) & task} or among
    return [n for n, a in enumerate(context.proposals) if a.kind is ActionKind.SKILL and a.argument in fits]


def skill_features(context: Context) -> NDArray[np.float32]:
    """``NAMES`` of every proposal, [N, SIZE]; a pure function of what ``context`` shows."""
    table = np.zeros((len(context.proposals), SIZE), dtype=np.float32)
    if not context.catalogue:
        return table
    table[:, 0] = any(turn.action.kind is ActionKind.SKILL and not turn.error for turn in context.turns)
    described, task = _stems_of_skills(context.catalogue), frozenset(content_stems(context.task))
    shared = {name: len(about & task) for name, about in described.items()}
    most = max(shared.values(), default=0)
    for n, action in enumerate(context.proposals):
        if action.kind is ActionKind.SKILL and action.argument in shared:
            same = shared[action.argument]
            table[n, 1:] = min(same, 4) / 4, same == most > 0, same == 0
    return table
