import pytest
from typeset import align, columns, justify, wrap


def test_wrap():
    assert wrap("the quick brown fox", 10) == ["the quick", "brown fox"]
    assert wrap("the quick brown fox", 9) == ["the quick", "brown fox"]
    assert wrap("the quick brown fox", 8) == ["the", "quick", "brown", "fox"]
    assert wrap("", 5) == []


def test_wrap_cuts_long_words():
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert wrap("ab cdefghij kl", 4) == ["ab", "cdef", "ghij", "kl"]
    assert wrap("abcd efgh", 4) == ["abcd", "efgh"]


def test_wrap_hanging():
    assert wrap("the quick brown fox", 10, hanging=2) == ["the quick", "  brown", "  fox"]
    with pytest.raises(ValueError):
        wrap("a b", 2, hanging=2)


def test_align():
    assert align("ab", 5) == "ab   "
    assert align("ab", 5, "right") == "   ab"
    assert align("ab", 5, "center") == " ab  "
    assert align("ab", 6, "center", fill="*") == "**ab**"


def test_align_what_is_too_long():
    assert align("abcdef", 3, "right") == "abcdef"
    assert align("abc", 3, "nowhere") == "abc"
    with pytest.raises(ValueError):
        align("a", 3, "nowhere")


def test_justify():
    assert justify("a bb ccc dddd e", 9) == ["a  bb ccc", "dddd e"]
    assert justify("one two three four five six", 15) == ["one  two  three", "four five six"]


def test_justify_extra_spaces_stand_left():
    assert justify("aa b c ddddddddd", 9) == ["aa   b  c", "ddddddddd"]


def test_justify_single_words():
    assert justify("short incomprehensibly", 16) == ["short", "incomprehensibly"]
    assert justify("", 5) == []


def test_columns():
    assert columns(["a", "bb", "ccc", "d", "e"], 10) == ["a    d", "bb   e", "ccc"]
    assert columns(["a", "b", "c"], 7) == ["a  b  c"]
    assert columns(["a", "b", "c"], 6) == ["a  c", "b"]
    assert columns([], 10) == []


def test_columns_that_are_too_narrow():
    assert columns(["long", "words"], 3) == ["long", "words"]
    assert columns(["a", "b"], 10, gap=9) == ["a", "b"]
    assert columns(["a", "b"], 11, gap=9) == ["a         b"]
