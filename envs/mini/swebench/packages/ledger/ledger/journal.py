"""Double entry: what leaves one account enters another."""

from dataclasses import dataclass


class UnbalancedEntry(ValueError):
    """Debits and credits differ."""


@dataclass(frozen=True)
class Entry:
    """A day (a number), a text, and lines of (account, cents): debits positive, credits negative."""

    day: int
    text: str
    lines: tuple

    @property
    def total(self):
        """The sum of the debits."""
        return sum(cents for account, cents in self.lines if cents > 0)


class Journal:
    """Entries in the order of their days; a closed period takes no more."""

    def __init__(self):
        self.entries = []
        self.closed_until = None

    def post(self, day, text, *lines):
        """Add an entry; UnbalancedEntry unless its lines add up to zero."""
        if len(lines) < 2:
            raise UnbalancedEntry("an entry has at least two lines")
        if sum(cents for account, cents in lines) != 0:
            raise UnbalancedEntry("the lines do not add up to zero")
        if self.closed_until is not None and day <= self.closed_until:
            raise ValueError("the period is closed")
        entry = Entry(day, text, tuple(lines))
        position = len(self.entries)
        while position > 0 and self.entries[position - 1].day > day:
            position -= 1
        self.entries.insert(position, entry)
        return entry

    def balance(self, account, until=None):
        """The balance of an account, with entries up to the day ``until`` if given."""
        total = 0
        for entry in self.entries:
            if until is not None and entry.day > until:
                break
            for name, cents in entry.lines:
                if name == account:
                    total += cents
        return total

    def trial_balance(self):
        """Every account with its balance, sorted; accounts that are even are left out."""
        balances = {}
        for entry in self.entries:
            for name, cents in entry.lines:
                balances[name] = balances.get(name, 0) + cents
        return [(name, balances[name]) for name in sorted(balances) if balances[name] != 0]

    def reverse(self, entry, day):
        """Post the opposite of an entry."""
        lines = [(name, -cents) for name, cents in entry.lines]
        return self.post(day, f"reversal of {entry.text}", *lines)

    def close(self, day):
        """Allow no more entries up to ``day``; a closed period stays closed."""
        if self.closed_until is None or day > self.closed_until:
            self.closed_until = day

    def find(self, word):
        """Entries whose text holds ``word``, whatever its case."""
        return [entry for entry in self.entries if word.lower() in entry.text.lower()]
