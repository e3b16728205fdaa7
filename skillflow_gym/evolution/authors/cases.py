"""A pair of a success and a failure in patterns: what was done at the triggers, and what else could have been."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.evolution.authors import Pair
from skillflow_gym.skills.following import Step, plain_stems, said_near
from skillflow_gym.skills.pattern import pattern
from skillflow_gym.text import content_words, stem
from skillflow_gym.trajectory import Context

_SLOT = re.compile(r"\{(?:(?:name|number|date|quote|title|words) )?([^{}]+)\}")


class Choice(NamedTuple):
    """A candidate action.

    Attributes:
        pattern: its pattern.
        near, stems: the words around the text that it chooses, and their stems.
        asked: whether a plain word of the task is one of them.
    """

    pattern: str
    near: frozenset[str]
    stems: frozenset[str]
    asked: bool

    def does(self, step: Step) -> bool:
        """Whether it does ``step``."""
        fits = not step.near.isdisjoint(self.stems) or (step.asks and self.asked)
        return self.pattern in step.patterns and (fits or not (step.near or step.asks))


class Moment(NamedTuple):
    """What was chosen at a trigger.

    Attributes:
        chosen: the choice.
        rivals: the other candidates of its kind, or what the failure chose where they are not known.
        source: the tool and where its argument comes from, ``search: in the task``; a command of a closed set itself.
    """

    chosen: Choice
    rivals: tuple[Choice, ...]
    source: str

    @property
    def is_from_what_was_shown(self) -> bool:
        """Whether it chooses a text that some observation shows."""
        return any(place in self.source for place in ("in the passage asked for", "in what was found", "shown"))

    def chance(self, step: Step | None) -> float:
        """The chance to choose the same among the candidates that do ``step``; among all of them without one."""
        if step is None:
            return 1 / (1 + len(self.rivals))
        return self.chosen.does(step) / max(self.chosen.does(step) + sum(rival.does(step) for rival in self.rivals), 1)


@dataclass(frozen=True)
class Case:
    """A pair in patterns.

    Attributes:
        pair: the pair.
        moments: one for each trigger that a skill could tell; of neighbours with one source only the last.
        says, stems: the content words of the prompt, and their stems.
        answer: what the failure answered with, as a choice; None if it gave no answer.
        others: the patterns of the failure.
    """

    pair: Pair
    moments: tuple[Moment, ...]
    says: frozenset[str]
    stems: frozenset[str]
    answer: Choice | None
    others: tuple[str, ...]

    @classmethod
    def of(cls, pair: Pair) -> Case:
        """Take ``pair`` apart."""
        success, failure = list(pair.success.contexts()), list(pair.failure.contexts())
        wrong = [
            (turn.action, context)
            for turn, context in zip(pair.failure.turns, failure, strict=True)
            if turn.action.kind is not ActionKind.SKILL
        ]
        moments = []
        for t in pair.triggers:
            turn = pair.success.turns[t]
            if turn.action.kind is not ActionKind.SKILL:
                others = [(a, success[t]) for a in turn.candidates] or wrong
                moments.append(_moment(turn.action, success[t], others))
        last = [list(neighbours)[-1] for _, neighbours in groupby(moments, key=lambda moment: moment.source)]
        answer = next((_choice(*some) for some in wrong[-1:] if some[0].kind is ActionKind.ACCEPT), None)
        says = frozenset(content_words(pair.success.task))
        return cls(pair, tuple(last), says, frozenset(map(stem, says)), answer, tuple(pattern(*some) for some in wrong))

    @property
    def shape(self) -> tuple[str, ...]:
        """The sources of its moments."""
        return tuple(moment.source for moment in self.moments)

    @property
    def task(self) -> str:
        """What tells its task from others."""
        return self.pair.task

    def speaks_for(self, steps: Sequence[Step]) -> bool:
        """Whether the failure did not do ``steps`` in this order, or answered in the last with another text."""
        reached = 0
        for other in self.others:
            reached += reached < len(steps) and other in steps[reached].patterns
        answers = any(made.startswith("accept: ") for made in steps[-1].patterns)
        return reached < len(steps) or (answers and self.answer is not None and not self.answer.does(steps[-1]))


def _moment(action: Action, context: Context, others: Sequence[tuple[Action, Context]]) -> Moment:
    rivals = tuple(_choice(*other) for other in others if other[0].kind is action.kind and other[0] != action)
    chosen = _choice(action, context)
    return Moment(chosen, rivals, _source(chosen.pattern))


def _source(made: str) -> str:
    tool, colon, argument = made.partition(": ")
    places = {place if place != "the task" else "in the task" for place in _SLOT.findall(argument)}
    return f"{tool}: {' and '.join(sorted(places)) or argument}" if colon else tool


def _choice(action: Action, context: Context) -> Choice:
    near = said_near(action, context)
    stems = frozenset(map(stem, near))
    return Choice(pattern(action, context), near, stems, not stems.isdisjoint(plain_stems(context.task)))
