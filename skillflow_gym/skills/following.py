"""What an opened skill proposes: the candidates that do its next step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.skills.pattern import around, pattern
from skillflow_gym.text import words
from skillflow_gym.trajectory import Context


class Step(NamedTuple):
    """A step of a skill: a pattern, and words one of which should stand near what is chosen."""

    pattern: str
    near: frozenset[str]


_STEP = re.compile(r"`([^`\n]+)`(?: near ((?:\"[^\"\n]+\"(?:, | or |, or )?)+))?")
_QUOTED = re.compile(r"\"([^\"\n]+)\"")


@lru_cache(maxsize=1024)
def steps(body: str) -> tuple[Step, ...]:
    """The steps in the body of a skill: patterns between backticks, each perhaps followed by near "..." or "...".

    >>> steps('1. Do `search: {the task}`. 2. Answer with `accept: {date}` near "born".')
    (Step(pattern='search: {the task}', near=frozenset()), Step(pattern='accept: {date}', near=frozenset({'born'})))
    """
    found = []
    for match in _STEP.finditer(body):
        near = frozenset(word for quote in _QUOTED.findall(match[2] or "") for word in words(quote))
        found.append(Step(match[1], near))
    return tuple(found)


def follow(context: Context, proposals: Sequence[Action]) -> tuple[Action, ...]:
    """Those of ``proposals`` that do the next step of the skill that was opened last; all of them if none does.

    A language model that has read a skill does what it says; a small policy over proposals cannot read. So the skill
    narrows what is proposed, for better or worse: the reference policy, uniform over the proposals, succeeds more often
    after a good skill and less often after a bad one, and the flow through a skill shows which of the two it is.

    The next step is the first that was not done yet, in order; a skill whose steps are all done proposes nothing more.
    Of the candidates that do it, those near its words come alone, if there are any. A pure function of what is shown.
    """
    if not context.catalogue:
        return tuple(proposals)
    done: list[str] | None = None
    for turn in reversed(context.turns):
        if turn.action.kind is not ActionKind.SKILL or turn.error:
            continue
        todo = steps(turn.observation.rpartition(f"Skill {turn.action.argument}:\n")[2])
        if todo and done is None:
            done = _done(context)
        reached = 0
        for one in done or ():
            reached += reached < len(todo) and one == todo[reached].pattern
        if reached < len(todo):
            step = todo[reached]
            fitting = [a for a in proposals if a.kind is not ActionKind.SKILL and pattern(a, context) == step.pattern]
            near = [a for a in fitting if step.near & around(context, a.argument)] if step.near else []
            return tuple(near or fitting or proposals)
    return tuple(proposals)


def _done(context: Context) -> list[str]:
    """The patterns of the actions so far; readings of skills are none."""
    acts = [t for t, turn in enumerate(context.turns) if turn.action.kind is not ActionKind.SKILL]
    return [pattern(context.turns[t].action, replace(context, turns=context.turns[:t])) for t in acts]
