import pytest
from ledger import allocate, format_cents, parse_cents
from ledger.money import percentage, round_half_even


def test_parse():
    assert parse_cents("12") == 1200
    assert parse_cents("12.5") == 1250
    assert parse_cents(" $1,234.56 ") == 123456
    assert parse_cents("0.07") == 7


def test_parse_negative():
    assert parse_cents("-3.00") == -300
    assert parse_cents("(3.05)") == -305


def test_what_is_no_amount():
    for text in ("", "1.234", "12,34", "1.", "(3", "a", "--1"):
        with pytest.raises(ValueError):
            parse_cents(text)


def test_format():
    assert format_cents(123456) == "$1,234.56"
    assert format_cents(7) == "$0.07"
    assert format_cents(0) == "$0.00"
    assert format_cents(500, symbol="") == "5.00"


def test_format_negative():
    assert format_cents(-305) == "-$3.05"
    assert format_cents(-305, accounting=True) == "($3.05)"
    assert format_cents(0, accounting=True) == "$0.00"


def test_rounding():
    assert [round_half_even(n, 2) for n in (1, 2, 3, 5, 7)] == [0, 1, 2, 2, 4]
    assert round_half_even(10, 3) == 3
    assert round_half_even(11, 3) == 4


def test_percentage():
    assert percentage(10000, 250) == 250
    assert percentage(99, 5000) == 50
    assert percentage(101, 5000) == 50


def test_allocate():
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(5, [7, 3]) == [4, 1]
    assert allocate(100, [0, 1]) == [0, 100]
    assert sum(allocate(101, [3, 3, 3, 1])) == 101


def test_allocate_needs_ratios():
    with pytest.raises(ValueError):
        allocate(100, [0, 0])
    with pytest.raises(ValueError):
        allocate(100, [2, -1])
