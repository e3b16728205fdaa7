"""Accounts and transfers."""

from dataclasses import dataclass, field


class InsufficientFunds(Exception):
    """The account does not hold that much; ``missing`` says how many cents."""

    def __init__(self, missing):
        super().__init__(f"{missing} cents are missing")
        self.missing = missing


class UnknownAccount(KeyError):
    """There is no such account."""


@dataclass
class Account:
    """An account: its balance, how far it may be overdrawn, whether it is frozen, and what happened."""

    name: str
    balance: int = 0
    overdraft: int = 0
    frozen: bool = False
    history: list = field(default_factory=list)

    @property
    def available(self):
        """What can be withdrawn."""
        return self.balance + self.overdraft


class Bank:
    """Accounts by name. Every withdrawal above ``free_withdrawals`` a month costs ``fee``."""

    def __init__(self, daily_limit=None, fee=0, free_withdrawals=3):
        self.daily_limit = daily_limit
        self.fee = fee
        self.free_withdrawals = free_withdrawals
        self._accounts = {}
        self._withdrawn_today = {}
        self._withdrawals = {}

    def open(self, name, deposit=0, overdraft=0):
        """Open an account; ValueError if the name is taken or an amount is negative."""
        if name in self._accounts:
            raise ValueError(f"{name} has an account")
        if deposit < 0 or overdraft < 0:
            raise ValueError("amounts are not negative")
        account = Account(name, overdraft=overdraft)
        self._accounts[name] = account
        if deposit > 0:
            self.deposit(name, deposit)
        return account

    def account(self, name):
        """The account; UnknownAccount if there is none."""
        if name not in self._accounts:
            raise UnknownAccount(name)
        return self._accounts[name]

    def balance(self, name):
        """The balance of an account."""
        return self.account(name).balance

    def deposit(self, name, cents):
        """Pay in."""
        if cents <= 0:
            raise ValueError("the amount must be positive")
        account = self.account(name)
        self._check_open(account)
        account.balance += cents
        account.history.append(("deposit", cents))

    def withdraw(self, name, cents):
        """Pay out, within what is available and the limit of the day; the fee is on top."""
        if cents <= 0:
            raise ValueError("the amount must be positive")
        account = self.account(name)
        self._check_open(account)
        made = self._withdrawals.get(name, 0)
        fee = self.fee if made >= self.free_withdrawals else 0
        if cents + fee > account.available:
            raise InsufficientFunds(cents + fee - account.available)
        today = self._withdrawn_today.get(name, 0)
        if self.daily_limit is not None and today + cents > self.daily_limit:
            raise ValueError("more than the limit of the day")
        account.balance -= cents + fee
        self._withdrawn_today[name] = today + cents
        self._withdrawals[name] = made + 1
        account.history.append(("withdrawal", cents))
        if fee:
            account.history.append(("fee", fee))

    def transfer(self, source, target, cents):
        """Move money; either both accounts change or none."""
        if source == target:
            raise ValueError("source and target are the same account")
        if cents <= 0:
            raise ValueError("the amount must be positive")
        giver, taker = self.account(source), self.account(target)
        self._check_open(giver)
        self._check_open(taker)
        if cents > giver.available:
            raise InsufficientFunds(cents - giver.available)
        giver.balance -= cents
        taker.balance += cents
        giver.history.append(("transfer to " + target, cents))
        taker.history.append(("transfer from " + source, cents))

    def freeze(self, name):
        """Let nothing in or out of an account."""
        self.account(name).frozen = True

    def unfreeze(self, name):
        """Undo ``freeze``."""
        self.account(name).frozen = False

    def close(self, name):
        """Close an account, which must be even; its history is returned."""
        account = self.account(name)
        if account.balance != 0:
            raise ValueError("the balance is not zero")
        del self._accounts[name]
        return account.history

    def next_day(self):
        """Start a new day: the limit of the day is fresh."""
        self._withdrawn_today.clear()

    def next_month(self):
        """Start a new month, and a new day: withdrawals are free again."""
        self.next_day()
        self._withdrawals.clear()

    def total(self):
        """What the bank holds in all."""
        return sum(account.balance for account in self._accounts.values())

    def overdrawn(self):
        """Names of accounts below zero, the deepest first."""
        below = [account for account in self._accounts.values() if account.balance < 0]
        below.sort(key=lambda account: account.balance)
        return [account.name for account in below]

    def _check_open(self, account):
        if account.frozen:
            raise PermissionError(f"{account.name} is frozen")
