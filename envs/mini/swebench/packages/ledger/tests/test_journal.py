import pytest
from ledger import Journal, UnbalancedEntry


@pytest.fixture
def journal():
    journal = Journal()
    journal.post(1, "Salary", ("cash", 1000), ("income", -1000))
    journal.post(5, "Rent", ("rent", 600), ("cash", -600))
    return journal


def test_balance(journal):
    assert journal.balance("cash") == 400
    assert journal.balance("income") == -1000
    assert journal.balance("nothing") == 0


def test_balance_until(journal):
    assert journal.balance("cash", until=4) == 1000
    assert journal.balance("cash", until=5) == 400
    assert journal.balance("cash", until=0) == 0


def test_entries_are_sorted(journal):
    journal.post(3, "Food", ("food", 50), ("cash", -50))
    journal.post(5, "Tea", ("food", 5), ("cash", -5))
    assert [entry.text for entry in journal.entries] == ["Salary", "Food", "Rent", "Tea"]


def test_unbalanced(journal):
    with pytest.raises(UnbalancedEntry):
        journal.post(6, "Odd", ("cash", 10), ("income", -9))
    with pytest.raises(UnbalancedEntry):
        journal.post(6, "Nothing", ("cash", 0))
    assert len(journal.entries) == 2


def test_total():
    entry = Journal().post(1, "Shopping", ("food", 30), ("books", 20), ("cash", -50))
    assert entry.total == 50


def test_trial_balance(journal):
    assert journal.trial_balance() == [("cash", 400), ("income", -1000), ("rent", 600)]
    journal.post(6, "All", ("savings", 400), ("cash", -400))
    assert ("cash", 0) not in journal.trial_balance()


def test_reverse(journal):
    entry = journal.reverse(journal.entries[1], 7)
    assert journal.balance("rent") == 0
    assert entry.text == "reversal of Rent"
    assert entry.lines == (("rent", -600), ("cash", 600))


def test_close(journal):
    journal.close(5)
    with pytest.raises(ValueError):
        journal.post(5, "Late", ("a", 1), ("b", -1))
    assert journal.post(6, "Fine", ("a", 1), ("b", -1)).day == 6


def test_a_closed_period_stays_closed(journal):
    journal.close(5)
    journal.close(3)
    assert journal.closed_until == 5
    journal.close(8)
    assert journal.closed_until == 8


def test_find(journal):
    assert [entry.day for entry in journal.find("RENT")] == [5]
    assert journal.find("yacht") == []
