"""TemplateAuthor: writes skills without a language model, from what successes chose and what else they could have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import TypeAlias

from skillflow_gym.evolution.authors import Draft, Pair, Vocabulary, reads
from skillflow_gym.evolution.authors.cases import Case, Moment
from skillflow_gym.evolution.authors.lines import LEAST_CHANCE, Line, learn
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.following import Step, steps, steps_for

MAX_STEPS, MAX_PATTERNS, MAX_DESCRIPTION = 8, 3, 300
KEPT_CASES = 1000
"""Cases that are kept, so that a pair which is seen in several phases is taken apart once."""


Steps: TypeAlias = tuple[tuple[str, ...] | list[Line], ...]
"""Of each step the patterns that do it, or the lines of which the first that fits the task is followed."""


@dataclass(frozen=True)
class _Plan:
    """What a skill will say.

    Attributes:
        steps: what to do.
        cases: those of the evidence that speak for it.
        worth: how much surer it makes the choices of the successes, summed over steps and cases.
    """

    steps: Steps
    cases: tuple[Case, ...]
    worth: float


class TemplateAuthor:
    """Writes down what the successes did at their triggers, with the words that tell which text they chose.

    Successes are grouped by the sources of their steps: which tool, with a text of the task, of a passage that was
    asked for, of anything that was found. Where a text must be chosen from what was shown, a decision list is learned
    (``lines.learn``): which words around a text go with which words in the task, counted over the choices of the
    successes against the other candidates that they had. A success counts for a skill only if the failure of its task
    does not do the same. No name, title, number or answer of a task is written: see ``Vocabulary``.

    The signal, log I(t) >= zeta in the success of a pair, is SkillFlow's (arXiv 2605.14089, section 4.3); there a
    language model writes. Learning by what a text stands near is as in bootstrapped pattern extraction (Riloff 1996).

    Attributes:
        min_support: distinct tasks that must speak for a skill.
    """

    name = "template"

    def __init__(self, min_support: int = 3) -> None:
        self.min_support = min_support
        self._cases: dict[int, tuple[Pair, Case]] = {}

    def create(self, pairs: Sequence[Pair], library: SkillLibrary, limit: int) -> list[Draft]:
        cases, known = self._taken_apart(pairs), Vocabulary(pairs)
        left = [case for case in cases if not any(_speaks_of(skill, case) for skill in library.values())]
        taken, drafts = set(library), list[Draft]()
        while len(drafts) < limit:
            plans = [plan for shape in _shapes(left) if (plan := self._plan(left, shape, known)) is not None]
            if not plans:
                break
            plan = max(plans, key=lambda plan: plan.worth)
            skill = write(plan.steps, taken)
            taken.add(skill.name)
            drafts.append(Draft(skill, tuple(case.pair for case in plan.cases)))
            done = {case.task for case in plan.cases}
            left = [case for case in left if case.task not in done]
        return drafts

    def refine(self, skill: Skill, pairs: Sequence[Pair]) -> Draft | None:
        """Write ``skill`` anew from all successes of the shapes that it tells, if that makes their choices surer."""
        everything = self._taken_apart(pairs)
        read = [
            case for case in everything if any(reads(t, skill.name) for t in (case.pair.success, case.pair.failure))
        ]
        shapes = {case.shape for case in everything if _speaks_of(skill, case)} or {case.shape for case in read}
        cases = [case for case in everything if case.shape in shapes]
        known = Vocabulary(pairs)
        plans = [plan for shape in _shapes(cases) if (plan := self._plan(cases, shape, known)) is not None]
        for plan in sorted(plans, key=lambda plan: -plan.worth):
            written = write(plan.steps, ())
            better = replace(skill, description=written.description, body=written.body)
            if better.content_hash != skill.content_hash and plan.worth > _worth(skill, plan.cases):
                return Draft(better, tuple(case.pair for case in plan.cases))
        return None

    @property
    def usage(self) -> dict[str, int]:
        return {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0}

    def _taken_apart(self, pairs: Sequence[Pair]) -> list[Case]:
        kept = {id(pair): self._cases.get(id(pair)) or (pair, Case.of(pair)) for pair in pairs}
        self._cases = dict([*self._cases.items(), *kept.items()][-KEPT_CASES:])
        return [case for _, case in kept.values() if case.moments]

    def _plan(self, cases: Sequence[Case], shape: tuple[str, ...], known: Vocabulary) -> _Plan | None:
        """The skill for those of ``cases`` that have ``shape``; None if too few tasks speak for it."""
        members = [case for case in cases if case.shape == shape]
        if len({case.task for case in members}) < self.min_support:
            return None
        told: list[tuple[str, ...] | list[Line]] = []
        for i, source in enumerate(shape):
            patterns = Counter(case.moments[i].chosen.pattern for case in members)
            if not all(known.clean(pattern, self.min_support) for pattern, _ in patterns.most_common(MAX_PATTERNS)):
                return None
            chooses = source.startswith("accept: ") or members[0].moments[i].is_from_what_was_shown
            lines = learn(members, i, known, self.min_support) if chooses and ": " in source else []
            if chooses and ": " in source and not lines:
                return None  # whoever does as it says still has to guess
            told.append(lines or tuple(pattern for pattern, _ in patterns.most_common(MAX_PATTERNS)))
        if len(shape) < 2 and not any(isinstance(step, list) for step in told):
            return None  # a single step that anybody would think of is no skill
        spoken = []
        for case in members:
            todo = _todo(told, case)
            if todo is not None and case.speaks_for(todo):
                spoken.append(case)
        if len({case.task for case in spoken}) < self.min_support:
            return None
        plan = _Plan(tuple(told), tuple(spoken), 0.0)
        return replace(plan, worth=_worth(write(plan.steps, ()), spoken))


def _shapes(cases: Iterable[Case]) -> list[tuple[str, ...]]:
    """The shapes that a skill can tell, in an order of their own: not too long, and no tool is needed before."""
    return sorted({c.shape for c in cases if len(c.moments) <= MAX_STEPS and not _needs_a_tool_before(c.moments[0])})


def _needs_a_tool_before(moment: Moment) -> bool:
    """Whether it uses what a tool has found. Where commands are listed, something is shown from the start."""
    return moment.is_from_what_was_shown and ": " in moment.source


def _todo(told: Sequence[tuple[str, ...] | list[Line]], case: Case) -> tuple[Step, ...] | None:
    """The steps for the task of ``case``; None if one is a list of lines of which none fits."""
    todo = []
    for step in told:
        if isinstance(step, tuple):
            todo.append(Step(step))
        else:
            todo += [line.step for line in step if not line.says or line.step.says & case.stems][:1]
    return tuple(todo) if len(todo) == len(told) else None


def _speaks_of(skill: Skill, case: Case) -> bool:
    """Whether ``skill`` says what to do in the task of ``case``, and surely enough."""
    todo = steps_for(skill.body, case.pair.success.task)
    fits = any(s.says or s.otherwise for s in todo) or not any(s.says for s in steps(skill.body))
    if len(todo) != len(case.moments) or not fits:
        return False
    does = all(moment.chosen.does(step) for moment, step in zip(case.moments, todo, strict=True))
    return does and case.moments[-1].chance(todo[-1]) >= LEAST_CHANCE


def _worth(skill: Skill, cases: Iterable[Case]) -> float:
    """How much surer ``skill`` makes the choices of the successes, summed over its steps and ``cases``."""
    worth = 0.0
    for case in cases:
        todo = steps_for(skill.body, case.pair.success.task)
        if len(todo) == len(case.moments):
            worth += sum(m.chance(step) - m.chance(None) for m, step in zip(case.moments, todo, strict=True))
    return worth


def write(told: Steps, taken: Container[str]) -> Skill:
    """The skill that says what is ``told``, under a name that is not ``taken``."""
    body, kinds, verbs = list[str](), list[str](), list[str]()
    for number, step in enumerate(told, start=1):
        patterns = step if isinstance(step, tuple) else step[0].patterns
        verbs.append(_verb(patterns[0]))
        if isinstance(step, tuple) or not step[0].says:
            order = _order(step) if isinstance(step, tuple) else _told(step[0])
            body.append(f"{number}. {order[0].upper()}{order[1:]}.")
            continue
        body.append(f"{number}. Take the first line that fits the task.")
        for line in step:
            body.append(f"- {f'If the task says {_quoted(line.says)}' if line.says else 'Otherwise'}, {_told(line)}.")
        kinds += [word for line in reversed(step) for word in line.says]  # the last ones are for most tasks
    kinds = list(dict.fromkeys(kinds))
    while len(description := _description(kinds, verbs)) > MAX_DESCRIPTION:
        kinds.pop()
    parts = re.findall("[a-z0-9]+", " ".join([*kinds[:3], *verbs]).lower())
    stem = "-".join(parts)[:60].strip("-") or "steps"
    names = chain([stem], (f"{stem}-{i}" for i in count(2)))
    name = next(name for name in names if name not in taken)
    return Skill(name, description, "\n".join(body))


def _description(kinds: Sequence[str], verbs: Sequence[str]) -> str:
    said = f"For tasks that say {_or(sorted(kinds))}" if kinds else "For tasks of many kinds"
    return f"{said}: {', then '.join(verbs)}."


def _told(line: Line) -> str:
    near = " near a word of the task" if line.asks else f" near {_quoted(line.near)}" if line.near else ""
    return _order(line.patterns) + near


def _order(patterns: Sequence[str]) -> str:
    verb = "answer with" if patterns[0].startswith("accept: ") else "do"
    return f"{verb} {_or([f'`{pattern}`' for pattern in patterns], comma=' or ')}"


def _verb(step: str) -> str:
    """What ``step`` begins with: the tool, or the first word of a command."""
    return re.split(r"[:\[ ]", step, maxsplit=1)[0].strip("{}") or "act"


def _quoted(parts: Sequence[str]) -> str:
    return _or([f'"{part}"' for part in parts])


def _or(parts: Sequence[str], comma: str = ", ") -> str:
    return " or ".join(filter(None, [comma.join(parts[:-1]), *parts[-1:]]))
