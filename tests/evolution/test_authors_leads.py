"""Leads: skills that look one link further, from what was offered and never done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from skillflow_gym import Action, ActionKind, Context, Skill, SkillLibrary, Trajectory
from skillflow_gym.evolution.authors import Author, Pair
from skillflow_gym.evolution.authors.leads import MAX_LINKS, WithLeads
from skillflow_gym.evolution.authors.template import TemplateAuthor
from skillflow_gym.policy import Decision
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.skills.audit import audit
from skillflow_gym.skills.following import steps
from tests.contract.harness import make, taskset
from tests.evolution.making import Writer
from tests.evolution.pairs import chosen

LINK = "Do `search: {name in the passage asked for}` near a word of the task."
NAME, YEAR = "`accept: {name in the passage asked for}`", "`accept: {number in the passage asked for}`"
FURTHER = (
    f"1. Do `search: {{name in the task}}` or `search: {{the task}}`.\n2. {LINK}\n3. Answer with {NAME} or {YEAR} "
)
FURTHER += "near a word of the task."


def short(number: int, *more: Action) -> Pair:
    """The success answers with a year of the first passage, where its town could have been looked up; so could more."""
    who, town = f"Qal{'abcdefgh'[number]}", f"Mir{'abcdefgh'[number]}"
    task = f"When did the ruler of {who} die?"
    found = f"[1] {who}\n{who} died in {1900 + number} in {town}. It was founded in {1800 + number}."
    search = chosen(found, Action.act(f"search: {who}"), Action.act(f"search: {task}"))
    options = (Action.accept(f"{1900 + number}"), Action.accept(town), Action.act(f"search: {town}"), *more)
    good, bad = ((search, chosen("", *order)) for order in (options, (options[1], options[0], *options[2:])))
    return Pair(
        Trajectory("t", task, good, task_id=f"q{number}", reward=1.0, success=True),
        Trajectory("t", task, bad, task_id=f"q{number}", reward=0.0, success=False),
        (0, 1),
    )


def leads(pairs: list[Pair], *library: Skill, limit: int = 5) -> list[Skill]:
    """What is written beside what the author within has to say, which is nothing."""
    author: Author = WithLeads(Writer())
    return [draft.skill for draft in author.create(pairs, SkillLibrary(library), limit)]


def judged(skill: Skill, g: float) -> Skill:
    return replace(skill, metadata={"g": f"{g:.3f}"})


def test_what_was_offered_and_not_done_is_looked_up() -> None:
    (skill,) = leads([short(0), short(1)])
    assert skill.body == FURTHER
    assert (skill.name, skill.description) == (
        "search-search-accept",
        "For tasks of many kinds: search, then search, then accept.",
    )
    assert not audit(skill)


def test_what_one_task_offers_is_not_general() -> None:
    assert leads([]) == leads([short(0)]) == []


def test_links_are_made_with_a_tool_that_needs_nothing_found() -> None:
    """lookup was offered in both tasks, but only after a passage was found: it looks into that."""
    (skill,) = leads([short(n, Action.act(f"lookup: Mir{'ab'[n]}"), Action.act("lookup: die")) for n in range(2)])
    assert skill.body == FURTHER


def test_without_a_passage_there_is_no_lead() -> None:
    pairs = [short(0), short(1)]
    blind = [replace(turn, observation="") for pair in pairs for turn in pair.success.turns[:1]]
    cut = [
        replace(pair, success=replace(pair.success, turns=(seen, *pair.success.turns[1:])))
        for pair, seen in zip(pairs, blind, strict=True)
    ]
    assert leads(cut) == []


def test_another_link_is_tried_once_the_last_has_paid() -> None:
    pairs = [short(0), short(1)]
    library: list[Skill] = []
    for count in range(1, MAX_LINKS + 1):
        (skill,) = leads(pairs, *library)
        assert [LINK[3:-1] in line for line in skill.body.splitlines()] == [False, *[True] * count, False]
        assert len(steps(skill.body)) == count + 2
        assert leads(pairs, *library, skill) == [], "it is not judged yet"
        assert [s.body for s in leads(pairs, *library, judged(skill, -0.1))] == [skill.body], "it did not pay"
        library.append(judged(skill, 0.0))
    assert leads(pairs, *library) == []


def test_a_figure_from_outside_that_is_none_counts_as_not_judged() -> None:
    (skill,) = leads([short(0), short(1)])
    assert leads([short(0), short(1)], replace(skill, metadata={"g": "high"})) == []


def test_skills_without_links_do_not_matter() -> None:
    plain = Skill(
        "plain", "For questions.", "1. Do `search: {the task}`.\n2. Answer with `accept: {name in the task}`."
    )
    assert [s.body for s in leads([short(0), short(1)], plain)] == [FURTHER]


def test_the_lead_comes_second_and_everything_else_is_the_authors() -> None:
    pairs = [short(n) for n in range(4)]
    within, author = TemplateAuthor(), WithLeads(TemplateAuthor())
    first, *rest = within.create(pairs, SkillLibrary(), 5)
    drafts = author.create(pairs, SkillLibrary(), 5)
    assert [draft.skill for draft in (drafts[0], *drafts[2:])] == [first.skill, *(draft.skill for draft in rest)]
    assert drafts[1].skill.body == FURTHER and drafts[1].pairs == tuple(pairs)
    assert len({draft.skill.name for draft in drafts}) == len(drafts)
    assert author.create(pairs, SkillLibrary(), 1) == [first] and author.create(pairs, SkillLibrary(), 0) == []
    assert author.refine(first.skill, pairs) == within.refine(first.skill, pairs)
    assert author.name == "template" and author.usage == within.usage


class Reader:
    """The uniform policy; where a skill is offered it reads that first, and no other."""

    version = "reader"

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        return [self._decide(context, rng) for context, rng in zip(contexts, rngs, strict=True)]

    def _decide(self, context: Context, rng: np.random.Generator) -> Decision:
        reads = bool(context.catalogue) and not context.step
        fitting = [n for n, a in enumerate(context.proposals) if (a.kind is ActionKind.SKILL) is reads]
        n = fitting[int(rng.integers(len(fitting)))]
        return Decision(context.proposals[n], 0.0, 0.0, n)


@pytest.mark.parametrize("name", ["HotpotQA", "MuSiQue"])
def test_with_a_lead_chance_solves_chains_that_it_hardly_ever_solves_without(name: str) -> None:
    """On mini questions of which many need two look-ups; the lead is written from what real episodes offered."""
    ids = [task.id for task in taskset(name, "train")[:100]]

    def rollouts(library: SkillLibrary) -> list[Trajectory]:
        collector = Collector(partial(make, name), library=library)
        jobs = [Job(f"{id}/{k}", id, id, (1, k)) for id in ids for k in range(6)]
        found = collector.collect(Reader(), jobs).trajectories
        collector.close()
        return found

    without = rollouts(SkillLibrary())
    long = [t for t in without if len(t) > 2]
    (skill,) = leads([Pair(t, t, (0,)) for t in long[:30]])
    with_it = rollouts(SkillLibrary([skill]))
    assert np.mean([t.success for t in with_it]) > 3 * np.mean([t.success for t in without])
