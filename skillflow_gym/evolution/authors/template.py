"""TemplateAuthor: writes skills without a language model, from what successes do and failures of the same task lack."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count, groupby

from skillflow_gym.actions import ActionKind
from skillflow_gym.evolution.authors import KEPT_FROM, Draft, Pair, Vocabulary, reads
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.following import steps as steps_of
from skillflow_gym.skills.pattern import around, pattern
from skillflow_gym.text import content_words
from skillflow_gym.trajectory import Turn

MAX_STEPS, MAX_KINDS, MAX_HINTS, MAX_BODY_WORDS, MAX_DESCRIPTION = 8, 4, 3, 120, 200
_SIGNS = re.compile(r"[{}:]")


@dataclass(frozen=True)
class _Case:
    """A pair in patterns.

    Attributes:
        steps: the patterns at the triggers, consecutive duplicates merged.
        others: the patterns of the failure.
        besides: the patterns of the success that are no triggers.
        near, near_failure: the content words that stand around the accepted text where it was shown.
        kinds: the content words of the prompt.
    """

    pair: Pair
    steps: tuple[str, ...]
    others: tuple[str, ...]
    besides: frozenset[str]
    near: frozenset[str]
    near_failure: frozenset[str]
    kinds: frozenset[str]

    def departs(self, steps: Sequence[str]) -> tuple[int, str] | None:
        """The first of ``steps`` that the failure lacks in this order, and what it did there that the success did not.

        The second is "" if it did nothing more; None if it lacks none.
        """
        start = 0
        for i, step in enumerate(steps):
            try:
                start = self.others.index(step, start) + 1
            except ValueError:
                return i, next((other for other in self.others[start:] if other not in self.besides), "")
        return None


@dataclass(frozen=True)
class _Plan:
    """What a skill will say: ``cases`` of the kind of task ``kinds`` speak for ``steps`` and, at the end, ``hints``."""

    steps: tuple[str, ...]
    kinds: tuple[str, ...]
    hints: tuple[str, ...]
    instead: tuple[int, str] | None
    cases: tuple[_Case, ...]

    @property
    def tasks(self) -> frozenset[str]:
        return frozenset(case.pair.task for case in self.cases)


class TemplateAuthor:
    """Contrasts the patterns at the trigger steps of successes with those of the failures, and writes them down.

    A sequence of patterns is supported by a task whose success ends with it at its triggers while the failure lacks it
    in its order, or has it and answers with text that stands elsewhere. What comes before is left to the policy: many
    ways lead to the same last steps. Skills are chosen one by one, the next being the one with most steps times tasks
    that no chosen skill covers; one that also says what stands near the answer covers more. Of a supported sequence it
    tells the kind of task in words that are commoner in its prompts than in others, the steps, words to look for around
    the answer, and what the failures did instead. No name, title, answer or number of a task is written: a word of the
    evidence is kept only if at least 3 tasks hold it, none writes it as a name or number, and no success answered with
    it.

    The signal, log I(t) >= zeta in the success of a pair, is SkillFlow's (arXiv 2605.14089, section 4.3); there a
    language model writes.

    Attributes:
        min_support: distinct tasks that must support a skill.
    """

    name = "template"

    def __init__(self, min_support: int = 3) -> None:
        self.min_support = min_support

    def create(self, pairs: Sequence[Pair], library: SkillLibrary, limit: int) -> list[Draft]:
        cases = [case for pair in pairs if (case := _case(pair)) is not None]
        plans = self._plans(cases, cases, Vocabulary(pairs))
        taken, drafts = set(library), list[Draft]()
        covered: dict[bool, set[str]] = {False: set(), True: set()}  # by skills at all, by skills with hints
        for skill in library.values():
            told = steps_of(skill.body)
            tasks = {
                case.pair.task for case in cases if told and case.steps[-len(told) :] == tuple(s.pattern for s in told)
            }
            for hinted in {False, any(step.near for step in told)}:
                covered[hinted] |= tasks
        while plans and len(drafts) < limit:
            plans.sort(
                key=lambda p: (-len(p.tasks - covered[bool(p.hints)]) * _worth(p), -len(p.cases), p.steps, p.kinds)
            )
            plan = plans.pop(0)
            if len(plan.tasks - covered[bool(plan.hints)]) < self.min_support:
                continue
            written = _write(plan, taken)
            if written is not None:
                taken.add(written.name)
                drafts.append(Draft(written, tuple(case.pair for case in plan.cases)))
                for hinted in {False, bool(plan.hints)}:
                    covered[hinted] |= plan.tasks
        return drafts

    def refine(self, skill: Skill, pairs: Sequence[Pair]) -> Draft | None:
        """Write ``skill`` anew from the tasks in which it was read, for the kind of task in which it helped.

        It helped where the success read it. With fewer such tasks than ``min_support``, those where only the failure
        read it count too: there the success shows the steps that the skill should have told.
        """
        cases = [case for pair in pairs if (case := _case(pair)) is not None]
        evidence = [case for case in cases if reads(case.pair.success, skill.name)]
        if _tasks(evidence) < self.min_support:
            evidence = [c for c in cases if any(reads(t, skill.name) for t in (c.pair.success, c.pair.failure))]
        told = steps_of(skill.body)
        worth = len(told) + 2 * any(step.near for step in told)
        for plan in self._plans(evidence, cases, Vocabulary(pairs)):
            written = _write(plan, ()) if _worth(plan) >= worth else None
            if written is not None:
                better = replace(skill, description=written.description, body=written.body)
                changed = better.content_hash != skill.content_hash
                return Draft(better, tuple(case.pair for case in plan.cases)) if changed else None
        return None

    @property
    def usage(self) -> dict[str, int]:
        return {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0}

    def _plans(self, cases: Sequence[_Case], everything: Sequence[_Case], known: Vocabulary) -> list[_Plan]:
        """What ``cases`` speak for, the best supported first; ``everything`` is what they are compared with."""
        of_steps: defaultdict[tuple[str, ...], list[_Case]] = defaultdict(list)
        for case in cases:
            for length in range(1, min(len(case.steps), MAX_STEPS) + 1):
                last = case.steps[-length:]
                if not known.clean(last[0], self.min_support):
                    break
                of_steps[last].append(case)
        plans = []
        for steps, members in of_steps.items():
            for group in self._kinds_of_task(members, everything, known):
                hints = _hints(group, known)
                spoken = tuple(
                    c for c in group if c.departs(steps) or (c.near & set(hints) and not c.near_failure & set(hints))
                )
                if _tasks(spoken) >= self.min_support:
                    kinds, instead = _kinds(spoken, everything, known), _instead(spoken, steps, known)
                    plan = _Plan(steps, kinds, hints, instead, spoken)
                    if _worth(plan) > 1:  # a single step that anybody would think of is no skill
                        plans.append(plan)
        return sorted(plans, key=lambda p: (-len(p.tasks) * _worth(p), -len(p.cases), p.steps, p.kinds))

    def _kinds_of_task(
        self, members: Sequence[_Case], everything: Sequence[_Case], known: Vocabulary
    ) -> Iterable[list[_Case]]:
        """``members`` in groups that share a word which is commoner in them than elsewhere; the rest at the end."""
        rest = list(members)
        while _tasks(rest) >= self.min_support:
            word = next(iter(_kinds(rest, everything, known, share=0.0)), "")
            group = [case for case in rest if word in case.kinds]
            if _tasks(group) < self.min_support:
                break
            yield group
            rest = [case for case in rest if word not in case.kinds]
        if rest:
            yield rest


def _case(pair: Pair) -> _Case | None:
    """``pair`` in patterns; None if no trigger is a step that a skill could tell."""
    success, failure = list(pair.success.contexts()), list(pair.failure.contexts())
    turns = pair.success.turns
    told = [(t, pattern(turn.action, success[t])) for t, turn in enumerate(turns) if _is_step(turn)]
    steps = tuple(step for step, _ in groupby(step for t, step in told if t in pair.triggers))
    if not steps:
        return None
    besides = frozenset(step for t, step in told if t not in pair.triggers)
    others = [
        pattern(turn.action, context)
        for turn, context in zip(pair.failure.turns, failure, strict=True)
        if _is_step(turn)
    ]
    ends_in_accept = turns[pair.triggers[-1]].action.kind is ActionKind.ACCEPT
    near = around(success[-1], turns[-1].action.argument) if ends_in_accept else frozenset[str]()
    last = pair.failure.turns[-1].action if pair.failure.turns else None
    wrong = last is not None and last.kind is ActionKind.ACCEPT
    near_failure = around(failure[-1], last.argument) if last and wrong else frozenset[str]()
    kinds = frozenset(content_words(pair.success.task))
    return _Case(pair, steps, tuple(others), besides, near, near_failure, kinds)


def _is_step(turn: Turn) -> bool:
    return turn.action.kind is not ActionKind.SKILL


def _worth(plan: _Plan) -> int:
    """How much a skill tells for each task: its steps, and what stands near the answer as two more."""
    return len(plan.steps) + 2 * bool(plan.hints)


def _tasks(cases: Iterable[_Case]) -> int:
    return len({case.pair.task for case in cases})


def _counts(items: Iterable[tuple[str, frozenset[str]]]) -> Counter[str]:
    """In how many tasks each word stands."""
    return Counter(word for word, _ in {(word, task) for task, said in items for word in said})


def _kinds(
    group: Sequence[_Case], everything: Sequence[_Case], known: Vocabulary, share: float = 0.5
) -> tuple[str, ...]:
    """At most 4 words that at least ``share`` of the prompts of ``group`` say, commoner there than elsewhere."""
    tasks = {case.pair.task for case in group}
    inside = _counts((case.pair.task, case.kinds) for case in group)
    outside = _counts((case.pair.task, case.kinds) for case in everything if case.pair.task not in tasks)
    others = len({case.pair.task for case in everything} - tasks)
    gains = {}
    for word, held in inside.items():
        here, there = (held + 0.5) / (len(tasks) + 1), (outside[word] + 0.5) / (others + 1)
        if held >= KEPT_FROM and held >= share * len(tasks) and here > 1.2 * there and known.allows(word):
            gains[word] = here - there
    return tuple(sorted(gains, key=lambda word: (-gains[word], word))[:MAX_KINDS])


def _hints(group: Sequence[_Case], known: Vocabulary) -> tuple[str, ...]:
    """At most 3 words that stand around the answers of several successes, and at most half as often of failures."""
    right = _counts((case.pair.task, case.near) for case in group)
    wrong = _counts((case.pair.task, case.near_failure) for case in group)
    kept = [w for w, n in right.items() if n >= KEPT_FROM and 2 * wrong[w] <= n and known.allows(w)]
    return tuple(sorted(kept, key=lambda word: (wrong[word] - right[word], word))[:MAX_HINTS])


def _instead(cases: Sequence[_Case], steps: Sequence[str], known: Vocabulary) -> tuple[int, str] | None:
    """Where most failures departed, and what they did there; None where they only took another text as the answer."""
    tasks: defaultdict[tuple[int, str] | None, set[str]] = defaultdict(set)
    departs = [case.departs(steps) for case in cases]
    for case, where in zip(cases, departs, strict=True):
        if where is None or known.clean(where[1]):
            tasks[where].add(case.pair.task)
    if not tasks:
        return min(where[0] for where in departs if where is not None), ""
    return min(tasks, key=lambda where: (-len(tasks[where]), where or (MAX_STEPS, "")))


def _write(plan: _Plan, taken: Container[str]) -> Skill | None:
    """The skill under a name that is not ``taken``; None if it would be too long to be of use."""
    verbs = [_verb(step) for step in plan.steps]
    kind = f"For tasks that say {_or(plan.kinds)}" if plan.kinds else "For tasks of many kinds"
    description = f"{kind}: {', then '.join(_SIGNS.sub('', step.replace('} {', '} and {')) for step in plan.steps)}."
    if len(description) > MAX_DESCRIPTION:
        description = f"{kind}: {', then '.join(verbs)}."
    hints = _or([f'"{hint}"' for hint in plan.hints])
    lines = []
    for number, step in enumerate(plan.steps, start=1):
        accept = step.startswith("accept: ")
        near = f" near {hints}" if accept and hints else ""
        lines.append(f"{number}. {'Answer with' if accept else 'Do'} `{step}`{near}.")
    # No backticks in the last line: what stands in them is what to do.
    if plan.instead is None:
        lines.append("Do not answer with text that stands elsewhere.")
    elif plan.instead[1]:
        lines.append(f"Do not {plan.instead[1]} in place of step {plan.instead[0] + 1}.")
    else:
        lines.append(f"Do not stop before step {plan.instead[0] + 1}.")
    body = "\n".join(lines)
    if len(body.split()) > MAX_BODY_WORDS or len(description) > MAX_DESCRIPTION:
        return None
    sort = re.findall(r"\{(\w+)", plan.steps[-1])[:1]
    parts = re.findall("[a-z0-9]+", " ".join([*plan.kinds[:3], *verbs, *sort]).lower())
    stem = "-".join(parts)[:60].strip("-") or "steps"
    names = chain([stem], (f"{stem}-{i}" for i in count(2)))
    return Skill(next(name for name in names if name not in taken), description, body)


def _verb(step: str) -> str:
    """What ``step`` begins with: the tool, or the first word of a command."""
    return re.split(r"[:\[ ]", step, maxsplit=1)[0].strip("{}") or "act"


def _or(parts: Sequence[str]) -> str:
    return " or ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
