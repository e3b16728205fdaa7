import pytest
from exprs import ParseError, parse


def number(value):
    return ("literal", value)


def test_sum_is_left_associative():
    assert parse("1 - 2 - 3") == ("binary", "-", ("binary", "-", number(1), number(2)), number(3))


def test_product_binds_tighter_than_sum():
    assert parse("1 + 2 * 3") == ("binary", "+", number(1), ("binary", "*", number(2), number(3)))
    assert parse("8 / 4 / 2") == ("binary", "/", ("binary", "/", number(8), number(4)), number(2))


def test_power_is_right_associative():
    assert parse("2 ** 3 ** 2") == ("binary", "**", number(2), ("binary", "**", number(3), number(2)))


def test_power_binds_tighter_than_minus():
    assert parse("-2 ** 2") == ("negate", ("binary", "**", number(2), number(2)))
    assert parse("2 ** -1") == ("binary", "**", number(2), ("negate", number(1)))


def test_unary_plus_disappears():
    assert parse("+5") == number(5)


def test_parentheses():
    assert parse("(1 + 2) * 3") == ("binary", "*", ("binary", "+", number(1), number(2)), number(3))
    assert parse("((x))") == ("name", "x")


def test_comparison_chain():
    first = ("compare", "<", number(1), ("name", "x"))
    second = ("compare", "<=", ("name", "x"), number(3))
    assert parse("1 < x <= 3") == ("and", first, second)


def test_and_binds_tighter_than_or():
    a, b, c = ("name", "a"), ("name", "b"), ("name", "c")
    assert parse("a or b and c") == ("or", a, ("and", b, c))
    assert parse("a and b or c") == ("or", ("and", a, b), c)


def test_not():
    assert parse("not not a") == ("not", ("not", ("name", "a")))
    assert parse("not a == b") == ("not", ("compare", "==", ("name", "a"), ("name", "b")))


def test_conditional():
    assert parse("a ? 1 : b ? 2 : 3") == ("if", ("name", "a"), number(1), ("if", ("name", "b"), number(2), number(3)))


def test_calls():
    assert parse("f()") == ("call", "f", ())
    assert parse("f(1, x + 2)") == ("call", "f", (number(1), ("binary", "+", ("name", "x"), number(2))))


def test_booleans():
    assert parse("true") == ("literal", True)
    assert parse("false") == ("literal", False)


def test_rest_is_an_error():
    with pytest.raises(ParseError):
        parse("1 2")


def test_missing_parts():
    for source in ("", "1 +", "(1", "f(1", "f(1,", "a ? 1", ")", "* 2"):
        with pytest.raises(ParseError):
            parse(source)
