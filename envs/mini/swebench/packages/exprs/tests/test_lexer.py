import pytest
from exprs import LexError, tokenize


def kinds(source):
    return [token.kind for token in tokenize(source)]


def values(source):
    return [token.value for token in tokenize(source)]


def test_numbers():
    assert values("12 3.5 1_000") == [12, 3.5, 1000, None]
    assert isinstance(tokenize("7")[0].value, int)
    assert isinstance(tokenize("7.0")[0].value, float)


def test_number_that_starts_with_a_dot():
    assert values(".5 + .25") == [0.5, "+", 0.25, None]


def test_malformed_number():
    with pytest.raises(LexError):
        tokenize("1.2.3")


def test_texts():
    assert values("'a' \"b c\"") == ["a", "b c", None]
    assert kinds("''") == ["text", "end"]


def test_escapes():
    assert values(r"'a\n\t\\'") == ["a\n\t\\", None]
    assert values(r"'it\'s'") == ["it's", None]


def test_unknown_escape():
    with pytest.raises(LexError) as caught:
        tokenize(r"'\q'")
    assert caught.value.position == 2


def test_text_that_is_not_closed():
    with pytest.raises(LexError) as caught:
        tokenize("x 'abc")
    assert caught.value.position == 2
    with pytest.raises(LexError):
        tokenize("'abc\\")


def test_names_and_keywords():
    assert kinds("a _b c1 and or not true false") == ["name"] * 3 + ["keyword"] * 5 + ["end"]
    assert values("android") == ["android", None]
    assert kinds("android") == ["name", "end"]


def test_longest_operator_wins():
    assert values("a<=b**c") == ["a", "<=", "b", "**", "c", None]
    assert values("a<b*c") == ["a", "<", "b", "*", "c", None]


def test_positions():
    assert [token.position for token in tokenize("ab + 12")] == [0, 3, 5, 7]


def test_comments():
    assert values("1 # one\n+ 2") == [1, "+", 2, None]
    assert values("1 # the end") == [1, None]


def test_unexpected_character():
    with pytest.raises(LexError) as caught:
        tokenize("1 + $")
    assert caught.value.position == 4
