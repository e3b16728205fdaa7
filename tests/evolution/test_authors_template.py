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

import pytest

from skillflow_gym import Action, ActionKind, Skill, SkillLibrary, Trajectory, Turn
from skillflow_gym.evolution.authors import Author, Pair, Vocabulary
from skillflow_gym.evolution.authors.cases import Case
from skillflow_gym.evolution.authors.template import MAX_DESCRIPTION, TemplateAuthor
from skillflow_gym.policy import UniformPolicy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.skills.audit import Protected, audit
from skillflow_gym.skills.following import steps, steps_for
from skillflow_gym.text import fold, raw_words, sentences, words
from skillflow_gym.tools.search import read_passages
from tests.contract.harness import QA, core, make, taskset
from tests.contract.pathsearch import successes
from tests.evolution.pairs import PEOPLE, bigger, born, chosen, hop

YEAR = "`accept: {number in the passage asked for}`"


def test_a_planted_contrast_is_found() -> None:
    pairs = [born(i) for i in range(4)] + [bigger(i) for i in range(1, 4)]
    writer: Author = TemplateAuthor()
    first, second = writer.create(pairs, SkillLibrary(), 5)
    assert first.pairs == tuple(pairs[:4]) and second.pairs == tuple(pairs[4:])
    assert first.skill.body.splitlines() == [
        "1. Do `search: {name in the task}`.",
        "2. Take the first line that fits the task.",
        f'- If the task says "born", "painter" or "year", answer with {YEAR} near "christened".',
        f"- Otherwise, answer with {YEAR}.",
    ]
    assert first.skill.description == "For tasks that say born, painter or year: search, then accept."
    assert first.skill.name == "born-painter-year-search-accept"
    assert second.skill.body.splitlines() == [
        "1. Do `lookup: {name in the task}`.",
        "2. Answer with `accept: {name in the task}`.",
    ]
    assert second.skill.description == "For tasks of many kinds: lookup, then accept."
    assert writer.usage == {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0} and writer.name == "template"
    assert writer.create(pairs, SkillLibrary(), 1) == [first]
    assert writer.create(pairs, SkillLibrary(), 0) == writer.create([], SkillLibrary(), 5) == []


def test_the_same_steps_differ_by_where_the_answer_stands() -> None:
    (draft,) = TemplateAuthor().create([born(i, right=True) for i in range(4)], SkillLibrary(), 5)
    assert f'answer with {YEAR} near "christened".' in draft.skill.body


def test_where_the_answer_stands_near_a_word_of_the_task_no_word_is_written() -> None:
    pairs = []
    for i in range(4):
        pair = born(i)
        search, accept = pair.success.turns
        search = replace(search, observation=search.observation.replace("christened", "born"))
        pairs.append(replace(pair, success=replace(pair.success, turns=(search, accept))))
    (draft,) = TemplateAuthor().create(pairs, SkillLibrary(), 5)
    assert draft.skill.body == f"1. Do `search: {{name in the task}}`.\n2. Answer with {YEAR} near a word of the task."
    assert draft.skill.description == "For tasks of many kinds: search, then accept."


def test_every_way_that_a_step_was_done_is_told() -> None:
    """Some successes search the name and others the whole task, the source of both; the commoner comes first."""
    pairs = [born(i, right=True) for i in range(5)]
    for i in (0, 1):
        search = replace(pairs[i].success.turns[0], action=Action.act(f"search: {pairs[i].success.task}"))
        turns = (search, pairs[i].success.turns[1])
        pairs[i] = replace(pairs[i], success=replace(pairs[i].success, turns=turns))
    (draft,) = TemplateAuthor().create(pairs, SkillLibrary(), 5)
    assert draft.skill.body.startswith("1. Do `search: {name in the task}` or `search: {the task}`.\n")
    assert draft.pairs == tuple(pairs)


def test_two_steps_that_choose_have_a_list_each() -> None:
    pairs = [hop(i) for i in range(4)]
    (draft,) = TemplateAuthor().create(pairs, SkillLibrary(), 5)
    said = '- If the task says "home", "live", "many", "people" or "town",'
    assert draft.skill.body.splitlines() == [
        "1. Do `search: {name in the task}`.",
        "2. Take the first line that fits the task.",
        f'{said} do `search: {{name in the passage asked for}}` near "born".',
        "- Otherwise, do `search: {name in the passage asked for}`.",
        "3. Take the first line that fits the task.",
        f'{said} answer with {YEAR} near "inhabitants".',
        f"- Otherwise, answer with {YEAR}.",
    ]
    assert len(steps_for(draft.skill.body, pairs[0].success.task)) == 3


