"""What an opened skill proposes: the candidates that do its next step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.skills.pattern import around, pattern
from skillflow_gym.text import STOP_WORDS, raw_words, stem, stems, words
from skillflow_gym.trajectory import Context


class Step(NamedTuple):
    """A step of a skill, or one of its lines for different kinds of task.

    Attributes:
        patterns: the patterns of the actions that do it.
        near: stems of words one of which should stand near what is chosen; none if it does not matter.
        says: stems of words one of which the task must say; none if the step is for all tasks.
        asks: whether a word of the task itself should stand near what is chosen: `plain_stems`.
        otherwise: whether it is for the tasks that no line before it in the same item is for.
    """

    patterns: tuple[str, ...]
    near: frozenset[str] = frozenset()
    says: frozenset[str] = frozenset()
    asks: bool = False
    otherwise: bool = False


_QUOTES = r"(?:\"[^\"\n]+\"(?:, | or |, or )?)+"
_STEP = re.compile(
    rf"(?:(?:If the task says ({_QUOTES})|(Otherwise))[^`\n\"]*)?((?:`[^`\n]+`(?: or )?)+)"
    rf"(?: near (?:({_QUOTES})|(a word of the task)))?"
)
_TOOL = re.compile(r"\A[^\W\d]\w*: ")
_ITEM = re.compile(r"^(?=\d+\. )", re.MULTILINE)


@lru_cache(maxsize=1024)
def steps(body: str) -> tuple[Step, ...]:
    """The steps in the body of a skill, in their order.

    A step is one or more patterns between backticks with *or* between them, perhaps followed by near "..." or "...",
    or by near a word of the task; perhaps after If the task says "..." or "...", or after Otherwise: of such lines in a
    row only the first that fits the task is a step. The lines of the next numbered item are not in that row.

    >>> steps('1. Do `search: {the task}`. 2. Answer with `accept: {date}` near "born".')[1].near
    frozenset({'born'})
    """
    return tuple(
        Step(tuple(re.findall("`([^`]+)`", m[3])), _quoted(m[4]), _quoted(m[1]), m[5] is not None, m[2] is not None)
        for m in _STEP.finditer(body)
    )


def _quoted(text: str | None) -> frozenset[str]:
    return frozenset(stem(word) for quote in re.findall(r"\"([^\"\n]+)\"", text or "") for word in words(quote))


@lru_cache(maxsize=8192)
def steps_for(body: str, task: str) -> tuple[Step, ...]:
    """The steps in the body of a skill that ``task`` calls for."""
    said, chosen = frozenset(stems(task)), list[Step]()
    for item in _ITEM.split(body):
        met = False
        for step in steps(item):
            line = bool(step.says) or step.otherwise
            fits = step.otherwise or bool(step.says & said)
            if not line or (fits and not met):
                chosen.append(step)
            met = line and (met or fits)
    return tuple(chosen)


@lru_cache(maxsize=8192)
def plain_stems(task: str) -> frozenset[str]:
    """The stems of the task's content words that are written in lower case outside quotes: no names, no titles."""
    return frozenset(stem(word) for word in raw_words(_TITLE.sub(" ", task)) if word.islower()) - _STOP_STEMS


_TITLE = re.compile(r"[\"“][^\"“”]*[\"”]")
_STOP_STEMS = frozenset(map(stem, STOP_WORDS))


def follow(context: Context, proposals: Sequence[Action]) -> tuple[Action, ...]:
    """Those of ``proposals`` that do the next step of the skill that was opened last.

    A language model that has read a skill does what it says; a small policy over proposals cannot read. So the skill
    narrows what is proposed, for better or worse: the reference policy, uniform over the proposals, succeeds more often
    after a good skill and less often after a bad one, and the flow through a skill shows which of the two it is.

    The next step is the first that was not done yet, in order; a skill whose steps are all done proposes nothing more.
    Where a step says what stands near, only candidates with such a word near them do it. If none does it, the
    step before may be done again, or the step in any way that uses its tool; if that is nothing either, all
    ``proposals`` stay. A pure function of what is shown.
    """
    if not context.catalogue:
        return tuple(proposals)
    done: list[str] | None = None
    for turn in reversed(context.turns):
        if turn.action.kind is not ActionKind.SKILL or turn.error:
            continue
        todo = steps_for(turn.observation.rpartition(f"Skill {turn.action.argument}:\n")[2], context.task)
        if todo and done is None:
            done = _done(context)
        reached = 0
        for one in done or ():
            reached += reached < len(todo) and one in todo[reached].patterns
        if reached < len(todo):
            made = [(action, pattern(action, context)) for action in proposals if action.kind is not ActionKind.SKILL]
            return _doing(todo[reached], made, context) or _otherwise(todo, reached, made, context) or tuple(proposals)
    return tuple(proposals)


def said_near(action: Action, context: Context) -> frozenset[str]:
    """The words around the text that ``action`` chooses, where it is shown."""
    return around(
        context, _TOOL.sub("", action.argument, count=1) if action.kind is ActionKind.ACT else action.argument
    )


def _doing(step: Step, made: Sequence[tuple[Action, str]], context: Context) -> tuple[Action, ...]:
    """The actions that do ``step``, of those whose patterns were ``made``."""
    fitting = [action for action, its in made if its in step.patterns]
    if step.near or step.asks:
        wanted = step.near | plain_stems(context.task) if step.asks else step.near
        fitting = [action for action in fitting if any(stem(word) in wanted for word in said_near(action, context))]
    return tuple(fitting)


def _otherwise(
    todo: Sequence[Step], reached: int, made: Sequence[tuple[Action, str]], context: Context
) -> tuple[Action, ...]:
    """What may be done where the step that was ``reached`` cannot; nothing before the first step is done."""
    if not reached:
        return ()
    tools = {its.partition(": ")[0] for its in todo[reached].patterns if ": " in its}
    again = set(_doing(todo[reached - 1], made, context))
    return tuple(action for action, its in made if action in again or its.partition(": ")[0] in tools)


def _done(context: Context) -> list[str]:
    """The patterns of the actions so far; readings of skills are none."""
    acts = [t for t, turn in enumerate(context.turns) if turn.action.kind is not ActionKind.SKILL]
    return [pattern(context.turns[t].action, replace(context, turns=context.turns[:t])) for t in acts]
