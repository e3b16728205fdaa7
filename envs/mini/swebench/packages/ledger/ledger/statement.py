"""What an account holder gets to see."""

from ledger.money import format_cents


class Statement:
    """Movements (day, text, cents) of an account from an opening balance on."""

    def __init__(self, opening=0, movements=()):
        self.opening = opening
        self.movements = sorted(movements, key=lambda movement: movement[0])

    @property
    def closing(self):
        """The balance at the end."""
        return self.opening + sum(cents for day, text, cents in self.movements)

    def balances(self):
        """The balance after every movement."""
        result = []
        balance = self.opening
        for _, _, cents in self.movements:
            balance += cents
            result.append(balance)
        return result

    def lowest(self):
        """The lowest balance, the opening one included."""
        return min([self.opening, *self.balances()])

    def average(self, first, last):
        """The average balance at the end of the days from ``first`` to ``last``, rounded down."""
        if last < first:
            raise ValueError("the last day is before the first")
        total = 0
        for today in range(first, last + 1):
            balance = self.opening
            for day, _, cents in self.movements:
                if day <= today:
                    balance += cents
            total += balance
        return total // (last - first + 1)

    def inflow(self):
        """What came in."""
        return sum(cents for day, text, cents in self.movements if cents > 0)

    def outflow(self):
        """What went out, as a positive number."""
        return -sum(cents for day, text, cents in self.movements if cents < 0)

    def page(self, number, size=10):
        """The movements of a page, counted from 1; IndexError where there is no such page."""
        pages = max(1, -(-len(self.movements) // size))
        if not 1 <= number <= pages:
            raise IndexError(f"there are {pages} pages")
        start = (number - 1) * size
        return self.movements[start : start + size]

    def lines(self):
        """The statement as text, one line for each movement, with the balance after it."""
        rows = [f"opening balance {format_cents(self.opening)}"]
        for (day, text, cents), balance in zip(self.movements, self.balances(), strict=True):
            sign = "+" if cents > 0 else ""
            rows.append(f"day {day}: {text} {sign}{format_cents(cents)} = {format_cents(balance)}")
        rows.append(f"closing balance {format_cents(self.closing)}")
        return rows