def test_too_little_support() -> None:
    pairs = [born(0), born(1), born(0), born(1)]
    assert TemplateAuthor().create(pairs, SkillLibrary(), 5) == []
    (draft,) = TemplateAuthor(min_support=2).create(pairs, SkillLibrary(), 5)
    told = f"1. Do `search: {{name in the task}}`.\n2. Answer with {YEAR}."
    assert draft.skill.body == told, "no word is in three tasks"


def test_what_failures_do_too_is_no_contrast() -> None:
    pairs = [replace(pair, failure=replace(pair.success, reward=0.0)) for pair in map(born, range(5))]
    assert TemplateAuthor().create(pairs, SkillLibrary(), 5) == []


def test_steps_that_failures_did_before_another_answer_are_no_contrast() -> None:
    """Both search the person and the town; what earned the success is the answer alone, and that is no trigger."""
    pairs = []
    for i in range(4):
        pair = hop(i)
        wrong = replace(pair.success.turns[2], action=Action.accept(f"{1100 + i}"), chosen=1)
        failure = replace(pair.failure, turns=(*pair.success.turns[:2], wrong))
        pairs.append(Pair(pair.success, failure, (0, 1)))
    assert TemplateAuthor().create(pairs, SkillLibrary(), 5) == []
    with_answer = [replace(pair, triggers=(0, 1, 2)) for pair in pairs]
    assert len(TemplateAuthor().create(with_answer, SkillLibrary(), 5)) == 1


def test_a_guess_is_no_skill() -> None:
    """Five texts of the passage, and nothing that tells which of them it is."""
    pairs = []
    for i in range(4):
        pair, years = born(i), [str(i + year) for year in (1700, 1600, 1500, 1400, 1300)]
        shown = f"{pair.success.turns[0].observation} It was {' or '.join(years)}."
        turns = (replace(pair.success.turns[0], observation=shown), chosen("", *map(Action.accept, years)))
        pairs.append(replace(pair, success=replace(pair.success, turns=turns)))
    assert TemplateAuthor().create(pairs, SkillLibrary(), 5) == []


def test_nothing_is_told_that_must_be_found_before() -> None:
    """The answer alone, from a passage that some earlier step must have found."""
    assert TemplateAuthor().create([replace(born(i), triggers=(1,)) for i in range(4)], SkillLibrary(), 5) == []


def test_reading_a_skill_is_no_step() -> None:
    with_skill = TemplateAuthor().create([born(i, skill="s") for i in range(3)], SkillLibrary(), 5)
    without = TemplateAuthor().create([born(i) for i in range(3)], SkillLibrary(), 5)
    assert with_skill and [d.skill for d in with_skill] == [d.skill for d in without]
    only = [replace(born(i, skill="s"), triggers=(0,)) for i in range(3)]
    assert TemplateAuthor().create(only, SkillLibrary(), 5) == []


def bridge(i: int) -> Pair:
    """As ``born``, in another kind of task: the answer is one of three, and stands beside another word."""
    pair, year = born(i), 1800 + i
    task = f"How old is the bridge that {PEOPLE[i]} designed?"
    search, accept = pair.success.turns
    shown = f"{search.observation.replace('christened in', 'hired in')} It closed in {year + 70}."
    years = chosen(accept.observation, *(Action.accept(f"{year + later}") for later in (0, 60, 70)))
    success = replace(pair.success, task=task, turns=(replace(search, observation=shown), years))
    return Pair(success, replace(pair.failure, task=task), pair.triggers)


def test_kinds_of_task_get_lines_of_their_own() -> None:
    """The same steps, in two kinds of task: each is told by its words, and by what stands around its answers."""
    pairs = [*map(born, range(4)), *map(bridge, range(4, 8)), *map(bigger, range(1, 4))]
    first, second = TemplateAuthor().create(pairs, SkillLibrary(), 9)
    assert first.pairs == tuple(pairs[:8]) and second.pairs == tuple(pairs[8:])
    assert first.skill.body.splitlines()[2:] == [
        f'- If the task says "bridge", "designed" or "old", answer with {YEAR} near "hired".',
        f'- If the task says "born", "painter" or "year", answer with {YEAR} near "christened".',
        f"- Otherwise, answer with {YEAR}.",
    ]
    kinds = "born, bridge, designed, old, painter or year"
    assert first.skill.description == f"For tasks that say {kinds}: search, then accept."


def test_known_names_and_known_skills() -> None:
    pairs = [born(i) for i in range(4)]
    (draft,) = TemplateAuthor().create(pairs, SkillLibrary(), 5)
    assert TemplateAuthor().create(pairs, SkillLibrary([draft.skill]), 5) == [], "it is there already"
    taken = SkillLibrary([Skill(draft.skill.name, "Something else", "Else.")])
    (other,) = TemplateAuthor().create(pairs, taken, 5)
    assert other.skill.name == f"{draft.skill.name}-2" and other.skill.body == draft.skill.body


