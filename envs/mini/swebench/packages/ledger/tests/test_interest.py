import pytest
from ledger import compound, loan_payment, simple, tiered
from ledger.interest import schedule


def test_simple():
    assert simple(100000, 365, 10) == 100
    assert simple(100000, 500, 365) == 5000
    assert simple(100000, 360, 90, year=360) == 900
    assert simple(100000, 500, 0) == 0
    with pytest.raises(ValueError):
        simple(1, 1, -1)


def test_compound():
    assert compound(10000, 1000, 2) == 12100
    assert compound(10000, 1000, 0) == 10000
    assert compound(1, 5000, 3) == 1
    with pytest.raises(ValueError):
        compound(1, 1, -1)


def test_tiered():
    tiers = ((1000, 100), (5000, 200), (None, 1000))
    assert tiered(500, tiers) == 5
    assert tiered(1000, tiers) == 10
    assert tiered(3000, tiers) == 50
    assert tiered(10000, tiers) == 10 + 80 + 500
    assert tiered(0, tiers) == 0


def test_loan_payment():
    assert loan_payment(120000, 1200, 12) == 10662
    assert loan_payment(1000, 0, 3) == 334
    assert loan_payment(900, 0, 3) == 300
    with pytest.raises(ValueError):
        loan_payment(1000, 100, 0)


def test_loan_of_one_month():
    assert loan_payment(1000, 1200, 1) == 1010


def test_schedule_pays_off():
    rows = schedule(120000, 1200, 12)
    assert len(rows) == 12
    assert rows[0] == (1200, 9462, 110538)
    assert rows[-1][2] == 0
    assert sum(principal for interest, principal, left in rows) == 120000


def test_schedule_without_interest():
    assert schedule(1000, 0, 3) == [(0, 334, 666), (0, 334, 332), (0, 332, 0)]
