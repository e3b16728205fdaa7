"""How much may be spent on what."""


class Budget:
    """Limits by category; with ``rollover``, what is left goes on to the next month."""

    def __init__(self, limits, rollover=False):
        self.limits = dict(limits)
        self.rollover = rollover
        self.carried = {}
        self.spent = {}

    def spend(self, category, cents):
        """Spend; KeyError for an unknown category. Whether it is still within the limit."""
        if category not in self.limits:
            raise KeyError(category)
        self.spent[category] = self.spent.get(category, 0) + cents
        return self.left(category) >= 0

    def left(self, category):
        """What is left; negative if too much was spent."""
        allowed = self.limits[category] + self.carried.get(category, 0)
        return allowed - self.spent.get(category, 0)

    def over(self):
        """Categories in which too much was spent, sorted."""
        return sorted(category for category in self.limits if self.left(category) < 0)

    def used(self, category):
        """Percent of the allowance that is spent, rounded down."""
        allowed = self.limits[category] + self.carried.get(category, 0)
        if allowed == 0:
            return 0
        return 100 * self.spent.get(category, 0) // allowed

    def next_month(self):
        """Start anew; only what is left is carried, never a debt."""
        if self.rollover:
            self.carried = {category: max(0, self.left(category)) for category in self.limits}
        self.spent = {}