def test_a_known_skill_leaves_the_tasks_that_it_says_nothing_of() -> None:
    (known,) = TemplateAuthor().create([born(i) for i in range(4)], SkillLibrary(), 5)
    pairs = [*map(born, range(4)), *map(bridge, range(4, 8))]
    (draft,) = TemplateAuthor().create(pairs, SkillLibrary([known.skill]), 5)
    assert draft.pairs == tuple(pairs[4:]) and "bridge" in draft.skill.body and "painter" not in draft.skill.body


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


def test_a_skill_is_refined_from_all_tasks_of_its_steps() -> None:
    """It knows one kind of task, whoever read it; what is known of another kind is added."""
    (known,) = TemplateAuthor().create([born(i) for i in range(4)], SkillLibrary(), 5)
    pairs = [*map(born, range(4)), *map(bridge, range(4, 8))]
    draft = TemplateAuthor().refine(known.skill, pairs)
    assert draft is not None and draft.pairs == tuple(pairs)
    assert {line for line in known.skill.body.splitlines()} < {line for line in draft.skill.body.splitlines()}
    assert TemplateAuthor().refine(draft.skill, pairs[:4]) is None, "what is known no more is not a reason to say less"


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


def test_a_word_that_also_opens_a_sentence_or_stands_in_a_title_may_be_kept() -> None:
    text = "[1] The Museum\nVisitors love it. All visitors see the museum. Its Annex is closed."
    pairs = [lettered(i, "When was it built?", text) for i in range(3)]
    known = Vocabulary(pairs)
    assert known.allows("museum") and known.allows("visitors")
    assert not known.allows("annex"), "always written as a name"


def test_where_nothing_has_a_capital_letter_names_have_none_either() -> None:
    """Some benchmarks ask in lower case, and queries are made of folded words."""
    text = "[1] Turin\nTurin has a museum. A painter was born in Turin."
    pairs = [lettered(i, "which painter was born in turin", text) for i in range(4)]
    known = Vocabulary(pairs)
    assert known.allows("painter") and known.allows("museum") and not known.allows("turin")


def lettered(i: int, task: str, text: str) -> Pair:
    turns = (Turn(Action.act("search: painters of turin"), text), Turn(Action.accept(f"{i}"), ""))
    success = Trajectory("t", task, turns, task_id=f"l{i}", reward=1.0, success=True)
    return Pair(success, replace(success, reward=0.0, success=False), (0, 1))


@pytest.mark.parametrize("triggers", [(), (2,), (1, 0), (0, 0), (-1,)])
def test_pairs_are_checked(triggers: tuple[int, ...]) -> None:
    pair = born(0)
    with pytest.raises(ValueError, match="triggers"):
        Pair(pair.success, pair.failure, triggers)
    with pytest.raises(ValueError, match="one task"):
        Pair(pair.success, born(1).failure, (0,))


@cache
def real_pairs(name: str) -> tuple[Pair, ...]:
    """Real rollouts of mini tasks: successes by proposals that a search finds, failures of the uniform policy."""
    tasks, env = taskset(name, "train")[:80], core(make(name))
    found = {task.id: trajectory for task in tasks if (trajectory := next(successes(env, task.id), None))}
    collector = Collector(lambda: make(name))
    jobs = [Job(f"{i}", task.id, task.id, (3, i)) for i, task in enumerate(tasks)]
    tried = collector.collect(UniformPolicy(), jobs).trajectories
    collector.close()
    pairs = [(found[bad.task_id], bad) for bad in tried if bad.task_id in found and not bad.success]
    return tuple(Pair(good, bad, tuple(range(len(good)))) for good, bad in pairs)


@pytest.mark.parametrize("name", QA)
def test_skills_from_real_rollouts(name: str, tmp_path: Path) -> None:
    pairs = real_pairs(name)
    drafts = TemplateAuthor().create(pairs, SkillLibrary(), 10)
    assert drafts and TemplateAuthor().create(pairs, SkillLibrary(), 10) == drafts
    assert any(step.says for draft in drafts for step in steps(draft.skill.body)), "some tell kinds of task apart"
    covered = set[str]()
    for draft in drafts:
        tasks = {pair.task for pair in draft.pairs}
        assert len(tasks) >= 3 and not tasks & covered, "each is for tasks that no other speaks for"
        covered |= tasks
        gained = 0.0
        for case in map(Case.of, draft.pairs):
            todo = steps_for(draft.skill.body, case.pair.success.task)
            assert len(todo) == len(case.moments), "every step is told, and no other"
            for moment, step in zip(case.moments, todo, strict=True):
                gained += moment.chance(step) - moment.chance(None)
            assert case.speaks_for(todo)
        assert gained > 0, "who follows it is surer of what the successes chose"
    skills = SkillLibrary(draft.skill for draft in drafts)
    assert len({(skill.description, skill.body) for skill in skills.values()}) == len(skills) == len(drafts)
    protected = Protected.of([taskset(name, "train")])
    for skill in skills.values():
        assert Skill.load(skill.save(tmp_path)) == skill
        assert len(skill.description) <= MAX_DESCRIPTION and "\n" not in skill.description
        told = re.compile(r"\d\. [A-Z]|- If the task says |- Otherwise, ")
        assert all(map(told.match, skill.body.splitlines()))
        assert audit(skill, protected) == ()
    assert not leaks(pairs, skills)


