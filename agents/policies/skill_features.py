"""Features of a candidate from skills: does it do what an opened skill says, or is it a skill that fits the task?"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.actions import ActionKind
from skillflow_gym.agents.policies.places import WINDOW_WORDS
from skillflow_gym.agents.policies.vocabulary import word_ids
from skillflow_gym.skills.pattern import pattern
from skillflow_gym.text import content_stems
from skillflow_gym.trajectory import Context

NAMES = ("any_open", "is_step", "is_next_step", "near_hint", "skill_fits_task")
SIZE = len(NAMES)

_STEP = re.compile(r"`([^`\n]+)`")
_HINT = re.compile(r"near ((?:\"[^\"\n]+\"(?:, | or |, or )?)+)")
_QUOTED = re.compile(r"\"([^\"\n]+)\"")
_LINE = re.compile(r"^- ([a-z0-9-]+): (.*)$", re.MULTILINE)


class _Body(NamedTuple):
    """What the body of a skill says: its steps, as patterns, and the words (as ids) to look for near an answer."""

    steps: tuple[str, ...]
    hints: frozenset[int]


@lru_cache(maxsize=1024)
def _body(text: str) -> _Body:
    hints = [word for group in _HINT.findall(text) for hint in _QUOTED.findall(group) for word in word_ids(hint)]
    return _Body(tuple(_STEP.findall(text)), frozenset(hints))


@lru_cache(maxsize=1024)
def _stems_of_skills(catalogue: str) -> dict[str, frozenset[str]]:
    """Skill -> the stems of its description."""
    return {name: frozenset(content_stems(description)) for name, description in _LINE.findall(catalogue)}


def _done(context: Context) -> list[str]:
    """The patterns of the actions so far; readings of skills are none."""
    acts = [t for t, turn in enumerate(context.turns) if turn.action.kind is not ActionKind.SKILL]
    return [pattern(context.turns[t].action, replace(context, turns=context.turns[:t])) for t in acts]


def _reached(steps: tuple[str, ...], done: list[str]) -> int:
    """How many of ``steps`` were done, in their order, with other actions between."""
    reached = 0
    for one in done:
        reached += reached < len(steps) and one == steps[reached]
    return reached


def skill_features(context: Context, words: NDArray[np.int32]) -> NDArray[np.float32]:
    """``NAMES`` of every proposal, [N, SIZE]; a pure function of what ``context`` shows.

    A step of a skill is what stands in backticks in its body, compared with the candidate's `pattern`; the next step is
    the first that was not done yet. A hint is what its body quotes after "near", looked for among the words around the
    candidate.

    Args:
        context: with N proposals.
        words: the ids of ``Features.words``, [N, 1 + WINDOW_WORDS + ...].
    """
    table = np.zeros((len(context.proposals), SIZE), dtype=np.float32)
    if not context.catalogue:
        return table
    described = _stems_of_skills(context.catalogue)
    task = frozenset(content_stems(context.task))
    read = [turn for turn in context.turns if turn.action.kind is ActionKind.SKILL and not turn.error]
    opened = [_body(turn.observation.rpartition(f"Skill {turn.action.argument}:\n")[2]) for turn in read]
    steps = {step for body in opened for step in body.steps}
    done = _done(context) if steps else []
    following = {body.steps[n] for body in opened if (n := _reached(body.steps, done)) < len(body.steps)}
    hints = frozenset[int]().union(*[body.hints for body in opened])
    around = words[:, 1 : 1 + WINDOW_WORDS].tolist() if hints else []
    for n, action in enumerate(context.proposals):
        if action.kind is ActionKind.SKILL:
            about = described.get(action.argument, frozenset())
            table[n, 4] = len(about & task) / len(about) if about else 0.0
        elif steps:
            done_by = pattern(action, context)
            table[n, 1:3] = done_by in steps, done_by in following
            if hints:
                table[n, 3] = len(hints.intersection(around[n])) / len(hints)
    table[:, 0] = bool(opened)
    return table
