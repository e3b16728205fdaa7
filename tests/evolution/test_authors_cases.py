"""A pair in patterns, by hand: what was chosen at the triggers, what else could have been, and how likely it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skillflow_gym import Action
from skillflow_gym.evolution.authors.cases import Case, Choice, Moment, _source
from skillflow_gym.skills.following import Step
from skillflow_gym.text import stem
from tests.evolution.pairs import asked, bigger, born, rollout

NAME, TASK = "search: {name in the task}", "search: {the task}"
YEAR = "accept: {number in the passage asked for}"


def choice(pattern: str, *near: str, asked: bool = False) -> Choice:
    return Choice(pattern, frozenset(near), frozenset(map(stem, near)), asked)


def step(*patterns: str, near: str = "", asks: bool = False) -> Step:
    return Step(patterns, frozenset(map(stem, near.split())), asks=asks)


def test_a_pair_by_hand() -> None:
    """Ada Lovelace was christened in 1800 near Turin. The museum opened to visitors after 1860 there."""
    case = Case.of(born(0))
    wrong = choice(YEAR, "opened", "visitors", "after")
    assert case.moments == (
        Moment(choice(NAME), (choice(TASK),), "search: in the task"),
        Moment(choice(YEAR, "lovelace", "christened", "near", "turin"), (wrong,), "accept: in the passage asked for"),
    )
    assert case.shape == ("search: in the task", "accept: in the passage asked for") and case.task == "b0"
    assert case.says == {"year", "painter", "ada", "lovelace", "born"} and case.stems == set(map(stem, case.says))
    assert case.answer == wrong and case.others == (TASK, YEAR)


def test_rivals_are_the_other_candidates_of_the_kind() -> None:
    pair = asked(0, "When was {} born?", "{} was born in 1800 and left in 1820 or 1830.", "1800", "1820", "1830")
    turn = pair.success.turns[1]
    more = replace(turn, candidates=(Action.skill("s"), *turn.candidates, Action.act("search: Qala")), chosen=1)
    case = Case.of(replace(pair, success=replace(pair.success, turns=(pair.success.turns[0], more))))
    assert [len(moment.rivals) for moment in case.moments] == [1, 2]
    assert case.moments[1].rivals == (
        choice(YEAR, "1800", "left", "1830"),
        choice(YEAR, "left", "1820"),
    )


def test_a_failure_may_give_no_answer() -> None:
    pair = born(0)
    going_on = replace(pair.failure, turns=pair.failure.turns[:1])
    assert Case.of(replace(pair, failure=going_on)).answer is None


def test_of_neighbours_from_one_source_the_last_counts() -> None:
    """Two searches with texts of the task, then an answer, then a text of the task as one more answer."""
    found = "[1] Turin\nTurin has 7 bridges."
    steps = [(Action.act(f"search: {text}"), found) for text in ("Turin", "bridges of Turin")]
    success = rollout("Which bridges of Turin?", "q", *steps, (Action.accept("7"), ""), reward=1.0)
    pair = replace(bigger(1), success=success, failure=replace(success, reward=0.0), triggers=(0, 1, 2))
    case = Case.of(pair)
    assert case.shape == ("search: in the task", "accept: in the passage asked for")
    assert case.moments[0].chosen.pattern == "search: {words in the task}"
    between = replace(success, turns=(success.turns[0], replace(success.turns[1], action=Action.act("look"))))
    apart = replace(between, turns=(*between.turns, success.turns[0], success.turns[2]))
    assert Case.of(replace(pair, success=apart, triggers=(0, 1, 2, 3))).shape == (
        "search: in the task",
        "look",
        "search: in the task",
        "accept: in the passage asked for",
    )


def test_readings_are_no_moments() -> None:
    assert Case.of(born(0, skill="s", failing_skill="s")).moments == Case.of(born(0)).moments
    assert Case.of(replace(born(0, skill="s"), triggers=(0,))).moments == ()


@pytest.mark.parametrize(
    ("pattern", "source", "shown"),
    [
        ("search: {name in the task}", "search: in the task", False),
        ("search: {the task}", "search: in the task", False),
        ("search: {name in the task} birth place", "search: in the task", False),
        ("search: {name in the task} {title just shown}", "search: in the task and just shown", True),
        ("lookup: {title shown before}", "lookup: shown before", True),
        ("accept: {date in what was found}", "accept: in what was found", True),
        ("accept: {words in the passage asked for}", "accept: in the passage asked for", True),
        ("accept: {yes or no}", "accept: yes or no", False),
        ("accept: {nothing}", "accept: nothing", False),
        ("search: {name} {words in the task}", "search: in the task and name", False),
        ("search: birth place", "search: birth place", False),
        ("take {thing in the task} from {thing}", "take {thing in the task} from {thing}", False),
        ("open {thing in what was found}", "open {thing in what was found}", True),
        ("click[buy now]", "click[buy now]", False),
    ],
)
def test_where_a_text_comes_from(pattern: str, source: str, shown: bool) -> None:
    assert _source(pattern) == source
    assert Moment(choice(pattern), (), source).is_from_what_was_shown is shown


def test_chances_by_hand() -> None:
    """Four candidates, three of one pattern, two of which stand near the same word."""
    rivals = (choice("a", "born"), choice("a", "opened"), choice("b", "borne"))
    moment = Moment(choice("a", "born", "turin"), rivals, "a")
    assert moment.chance(None) == 1 / 4
    assert moment.chance(step("a")) == 1 / 3
    assert moment.chance(step("a", "b")) == 1 / 4
    assert moment.chance(step("a", near="born")) == 1 / 2
    assert moment.chance(step("a", near="turin")) == 1
    assert moment.chance(step("a", near="turin opened")) == 1 / 2
    assert moment.chance(step("a", near="opened")) == 0, "the choice is not among those that do it"
    assert moment.chance(step("b")) == moment.chance(step("c")) == 0
    assert Moment(choice("a"), (), "a").chance(None) == 1


def test_what_stands_near_a_plain_word_of_the_task() -> None:
    """It is looked up by stems; names do not count, nor what the task quotes, nor stop words."""
    text = "{} was bearing 1800 gifts. {} died in 1860. Orsk was there in 1870. Rivers of 1880."
    answers = ("1800", "1860", "1870", "1880")
    case = Case.of(asked(0, 'What bears "the river" of {}, which was Orsk?', text, *answers))
    _, moment = case.moments
    assert [moment.chosen.asked, *(rival.asked for rival in moment.rivals)] == [True, False, False, False]
    assert moment.chance(None) == 1 / 4 and moment.chance(step(YEAR, asks=True)) == 1
    assert moment.chance(step(YEAR, near="died", asks=True)) == 1 / 2, "near one or the other"
    assert moment.chance(step(NAME, asks=True)) == 0


def test_words_are_compared_by_their_stems() -> None:
    moment = Moment(choice("a", "published"), (choice("a", "sold"),), "a")
    assert moment.chance(step("a", near="publishing")) == 1


def test_a_success_speaks_for_steps_that_the_failure_did_not_do() -> None:
    case = Case.of(born(0))  # the failure searches the task, and answers with a number that is not near "christened"
    assert case.speaks_for([step(NAME), step(YEAR)]), "it did not search the name"
    assert not case.speaks_for([step(TASK), step(YEAR)]), "it did both"
    assert not case.speaks_for([step(NAME, TASK), step(YEAR)]), "in one of the ways"
    assert case.speaks_for([step(YEAR), step(TASK)]), "not in this order"
    assert case.speaks_for([step(TASK), step(YEAR, near="christened")]), "it answered with another text"
    assert not case.speaks_for([step(TASK), step(YEAR, near="visitors")])
    assert not case.speaks_for([step(TASK)]), "it did that, whatever it answered then"
