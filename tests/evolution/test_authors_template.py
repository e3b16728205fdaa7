"""TemplateAuthor: planted contrasts are found, noise is not, and no text of a task survives in a skill."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from skillflow_gym import Action, ActionKind, Context, Skill, SkillLibrary, Trajectory, Turn
from skillflow_gym.evolution.authors import Author, Pair, Vocabulary
from skillflow_gym.evolution.authors.template import TemplateAuthor
from skillflow_gym.policy import Decision, UniformPolicy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.skills.following import steps
from skillflow_gym.text import STOP_WORDS, fold, words
from tests.contract.harness import QA, core, make, taskset

PEOPLE = "Ada Lovelace,Tvelmund Orsk,Mira Qalat,Jon Remen,Oda Namor,Pia Vesk,Ole Drum,Una Falk".split(",")
TOWNS = "Turin,Miwalu,Fehin,Sorvik,Andal,Brest,Calix,Dovre".split(",")


def rollout(task: str, task_id: str, *steps: tuple[Action, str], reward: float = 0.0) -> Trajectory:
    turns = tuple(Turn(action, shown) for action, shown in steps)
    return Trajectory("t", task, turns, task_id=task_id, reward=reward, success=reward > 0)


def born(i: int, *, skill: str = "", failing_skill: str = "", right: bool = False) -> Pair:
    """The success searches the name and answers with the year of birth; the failure searches the whole task.

    With ``right`` the failure does the same steps, and answers with another year.
    """
    who, where, year = PEOPLE[i], TOWNS[i], 1800 + i
    task = f"In which year was the painter {who} born?"
    found = f"[1] {who}\n{who} was born in {year} near {where}. The museum opened to visitors after {year + 60} there."
    read = [(Action.skill(skill), found)] if skill else []
    failing = [(Action.skill(failing_skill), found)] if failing_skill else []
    search = (Action.act(f"search: {who}"), found)
    other = search if right else (Action.act(f"search: {task}"), found)
    good = rollout(task, f"b{i}", *read, search, (Action.accept(f"{year}"), ""), reward=1.0)
    bad = rollout(task, f"b{i}", *failing, other, (Action.accept(f"{year + 60}"), ""))
    return Pair(good, bad, tuple(range(len(good))))


def bigger(i: int) -> Pair:
    """The success searches both towns; the failure answers after the first."""
    one, two = TOWNS[i], TOWNS[i - 1]
    task = f"Which town is larger, {one} or {two}?"
    first = (Action.act(f"search: {one}"), f"[1] {one}\n{one} has {100 + i} inhabitants.")
    second = (Action.act(f"lookup: {two}"), f"[1] {two}\n{two} has {200 + i} inhabitants.")
    good = rollout(task, f"s{i}", first, second, (Action.accept(two), ""), reward=1.0)
    bad = rollout(task, f"s{i}", first, (Action.accept(one), ""))
    return Pair(good, bad, (1, 2))


def test_a_planted_contrast_is_found() -> None:
    pairs = [born(i) for i in range(4)] + [bigger(i) for i in range(1, 4)]
    writer: Author = TemplateAuthor()
    first, second = writer.create(pairs, SkillLibrary(), 5)
    assert first.pairs == tuple(pairs[:4]) and second.pairs == tuple(pairs[4:])
    assert first.skill.body == (
        "1. Do `search: {name in the task}`.\n"
        '2. Answer with `accept: {number in what was found}` near "born".\n'
        "Do not search: {the task} in place of step 1."
    )
    assert first.skill.description.startswith("For tasks that say born, painter or year: search name in the task, then")
    assert first.skill.name == "born-painter-year-search-accept-number"
    assert second.skill.body.splitlines() == [
        "1. Do `lookup: {name in the task}`.",
        "2. Answer with `accept: {name in the task}`.",
        "Do not accept: {name in the task} in place of step 1.",
    ]
    assert second.skill.description.startswith("For tasks that say larger or town: ")
    assert writer.usage == {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0} and writer.name == "template"
    assert writer.create(pairs, SkillLibrary(), 1) == [first]
    assert writer.create(pairs, SkillLibrary(), 0) == writer.create([], SkillLibrary(), 5) == []


def test_the_same_steps_differ_by_where_the_answer_stands() -> None:
    (draft,) = TemplateAuthor().create([born(i, right=True) for i in range(4)], SkillLibrary(), 5)
    assert 'near "born"' in draft.skill.body
    assert draft.skill.body.endswith("Do not answer with text that stands elsewhere.")


def test_too_little_support() -> None:
    pairs = [born(0), born(1), born(0), born(1)]
    assert TemplateAuthor().create(pairs, SkillLibrary(), 5) == []
    assert len(TemplateAuthor(min_support=2).create(pairs, SkillLibrary(), 5)) == 1


def test_what_failures_do_too_is_no_contrast() -> None:
    pairs = [replace(pair, failure=replace(pair.success, reward=0.0)) for pair in map(born, range(5))]
    assert TemplateAuthor().create(pairs, SkillLibrary(), 5) == []


def test_reading_a_skill_is_no_step() -> None:
    with_skill = TemplateAuthor().create([born(i, skill="s") for i in range(3)], SkillLibrary(), 5)
    without = TemplateAuthor().create([born(i) for i in range(3)], SkillLibrary(), 5)
    assert [d.skill for d in with_skill] == [d.skill for d in without]
    only = [replace(born(i, skill="s"), triggers=(0,)) for i in range(3)]
    assert TemplateAuthor().create(only, SkillLibrary(), 5) == []


def test_kinds_of_task_get_skills_of_their_own() -> None:
    """The same steps, in two kinds of task: each is told by its words, and by what stands around its answers."""
    pairs = [born(i) for i in range(8)] + [bigger(i) for i in range(1, 4)]
    for i in range(4, 8):
        old = pairs[i]
        task = f"How old is the bridge that {PEOPLE[i]} designed?"
        turns = [replace(t, observation=t.observation.replace("born in", "hired in")) for t in old.success.turns]
        success = replace(old.success, task=task, turns=tuple(turns))
        pairs[i] = Pair(success, replace(old.failure, task=task), old.triggers)
    one, two, _ = sorted(
        draft.skill.description + draft.skill.body for draft in TemplateAuthor().create(pairs, SkillLibrary(), 9)
    )
    assert "say born, painter or year" in one and 'near "born"' in one
    assert "say bridge, designed or old" in two and 'near "hired"' in two


def test_known_names_and_known_skills() -> None:
    pairs = [born(i) for i in range(4)]
    (draft,) = TemplateAuthor().create(pairs, SkillLibrary(), 5)
    assert TemplateAuthor().create(pairs, SkillLibrary([draft.skill]), 5) == [], "it is there already"
    taken = SkillLibrary([Skill(draft.skill.name, "Something else", "Else.")])
    (other,) = TemplateAuthor().create(pairs, taken, 5)
    assert other.skill.name == f"{draft.skill.name}-2" and other.skill.body == draft.skill.body


def test_refine() -> None:
    skill = Skill("year-of-birth", "For all tasks.", "1. Do `search: {the task}`.", {"visits": "7"})
    pairs = [born(i, skill="year-of-birth") for i in range(3)] + [bigger(i) for i in range(1, 5)]
    draft = TemplateAuthor().refine(skill, pairs)
    assert draft is not None and draft.pairs == tuple(pairs[:3])
    assert draft.skill.name == "year-of-birth" and draft.skill.metadata == {"visits": "7"}
    assert "painter" in draft.skill.description and "1. Do `search: {name in the task}`" in draft.skill.body
    assert TemplateAuthor().refine(draft.skill, pairs) is None, "nothing better to say"
    assert TemplateAuthor().refine(skill, pairs[3:]) is None, "nobody read it"
    misled = [born(i, failing_skill="year-of-birth") for i in range(3)]
    corrected = TemplateAuthor().refine(skill, misled)
    assert corrected is not None and corrected.skill.body.startswith("1. Do `search: {name in the task}`")


def test_words_that_may_be_kept() -> None:
    pairs = [born(i) for i in range(4)] + [bigger(1)]
    known = Vocabulary(pairs)
    assert all(map(known.allows, ["painter", "born", "museum", "visitors"]))
    for word in ["ada", "lovelace", "turin", "1800", "larger", "was", "near", "unsaid"]:
        assert not known.allows(word), word
    assert known.clean("search: {name in the task}") and known.clean("accept: {nothing}")
    assert (
        not known.clean("search: lovelace {words}") and not known.clean("accept: 1800") and not known.clean("dance: x")
    )


@pytest.mark.parametrize("triggers", [(), (2,), (1, 0), (0, 0), (-1,)])
def test_pairs_are_checked(triggers: tuple[int, ...]) -> None:
    pair = born(0)
    with pytest.raises(ValueError, match="triggers"):
        Pair(pair.success, pair.failure, triggers)
    with pytest.raises(ValueError, match="one task"):
        Pair(pair.success, born(1).failure, (0,))


class Scripted:
    """Takes the given actions of each task, as a policy that has learned them would: log I is 2 at every turn."""

    version = "scripted"

    def __init__(self, scripts: dict[str, Sequence[Action]]) -> None:
        self.scripts = scripts

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        return [Decision(self.scripts[context.task][context.step], -1.0, -3.0) for context in contexts]


@cache
def real_pairs(name: str) -> tuple[Pair, ...]:
    """Real rollouts of mini tasks: successes by gold actions, failures of the uniform policy."""
    tasks, env = taskset(name, "train")[:60], make(name)
    scripts: dict[str, Sequence[Action]] = {}
    for task in tasks:
        env.reset(options={"task_id": task.id})
        scripts[task.prompt] = core(env).gold_actions(task)
    collector = Collector(lambda: make(name))
    jobs = [Job(f"{i}", task.id, task.id, (3, i)) for i, task in enumerate(tasks)]
    successes = collector.collect(Scripted(scripts), jobs).trajectories
    failures = collector.collect(UniformPolicy(), jobs).trajectories
    collector.close()
    assert all(trajectory.success for trajectory in successes)
    return tuple(
        Pair(good, bad, tuple(range(len(good))))
        for good, bad in zip(successes, failures, strict=True)
        if not bad.success
    )


@pytest.mark.parametrize("name", QA)
def test_skills_from_real_rollouts(name: str, tmp_path: Path) -> None:
    pairs = real_pairs(name)
    drafts = TemplateAuthor().create(pairs, SkillLibrary(), 10)
    assert drafts and TemplateAuthor().create(pairs, SkillLibrary(), 10) == drafts
    covered: dict[bool, set[str]] = {False: set(), True: set()}
    gains = []
    for draft in drafts:
        told = steps(draft.skill.body)
        hinted = any(step.near for step in told)
        tasks = {pair.task for pair in draft.pairs}
        assert len(tasks - covered[hinted]) >= 3
        gains.append(len(tasks - covered[hinted]) * (len(told) + 2 * hinted))
        for kind in {False, hinted}:
            covered[kind] |= tasks
    assert gains == sorted(gains, reverse=True), "the one that tells most for most tasks comes first"
    skills = SkillLibrary(draft.skill for draft in drafts)
    assert len({(skill.description, skill.body) for skill in skills.values()}) == len(skills)
    for skill in skills.values():
        assert Skill.load(skill.save(tmp_path)) == skill
        assert len(skill.description) <= 200 and len(skill.body.split()) <= 120 and "\n" not in skill.description
        assert all(re.match(r"\d+\. .*`[^`]+`", line) for line in skill.body.splitlines()[:-1])
        assert skill.body.splitlines()[-1].startswith("Do not ")
    assert not leaks(name, pairs, skills)


def leaks(name: str, pairs: Sequence[Pair], skills: SkillLibrary) -> list[str]:
    """Texts of the tasks that stand in a skill: golds, accepted answers, and names and numbers of the prompts."""
    texts = {answer for task in taskset(name, "train") for answer in taskset(name, "train").gold(task.id).answers}
    texts |= {pair.success.turns[-1].action.argument for pair in pairs}
    for pair in pairs:
        for first, word in re.findall(r"(^|\s)[\"“(]?([^\W\d_]\w+|\d[\d,.]*)", pair.success.task):
            if word[0].isdigit() or (word[0].isupper() and first):
                texts.add(word)
    slots = re.compile(r"\{[^}]*\}|^\d+\.", re.MULTILINE)
    said = [f" {' '.join(words(slots.sub(' ', f'{s.name} {s.description} {s.body}')))} " for s in skills.values()]
    ignored = STOP_WORDS | {"yes", "no"}
    wanted = {fold(" ".join(words(text))) for text in texts} - ignored
    return [text for text in sorted(wanted) if text and any(f" {text} " in each for each in said)]


def test_the_leak_check_sees_leaks() -> None:
    pairs = real_pairs(QA[0])
    answer = pairs[0].success.turns[-1].action.argument
    assert leaks(QA[0], pairs, SkillLibrary([Skill("s", "d", f"1. Say {answer}.")]))


def test_hash_seeds_do_not_matter() -> None:
    program = (
        "from tests.evolution.test_authors_template import *\n"
        "pairs = [born(i) for i in range(5)] + [bigger(i) for i in range(1, 5)]\n"
        "print([d.skill for d in TemplateAuthor().create(pairs, SkillLibrary(), 9)])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            cwd=Path(__file__).parents[2],
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1 and b"painter" in said.pop()


def test_a_closed_set_of_commands() -> None:
    def pair(i: int) -> Pair:
        thing, place = ["apple", "mug", "pan", "key"][i], ["drawer", "shelf", "box", "sofa"][i]
        admissible = ("look", f"take {thing} 1 from {place} 2")
        task = f"bring the {thing} to the table"
        room = f"You see a {place} 2 with a {thing} 1."

        def played(*commands: str, reward: float) -> Trajectory:
            turns = tuple(Turn(Action.act(command), room, admissible=admissible) for command in commands)
            return Trajectory(
                "t", task, turns, "", room, admissible, task_id=f"c{i}", reward=reward, success=reward > 0
            )

        good = played(f"take {thing} 1 from {place} 2", "go to table 1", reward=1.0)
        return Pair(good, played("look", "look", reward=0.0), (0, 1))

    (draft,) = TemplateAuthor().create([pair(i) for i in range(4)], SkillLibrary(), 5)
    first, second, last = draft.skill.body.splitlines()
    assert first == "1. Do `take {thing in the task} from {thing in what was found}`."
    assert second == "2. Do `go to {thing in the task}`." and last == "Do not look in place of step 1."
    assert all(turn.action.kind is ActionKind.ACT for turn in draft.pairs[0].success.turns)
