import pytest
from ledger import Bank, InsufficientFunds, UnknownAccount


@pytest.fixture
def bank():
    bank = Bank()
    bank.open("ann", 1000)
    bank.open("bob", 200, overdraft=300)
    return bank


def test_open(bank):
    assert bank.balance("ann") == 1000
    assert bank.open("eve").balance == 0
    assert bank.account("eve").history == []


def test_open_refuses(bank):
    with pytest.raises(ValueError):
        bank.open("ann")
    with pytest.raises(ValueError):
        bank.open("eve", -1)
    with pytest.raises(ValueError):
        bank.open("eve", overdraft=-1)
    with pytest.raises(UnknownAccount):
        bank.balance("eve")


def test_deposit(bank):
    bank.deposit("ann", 50)
    assert bank.balance("ann") == 1050
    assert bank.account("ann").history == [("deposit", 1000), ("deposit", 50)]
    for cents in (0, -5):
        with pytest.raises(ValueError):
            bank.deposit("ann", cents)


def test_withdraw(bank):
    bank.withdraw("ann", 400)
    assert bank.balance("ann") == 600
    bank.withdraw("ann", 600)
    assert bank.balance("ann") == 0
    with pytest.raises(ValueError):
        bank.withdraw("ann", 0)


def test_overdraft(bank):
    assert bank.account("bob").available == 500
    bank.withdraw("bob", 500)
    assert bank.balance("bob") == -300
    with pytest.raises(InsufficientFunds):
        bank.withdraw("bob", 1)


def test_missing_funds(bank):
    with pytest.raises(InsufficientFunds) as caught:
        bank.withdraw("ann", 1250)
    assert caught.value.missing == 250
    assert bank.balance("ann") == 1000


def test_transfer(bank):
    bank.transfer("ann", "bob", 300)
    assert bank.balance("ann") == 700
    assert bank.balance("bob") == 500
    assert bank.account("ann").history[-1] == ("transfer to bob", 300)
    assert bank.account("bob").history[-1] == ("transfer from ann", 300)


def test_transfer_refuses(bank):
    with pytest.raises(ValueError):
        bank.transfer("ann", "ann", 1)
    with pytest.raises(ValueError):
        bank.transfer("ann", "bob", 0)
    with pytest.raises(UnknownAccount):
        bank.transfer("ann", "eve", 1)
    with pytest.raises(InsufficientFunds) as caught:
        bank.transfer("bob", "ann", 501)
    assert caught.value.missing == 1


def test_a_failed_transfer_changes_nothing(bank):
    bank.freeze("bob")
    with pytest.raises(PermissionError):
        bank.transfer("ann", "bob", 100)
    assert bank.balance("ann") == 1000
    assert bank.total() == 1200


def test_frozen(bank):
    bank.freeze("ann")
    with pytest.raises(PermissionError):
        bank.deposit("ann", 1)
    with pytest.raises(PermissionError):
        bank.withdraw("ann", 1)
    bank.unfreeze("ann")
    bank.deposit("ann", 1)
    assert bank.balance("ann") == 1001


def test_close(bank):
    with pytest.raises(ValueError):
        bank.close("ann")
    bank.withdraw("ann", 1000)
    assert bank.close("ann") == [("deposit", 1000), ("withdrawal", 1000)]
    with pytest.raises(UnknownAccount):
        bank.balance("ann")


def test_daily_limit():
    bank = Bank(daily_limit=500)
    bank.open("ann", 2000)
    bank.withdraw("ann", 300)
    bank.withdraw("ann", 200)
    with pytest.raises(ValueError):
        bank.withdraw("ann", 1)
    bank.next_day()
    bank.withdraw("ann", 500)
    assert bank.balance("ann") == 1000


def test_fees():
    bank = Bank(fee=10, free_withdrawals=2)
    bank.open("ann", 1000)
    for _ in range(3):
        bank.withdraw("ann", 100)
    assert bank.balance("ann") == 690
    assert bank.account("ann").history[-1] == ("fee", 10)


def test_fees_need_funds():
    bank = Bank(fee=10, free_withdrawals=0)
    bank.open("ann", 100)
    with pytest.raises(InsufficientFunds) as caught:
        bank.withdraw("ann", 100)
    assert caught.value.missing == 10
    bank.withdraw("ann", 90)
    assert bank.balance("ann") == 0


def test_next_month():
    bank = Bank(daily_limit=100, fee=10, free_withdrawals=1)
    bank.open("ann", 1000)
    bank.withdraw("ann", 100)
    bank.next_month()
    bank.withdraw("ann", 100)
    assert bank.balance("ann") == 800


def test_a_new_day_is_no_new_month():
    bank = Bank(fee=10, free_withdrawals=1)
    bank.open("ann", 1000)
    bank.withdraw("ann", 100)
    bank.next_day()
    bank.withdraw("ann", 100)
    assert bank.balance("ann") == 790


def test_overdrawn(bank):
    bank.open("eve", overdraft=900)
    assert bank.overdrawn() == []
    bank.withdraw("bob", 300)
    bank.withdraw("eve", 900)
    assert bank.overdrawn() == ["eve", "bob"]
    assert bank.total() == 0
