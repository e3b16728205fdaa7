"""Candidate actions for mathematics: a grammar over the numbers, formulas and operation words that the text shows.

It knows no kind of problem. Quantities of the text fill the places of operations that SymPy or Python has; operations
whose words stand in the text come first, and so many are kept as a small policy can weigh. Results that were shown are
quantities too, and answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.core import unread_skills
from skillflow_gym.envs.math_operations import OPERATIONS, Quantities
from skillflow_gym.envs.math_text import formulas, integers, points
from skillflow_gym.text import stems
from skillflow_gym.trajectory import Context

MAX_CALLS, MAX_FOLLOW_UPS, MAX_ANSWERS = 32, 8, 10
MAX_LENGTH = 120
"""Characters of a result that may be an answer or a part of the next call."""

_FRACTION = re.compile(r"(-?\d+)/(\d+)")
_INTERVAL = re.compile(r"Interval(\.open|\.Lopen|\.Ropen)?\((.+), ([^,]+)\)")
_BRACKETS = {"": "[]", ".open": "()", ".Lopen": "(]", ".Ropen": "[)"}
_SOLUTION = re.compile(r"\{\w+: ([^,]+), \w+: ([^,]+)\}")
_MEMBERS = re.compile(r"[\[{]([^\[\]{}:]+)[\]}]")


def math_proposals(context: Context) -> tuple[Action, ...]:
    """Candidate actions, none twice and no ``act`` that was taken before.

    Calls: operations over the text's quantities, and over the results so far. Answers: the results in the forms that
    answers have, the newest first; from the second turn on, or where there is nothing to calculate. The numbers of the
    text are answers while there is no result.
    """
    acts = [turn for turn in context.turns if turn.action.kind is ActionKind.ACT]
    taken = {turn.action for turn in acts}
    results = tuple(turn.observation for turn in acts)
    calls = dict.fromkeys((*_follow_ups(context.task, results), *_calls(context.task)))
    answers = _answers(context.task, results) if context.step or not calls else ()
    return (*(call for call in calls if call not in taken), *unread_skills(context), *answers)


@lru_cache(maxsize=2048)
def _calls(task: str) -> tuple[Action, ...]:
    """What the text suggests; operations with the most of their words in it come first."""
    shown = frozenset(stems(task))
    quantities = Quantities(integers(task), formulas(task), points(task))
    found: dict[str, None] = {}
    for operation in sorted(OPERATIONS, key=lambda operation: -len(operation.words & shown)):
        found.update(dict.fromkeys(operation.calls(quantities)))
    return tuple(map(_act, list(found)[:MAX_CALLS]))


@lru_cache(maxsize=8192)
def _follow_ups(task: str, results: tuple[str, ...]) -> tuple[Action, ...]:
    """Operations over the latest results, and over a result and a number of the text."""
    last = [parts for result in reversed(results[-3:]) if (parts := _parts(result))]
    calls = []
    if last and len(last[0]) > 1:
        both = ", ".join(last[0])
        calls += [f"calculate: Add({both})", f"calculate: Mul({both})"]
        calls.append(f"calculate: Add({', '.join(f'({part})**2' for part in last[0])})")
    single = [parts[0] for parts in last if len(parts) == 1]
    if len(single) > 1:
        calls += [f"calculate: Add({single[0]}, {single[1]})", f"calculate: Mul({single[0]}, {single[1]})"]
    if single and len(single[0]) > 3:
        calls += [f"calculate: Mod({single[0]}, {m})" for m in dict.fromkeys(integers(task)) if m > 99]
    return tuple(map(_act, calls[:MAX_FOLLOW_UPS]))


def _parts(result: str) -> tuple[str, ...]:
    """The numbers of a result: of 7 itself, of 3/4 both, of a list or of solutions all; () for no number."""
    text = result.strip()
    if len(text) > MAX_LENGTH:
        return ()
    if match := _FRACTION.fullmatch(text) or _SOLUTION.fullmatch(text):
        return match.groups()
    if match := _MEMBERS.fullmatch(text):
        parts = tuple(part.strip() for part in match[1].split(","))
        return parts if all(part.count("(") == part.count(")") for part in parts) else ()  # a list of pairs
    return (text,) if re.fullmatch(r"-?\d+", text) else ()


@lru_cache(maxsize=8192)
def _answers(task: str, results: tuple[str, ...]) -> tuple[Action, ...]:
    found = dict.fromkeys(answer for result in reversed(results) for answer in _forms(result))
    if not found:
        found = dict.fromkeys((*map(str, dict.fromkeys(integers(task))), "0"))
    return tuple(map(_accept, list(found)[:MAX_ANSWERS]))


def _forms(result: str) -> Iterator[str]:
    """A result as answers are written: 3/4, -5, 10 for [-5, 10], (1, 2) for {x: 1, y: 2}, (1, 2] for an interval."""
    text = result.strip()
    if not text or len(text) > MAX_LENGTH or "\n" in text or (" " in text and text[:1].isalpha() and "(" not in text):
        return
    if match := _INTERVAL.fullmatch(text):
        brackets = _BRACKETS[match[1] or ""]
        yield f"{brackets[0]}{match[2]}, {match[3]}{brackets[1]}"
    elif match := _SOLUTION.fullmatch(text):
        yield f"({match[1]}, {match[2]})"
    elif match := _MEMBERS.fullmatch(text):
        yield match[1]
    else:
        yield text


# One object per action: it is made, hashed and kept by rollouts many thousand times.
_accept = lru_cache(maxsize=16384)(Action.accept)
_act = lru_cache(maxsize=16384)(Action.act)
