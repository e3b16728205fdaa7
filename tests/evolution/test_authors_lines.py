"""Decision lists on evidence whose counts are known: which words are told, in which order, and with which chance."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from skillflow_gym.evolution.authors import Pair, Vocabulary
from skillflow_gym.evolution.authors.cases import Case
from skillflow_gym.evolution.authors.lines import MAX_NEAR, Line, _merged, learn
from skillflow_gym.skills.following import Step
from tests.evolution.pairs import asked

YEAR = ("accept: {number in the passage asked for}",)
NAME = ("accept: {name in the passage asked for}",)
LIFE = "{} was born in 1800. {} died in 1860. The museum opened in 1870."
BORN, DIED, OPENED = "1800", "1860", "1870"
OWN = {4: "opera", 5: "waltz", 6: "march"}


def lines_of(pairs: Sequence[Pair], min_support: int = 3) -> list[Line]:
    """The lines for the second of the two steps."""
    return learn([Case.of(pair) for pair in pairs], 1, Vocabulary(pairs), min_support)


def births(*numbers: int, task: str = "In which year did the painter {} come?") -> list[Pair]:
    return [asked(n, task, LIFE, BORN, DIED, OPENED) for n in numbers]


def deaths(*numbers: int, task: str = "In which year did the painter {} leave?") -> list[Pair]:
    return [asked(n, task, LIFE, DIED, BORN, OPENED) for n in numbers]


def otherwise(chance: float, *patterns: str, asks: bool = False) -> Line:
    """The last line, for all other tasks."""
    return Line((), patterns or YEAR, (), asks, pytest.approx(chance))


def test_two_kinds_of_task_by_hand() -> None:
    """Painter and year are said in both kinds: a line for them would be right in one half, and adds nothing."""
    come, leave, last = lines_of([*births(0, 1, 2), *deaths(3, 4, 5)])
    assert come == Line(("come",), YEAR, ("born",), False, 1.0)
    assert leave == Line(("leave",), YEAR, ("died",), False, 1.0)
    assert last == otherwise(1 / 3), "one of three numbers"
    assert come.step == Step(YEAR, frozenset({"born"}), frozenset({"come"}))
    assert last.step == Step(YEAR, otherwise=True)


def test_where_the_task_names_the_word_one_line_is_enough() -> None:
    born, die = "When was {} born?", "When did {} die?"
    assert lines_of([*births(0, 1, 2, task=born), *deaths(3, 4, 5, task=die)]) == [otherwise(1.0, asks=True)]
    leave, last = lines_of([*births(0, 1, 2, 3, task=born), *deaths(4, 5, 6, task="When did {} leave?")])
    assert leave == Line(("leave",), YEAR, ("died",), False, 1.0), "the tasks that it misses"
    assert last == otherwise(4 / 7, asks=True)


def test_a_pattern_alone_may_tell_it() -> None:
    """The only number among names and words: no word is needed, and none is written."""
    text = "{} was born in 1800 near Turin by the river."
    numbers = [asked(n, "Tell when {} did come.", text, "1800", "Turin", "river") for n in range(4)]
    assert lines_of(numbers) == [otherwise(1.0)]
    names = [asked(n, "Tell the birthplace of {}.", text, "Turin", "1800", "river") for n in range(4, 8)]
    place, come, last = lines_of([*numbers, *names])
    assert place == Line(("birthplace",), NAME, (), False, 1.0) and come == Line(("come",), YEAR, (), False, 1.0)
    assert last == otherwise(1 / 2, *YEAR, *NAME)


def test_a_word_that_tells_the_same_is_added_to_the_line() -> None:
    """Painters are asked for their birth and singers for their death; one task says sculptor, and all say year."""
    others = births(2, task="In which year did the sculptor {} come?")
    pairs = [*births(0, 1, 6), *others, *deaths(3, 4, 5, task="In which year did the singer {} leave?")]
    come, leave, _ = lines_of(pairs)
    assert come.says == ("come", "painter") and leave.says == ("leave", "singer")


def test_of_words_with_one_stem_one_is_written() -> None:
    tasks = ["For the painter {}: when did it come?", "Of the painters: when did {} come?"]
    line, _ = lines_of([pair for n in range(6) for pair in births(n, task=tasks[n % 2])])
    assert line.says == ("come", "painter"), "they say painter or painters three times each"
    assert line.step.says == {"come", "painter"}


def test_the_surest_line_comes_first_and_its_chance_is_over_all_that_say_its_word() -> None:
    """Of the eight foundings one of two numbers near the word is right, of four; of the deaths the one of two."""
    twice = "{} was founded in 1800. {} was founded anew in 1805. The museum opened in 1870. A bridge fell in 1890."
    founded = [asked(n, "When did {} begin?", twice, "1800", "1805", "1870", "1890") for n in range(8)]
    leave = [asked(n, "When did {} leave?", LIFE, DIED, BORN) for n in range(8, 11)]
    first, second, last = lines_of([*founded, *leave])
    assert first == Line(("leave",), YEAR, ("died",), False, 1.0)
    assert second == Line(("begin",), YEAR, ("founded",), False, 0.5)
    assert last == otherwise((8 / 4 + 3 / 2) / 11)
    both = asked(11, "When did {} leave, the begin one?", LIFE, DIED, BORN)
    first, second, _ = lines_of([*founded, *leave, both])
    assert (first.says, first.chance) == (("leave",), 1.0)
    assert (second.says, second.chance) == (("begin",), pytest.approx((8 * 0.5 + 0) / 9)), "all nine tasks say it"


def test_lines_that_ask_for_the_same_are_one() -> None:
    """No task says both words, so each is learned on its own."""
    pairs = [*births(0, 1, 2, task="When did {} come?"), *births(3, 4, 5, task="Tell the arrival of {}.")]
    line, _ = lines_of(pairs)
    assert line == Line(("arrival", "come"), YEAR, ("born",), False, 1.0)


def test_merged_lines_stand_where_the_first_stood() -> None:
    a, b, c = (Line((word,), YEAR, (near,), chance=0.9) for word, near in ("ax", "by", "cx"))
    assert _merged([a, b, c]) == [Line(("a", "c"), YEAR, ("x",), chance=0.9), b]
    other = Line(("c",), ("accept: {date}",), ("x",))
    assert _merged([a, b, other]) == [a, b, other], "another pattern is another thing to do"


def test_what_stays_a_guess_is_told_for_all_tasks_or_not_at_all() -> None:
    """All candidates stand near the same word, which lifts none of them: one in four is told, one in five is not."""
    years = ("1800", "1810", "1820", "1830", "1840")
    for count in (2, 3, 4, 5):
        text = f"{{}} was born in {' or born in '.join(years[:count])}."
        lines = lines_of([asked(n, "When did {} come?", text, *years[:count]) for n in range(6)])
        assert lines == ([otherwise(1 / count)] if count < 5 else [])


def test_words_of_few_tasks_are_not_used() -> None:
    """Three tasks is the least that a word of a skill must stand in."""
    assert [line.says for line in lines_of(births(0, 1))] == [()]
    assert [line.says for line in lines_of(births(0, 1, 2))] == [("come", "painter", "year"), ()]
    few = lines_of(births(0, 1, 2), min_support=4)
    assert [line.says for line in few] == [()], "born stands near the answers of three tasks only"


def test_names_and_numbers_are_not_used() -> None:
    """All tasks are about one name, and one number stands near every answer."""
    text = "{} was seen in 1800 beside Orsk 77. {} died in 1860."
    pairs = [asked(n, "When did {} meet Orsk 77?", text, "1800", "1860", title="Qala Remen") for n in range(4)]
    line, _ = lines_of(pairs)
    assert line == Line(("meet",), YEAR, ("seen",), False, 1.0)


def test_free_words_of_an_answer_are_not_written() -> None:
    """Three answers hold a word of their own that nothing shows; they could be told by patterns with these words."""
    text = "{} was born in 1800 near Turin by the river."
    plain = [asked(n, "Tell when {} did come.", text, "1800", "Turin", "river") for n in range(4)]
    own = [asked(n, "Tell what {} did sing.", text, f"Turin {word}", "1800", "river") for n, word in OWN.items()]
    assert {Case.of(pair).moments[1].chosen.pattern for pair in own} == {f"{NAME[0]} {word}" for word in OWN.values()}
    assert [line.says for line in lines_of([*plain, *own])] == [()], "no line for what they sing"


def test_few_words_are_told_to_look_for() -> None:
    """Where two words tell the same one is written; of four that each tell a quarter, as many as may be."""
    text = "{} was born and raised and christened in 1800. {} died in 1860."
    line, _ = lines_of([asked(n, "When did {} come?", text, "1800", "1860") for n in range(4)])
    assert line == Line(("come",), YEAR, ("christened",), False, 1.0)
    ways = ["born", "raised", "christened", "baptised"]
    texts = [f"{{}} was {way} in 1800. {{}} died in 1860." for way in ways for _ in range(3)]
    line, _ = lines_of([asked(n, "When did {} come?", text, "1800", "1860") for n, text in enumerate(texts)])
    assert line.near == ("baptised", "born", "christened") and len(line.near) == MAX_NEAR
    assert line.chance == pytest.approx(9 / 12), "the fourth way is not told"
