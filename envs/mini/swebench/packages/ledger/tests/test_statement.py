import pytest
from ledger import Statement

MOVES = [(5, "rent", -600), (1, "salary", 1000), (9, "gift", 50)]


def test_closing():
    assert Statement(100, MOVES).closing == 550
    assert Statement(100).closing == 100


def test_balances():
    assert Statement(100, MOVES).balances() == [1100, 500, 550]


def test_lowest():
    assert Statement(100, MOVES).lowest() == 100
    assert Statement(700, [(1, "rent", -600), (2, "gift", 50)]).lowest() == 100


def test_average():
    statement = Statement(100, MOVES)
    assert statement.average(1, 2) == 1100
    assert statement.average(4, 5) == 800
    assert statement.average(0, 0) == 100
    with pytest.raises(ValueError):
        statement.average(2, 1)


def test_flows():
    statement = Statement(0, MOVES)
    assert statement.inflow() == 1050
    assert statement.outflow() == 600


def test_pages():
    statement = Statement(0, [(day, "coffee", -3) for day in range(1, 26)])
    assert [day for day, text, cents in statement.page(1)] == list(range(1, 11))
    assert [day for day, text, cents in statement.page(3)] == [21, 22, 23, 24, 25]
    assert len(statement.page(5, size=5)) == 5


def test_no_such_page():
    statement = Statement(0, MOVES)
    assert statement.page(1, size=3) == statement.movements
    for number in (0, 2):
        with pytest.raises(IndexError):
            statement.page(number, size=3)
    assert Statement().page(1) == []


def test_lines():
    assert Statement(100, MOVES[:2]).lines() == [
        "opening balance $1.00",
        "day 1: salary +$10.00 = $11.00",
        "day 5: rent -$6.00 = $5.00",
        "closing balance $5.00",
    ]
