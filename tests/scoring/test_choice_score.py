"""Multiple choice: every way to name an option, and nothing else."""

from __future__ import annotations

from string import ascii_uppercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.scoring import choice

OPTIONS = {"A": "Quorane", "B": "Vitamin B complex", "C": "Two units\nof  Zorin", "D": "b and c"}


@pytest.mark.parametrize("form", ["{0}", "({0})", "{0}.", " {0} ", "{0}. {1}", "{0}) {1}", "{0}.{1}", "{1}", "  {1}\n"])
@pytest.mark.parametrize("letter", OPTIONS)
def test_every_form_of_every_option(form: str, letter: str) -> None:
    answer = form.format(letter, OPTIONS[letter])
    for written in (answer, answer.lower(), answer.upper(), answer.replace(" ", "\t")):
        assert choice.chosen(written, OPTIONS) == letter
        assert choice.correct(written, OPTIONS, letter)
        assert not any(choice.correct(written, OPTIONS, other) for other in OPTIONS if other != letter)


NOTHING = """
B or C|B, C|BC|E|(E)|E. Quorane|A. Vitamin B complex|B) Quorane|A.B|A. B|The answer is B|(B|B)|(B.|[B]|{B}|1|Quoran
Quorane.|Quorane Quorane|A Quorane|(A) Quorane|A: Quorane|Vitamin|answer: Quorane|ABCD
"""


@pytest.mark.parametrize("answer", ["", " ", "A.\u0000", *NOTHING.strip().replace("\n", "|").split("|")])
def test_nothing_else_is_an_answer(answer: str) -> None:
    assert choice.chosen(answer, OPTIONS) == ""


@pytest.mark.parametrize("answer", ["aa", "AA", " Aa", "aA"])
def test_a_text_that_belongs_to_two_options_is_wrong(answer: str) -> None:
    options = {"A": "AA", "B": "Aa", "C": "bb", "D": "Bb"}
    assert choice.chosen(answer, options) == ""
    assert choice.chosen(f"B. {answer}", options) == "B", "the letter says which is meant"


def test_a_letter_is_a_letter_first() -> None:
    options = {"A": "B", "B": "C", "C": "K", "D": "E"}
    assert [choice.chosen(answer, options) for answer in ("A", "B", "C", "K", "E", "A. B")] == list("ABCCDA")


def test_a_text_with_the_letter_of_another_option_belongs_to_two() -> None:
    assert choice.chosen("B. one", {"A": "B. one", "B": "one", "C": "two", "D": "three"}) == ""


texts = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20).filter(lambda t: t.split())


@settings(deadline=None, derandomize=True)
@given(st.lists(texts, min_size=2, max_size=6, unique_by=choice.folded), st.data())
def test_text_and_letter_agree(options: list[str], data: st.DataObject) -> None:
    letters = dict(zip(ascii_uppercase, options, strict=False))
    letter = data.draw(st.sampled_from(sorted(letters)))
    assert choice.chosen(letter, letters) == letter
    assert choice.chosen(f"({letter.lower()})", letters) == letter
    named = choice.chosen(letters[letter], letters)
    assert named in (letter, "") or choice.folded(letters[letter]).strip("().").upper() == named


pieces = st.sampled_from(
    [*OPTIONS, *OPTIONS.values(), *"abce", "(", ")", ".", " ", "or", "\n", "the answer is"]
) | st.text(max_size=3)


@settings(deadline=None, derandomize=True)
@given(st.lists(pieces, max_size=4).map("".join))
def test_whatever_is_read_says_the_letter_or_the_text(answer: str) -> None:
    named, bare = choice.chosen(answer, OPTIONS), choice.folded(answer)
    letter, text = named.lower(), choice.folded(OPTIONS.get(named, ""))
    forms = {letter, f"({letter})", f"{letter}.", text, f"{letter}. {text}", f"{letter}.{text}"}
    assert named == "" or bare in forms | {f"{letter}) {text}", f"{letter}){text}"}
