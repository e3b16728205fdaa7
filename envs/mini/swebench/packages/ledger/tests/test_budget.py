import pytest
from ledger import Budget


def test_spend():
    budget = Budget({"food": 100})
    assert budget.spend("food", 60) is True
    assert budget.spend("food", 40) is True
    assert budget.left("food") == 0
    assert budget.spend("food", 1) is False
    assert budget.left("food") == -1


def test_unknown_category():
    with pytest.raises(KeyError):
        Budget({"food": 100}).spend("fun", 1)


def test_over():
    budget = Budget({"food": 100, "fun": 10, "rent": 500})
    budget.spend("fun", 11)
    budget.spend("food", 200)
    budget.spend("rent", 500)
    assert budget.over() == ["food", "fun"]


def test_used():
    budget = Budget({"food": 300, "nothing": 0})
    budget.spend("food", 100)
    assert budget.used("food") == 33
    assert budget.used("nothing") == 0


def test_next_month_without_rollover():
    budget = Budget({"food": 100})
    budget.spend("food", 40)
    budget.next_month()
    assert budget.left("food") == 100


def test_rollover():
    budget = Budget({"food": 100, "fun": 10}, rollover=True)
    budget.spend("food", 40)
    budget.spend("fun", 30)
    budget.next_month()
    assert budget.left("food") == 160
    assert budget.left("fun") == 10
    budget.spend("food", 80)
    assert budget.used("food") == 50


def test_limits_are_copied():
    limits = {"food": 100}
    budget = Budget(limits)
    limits["food"] = 5
    assert budget.left("food") == 100
