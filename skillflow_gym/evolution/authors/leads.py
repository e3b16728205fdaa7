"""Leads: skills that look one link further than the successes did.

A success is found by trying, and a chain of look-ups only by trying all of its links at once: who solves one question
of one link in a hundred by chance solves one of two links in ten thousand. So the evidence speaks of short ways. But it
also shows what could have been done instead: the texts of the passage that was found could themselves be looked up. A
skill that says so is a guess. It narrows each link to what stands near a word of the task, and a policy that reads it
finds out whether the guess is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from skillflow_gym.actions import ActionKind
from skillflow_gym.evolution.authors import Author, Draft, Pair
from skillflow_gym.evolution.authors.lines import Line
from skillflow_gym.evolution.authors.template import Steps, write
from skillflow_gym.skills import Skill, SkillLibrary
from skillflow_gym.skills.following import steps
from skillflow_gym.skills.pattern import pattern

FOUND = " in the passage asked for}"
MAX_LINKS, MAX_PATTERNS, LEAST_TASKS, KEPT_PAIRS = 3, 3, 2, 30
"""Look-ups in what was found, at most; patterns of a step; tasks that must offer a pattern; pairs that are looked at,
the latest."""


class WithLeads:
    """``author``, which also guesses: its second draft is a lead, if there is one.

    A guess is judged like any other skill, by the gate and by the flow through it.
    """

    def __init__(self, author: Author) -> None:
        self.name, self._author = author.name, author

    def create(self, pairs: Sequence[Pair], library: SkillLibrary, limit: int) -> list[Draft]:
        drafts = self._author.create(pairs, library, limit)
        if told := lead(pairs, library.values()):
            guess = write(told, {*library, *(draft.skill.name for draft in drafts)})
            drafts.insert(1, Draft(guess, tuple(pairs[-KEPT_PAIRS:])))
        return drafts[:limit]

    def refine(self, skill: Skill, pairs: Sequence[Pair]) -> Draft | None:
        return self._author.refine(skill, pairs)

    @property
    def usage(self) -> dict[str, int]:
        return self._author.usage


def lead(pairs: Sequence[Pair], skills: Iterable[Skill]) -> Steps | None:
    """The steps of a way that is one link longer than the longest that is known to pay; None if there is none.

    They are a look-up that was offered before anything was found, then look-ups with the same tools of a text of the
    passage that the last one asked for, then an answer from that passage: whatever was offered, chosen or not.

    Args:
        pairs: the evidence.
        skills: those of the library.
    """
    count = links(skills)
    if not 0 < count <= MAX_LINKS:
        return None
    at_first, later = Counter[str](), Counter[str]()
    for pair in pairs[-KEPT_PAIRS:]:
        before, after = _offered(pair)
        at_first.update(before)
        later.update(after)
    start = [made for made in _common(at_first) if not made.startswith("accept: ")]
    tools = {made.partition(": ")[0] for made in start}
    found = [made for made in _common(later) if made.endswith(FOUND)]
    link = [made for made in found if made.partition(": ")[0] in tools]
    end = [made for made in found if made.startswith("accept: ")]
    if not (start and link and end):
        return None
    first, further, last = (tuple(sorted(some[:MAX_PATTERNS])) for some in (start, link, end))
    return (first, *[[Line((), further, asks=True)]] * count, [Line((), last, asks=True)])


def links(skills: Iterable[Skill]) -> int:
    """How many look-ups in what was found are to be tried: one more than the longest of ``skills`` with G >= 0 has.

    0 while some skill that has any is not judged yet.
    """
    most = 0
    for skill in skills:
        has = sum(all(FOUND in p and not p.startswith("accept: ") for p in step.patterns) for step in steps(skill.body))
        if has and _g(skill) is None:
            return 0
        if has > most and (_g(skill) or 0.0) >= 0:
            most = has
    return most + 1


def _g(skill: Skill) -> float | None:
    """G of a skill as the last phase noted it; None if none did, or if what comes from outside is no number."""
    try:
        return float(skill.metadata["g"])
    except (KeyError, ValueError):
        return None


def _offered(pair: Pair) -> tuple[set[str], set[str]]:
    """The patterns of what the success could have done before anything was found, and of what it could after that.

    As far as they are a tool or an answer with one slot.
    """
    before, after = set[str](), set[str]()
    for context, turn in zip(pair.success.contexts(), pair.success.turns, strict=True):
        acted = any(earlier.action.kind is ActionKind.ACT for earlier in context.turns)
        (after if acted else before).update(pattern(action, context) for action in turn.candidates)
    kept = ({made for made in some if ": {" in made and made.count("{") == 1} for some in (before, after))
    return next(kept), next(kept)


def _common(offers: Counter[str]) -> list[str]:
    """What enough tasks offer, the commonest first."""
    return [made for _, made in sorted((-tasks, made) for made, tasks in offers.items() if tasks >= LEAST_TASKS)]
