"""Count what a cache did."""


class Stats:
    """Hits, misses and evictions since the start or the last reset."""

    def __init__(self):
        self.hits = 0
        self.misses = 0
        self.evictions = 0

    @property
    def lookups(self):
        """How often something was asked for."""
        return self.hits + self.misses

    @property
    def hit_rate(self):
        """Hits per lookup; 0.0 before the first."""
        if self.lookups == 0:
            return 0.0
        return self.hits / self.lookups

    def reset(self):
        """Start counting anew."""
        self.hits = 0
        self.misses = 0
        self.evictions = 0

    def merge(self, other):
        """The sums of these figures and another's, as a new object."""
        total = Stats()
        total.hits = self.hits + other.hits
        total.misses = self.misses + other.misses
        total.evictions = self.evictions + other.evictions
        return total

    def summary(self):
        """One line for a log."""
        percent = round(100 * self.hit_rate)
        return f"{self.hits} hits, {self.misses} misses ({percent}%), {self.evictions} evicted"
