"""Candidate actions for ScienceWorld: the admissible ones, or of more than a policy should weigh, those that suit."""

from __future__ import annotations

from functools import lru_cache

from skillflow_gym.actions import Action
from skillflow_gym.core import unread_skills
from skillflow_gym.text import content_stems
from skillflow_gym.trajectory import Context

MAX_ACTS = 320

_TWO_THINGS = frozenset({"connect", "dunk", "move", "pour"})
"""Verbs of commands with two things, which are most of a long list: one for every pair of things in reach."""


def scienceworld_proposals(context: Context) -> tuple[Action, ...]:
    """Admissible actions, unread skills, and ending the episode.

    Of more than MAX_ACTS admissible actions those are left out, the last first, that do something with two things of
    which the task names neither; then those that do something with two things. The order stays the simulator's.
    """
    acts = context.admissible
    if len(acts) > MAX_ACTS:
        asked = _stems(context.task)
        ranked = sorted(range(len(acts)), key=lambda i: _rank(acts[i], asked))
        acts = tuple(acts[i] for i in sorted(ranked[:MAX_ACTS]))
    return (*map(_act, acts), *unread_skills(context), Action.accept(""))


def _rank(act: str, asked: frozenset[str]) -> int:
    two, stems = _about(act)
    return 0 if not two else 2 - bool(stems & asked)


@lru_cache(maxsize=65536)
def _about(act: str) -> tuple[bool, frozenset[str]]:
    """Whether an act is about two things, and the stems of what it is about."""
    verb, _, things = act.partition(" ")
    return verb in _TWO_THINGS or (verb == "use" and " on " in things), _stems(things)


@lru_cache(maxsize=4096)
def _stems(text: str) -> frozenset[str]:
    return frozenset(content_stems(text))


# One object per action: it is made, hashed and kept by rollouts many thousand times.
_act = lru_cache(maxsize=65536)(Action.act)