def leaks(pairs: Sequence[Pair], skills: SkillLibrary) -> list[str]:
    """Names and numbers of the tasks that stand in a skill.

    A name is what some text writes with a capital letter inside a sentence or in a title, and no passage without one.
    """
    names, plain = set[str](), set[str]()
    for pair in pairs:
        for shown in [turn.observation for t in (pair.success, pair.failure) for turn in t.turns]:
            for passage in read_passages(shown):
                names.update(fold(word) for word in raw_words(passage.title) if word[0].isupper())
                for sentence in sentences(passage.text):
                    written = raw_words(sentence)
                    names.update(fold(word) for word in written[1:] if word[0].isupper())
                    plain.update(fold(word) for word in written if word.islower())
        names.update(fold(word) for word in raw_words(pair.success.task)[1:] if word[0].isupper())
    slots = re.compile(r"\{[^}]*\}|^\d+\.", re.MULTILINE)
    numbered = re.compile(r"-\d+$")  # of one name the second skill
    said = {
        word
        for s in skills.values()
        for word in words(slots.sub(" ", f"{numbered.sub('', s.name)}\n{s.description}\n{s.body}"))
    }
    return sorted(word for word in said if word in names - plain or any(c.isdigit() for c in word))


@pytest.mark.parametrize("name", QA)
def test_the_leak_check_sees_leaks(name: str) -> None:
    pairs = real_pairs(name)
    title = raw_words(read_passages(pairs[0].success.turns[0].observation)[0].title)[-1]
    for text in (title, title.lower(), "1815"):
        assert leaks(pairs, SkillLibrary([Skill("say", "Say.", f"1. Say {text}.")])) == [fold(text)]
    assert leaks(pairs, SkillLibrary([Skill("say", "Say.", "1. Do `search: {name in the task}`.")])) == []


def test_hash_seeds_do_not_matter() -> None:
    program = (
        "from tests.evolution.test_authors_template import *\n"
        "pairs = [*map(born, range(4)), *map(bridge, range(4, 8)), *map(bigger, range(1, 5)), *map(hop, range(5))]\n"
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


def commands(i: int, *, failing: Sequence[str] = ("look", "look")) -> Pair:
    """A success that brings a thing to the table, among listed commands."""
    thing, place = ["apple", "mug", "pan", "key"][i], ["drawer", "shelf", "box", "sofa"][i]
    admissible = ("look", f"take {thing} 1 from {place} 2")
    task = f"bring the {thing} to the table"
    room = f"You see a {place} 2 with a {thing} 1."

    def played(*acts: str, reward: float) -> Trajectory:
        turns = tuple(Turn(Action.act(act), room, admissible=admissible) for act in acts)
        return Trajectory("t", task, turns, "", room, admissible, task_id=f"c{i}", reward=reward, success=reward > 0)

    good = played(f"take {thing} 1 from {place} 2", "go to table 1", reward=1.0)
    return Pair(good, played(*failing, reward=0.0), (0, 1))


def test_a_closed_set_of_commands() -> None:
    (draft,) = TemplateAuthor().create([commands(i) for i in range(4)], SkillLibrary(), 5)
    assert draft.skill.body.splitlines() == [
        "1. Do `take {thing in the task} from {thing in what was found}`.",
        "2. Do `go to {thing in the task}`.",
    ]
    assert all(turn.action.kind is ActionKind.ACT for turn in draft.pairs[0].success.turns)


def test_commands_are_written_as_they_are_typed() -> None:
    """A pattern that begins with capital letters is found again among the candidates."""
    pairs = []
    for i in range(4):
        pair = commands(i)
        acts = [Action.act("Press[green button]"), Action.act("Press[red button]")]
        turns = tuple(replace(turn, action=act) for turn, act in zip(pair.success.turns, acts, strict=True))
        rooms = [replace(turn, observation="A green button and a red button: press.") for turn in turns]
        pairs.append(replace(pair, success=replace(pair.success, turns=tuple(rooms))))
    (draft,) = TemplateAuthor().create(pairs, SkillLibrary(), 5)
    told = [step.patterns for step in steps(draft.skill.body)]
    assert told == [("Press[green button]",), ("Press[red button]",)]
