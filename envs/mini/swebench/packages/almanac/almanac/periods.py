"""Periods of whole days."""

from dataclasses import dataclass

from almanac.calendar import Date


@dataclass(frozen=True)
class Period:
    """From ``start`` to ``end``, both included."""

    start: Date
    end: Date

    def __post_init__(self):
        if self.end < self.start:
            raise ValueError("a period ends before it starts")

    def __len__(self):
        return self.start.days_until(self.end) + 1

    def __contains__(self, date):
        return self.start <= date <= self.end

    def __iter__(self):
        for ordinal in range(self.start.ordinal, self.end.ordinal + 1):
            yield Date.from_ordinal(ordinal)

    def overlaps(self, other):
        """Whether the two share a day."""
        return self.start <= other.end and other.start <= self.end

    def touches(self, other):
        """Whether the two overlap or one starts the day after the other ends."""
        return self.start <= other.end.add_days(1) and other.start <= self.end.add_days(1)

    def intersection(self, other):
        """The days that both have; None if there are none."""
        if not self.overlaps(other):
            return None
        return Period(max(self.start, other.start), min(self.end, other.end))

    def subtract(self, other):
        """The days that ``other`` does not have: none, one or two periods."""
        if not self.overlaps(other):
            return [self]
        parts = []
        if self.start < other.start:
            parts.append(Period(self.start, other.start.add_days(-1)))
        if self.end > other.end:
            parts.append(Period(other.end.add_days(1), self.end))
        return parts

    def split(self, days):
        """Parts of ``days`` days; the last may be shorter."""
        if days < 1:
            raise ValueError("a part has at least one day")
        parts = []
        start = self.start
        while start <= self.end:
            end = min(start.add_days(days - 1), self.end)
            parts.append(Period(start, end))
            start = end.add_days(1)
        return parts

    def months(self):
        """Every (year, month) that the period has a day of."""
        found = []
        year, month = self.start.year, self.start.month
        while (year, month) <= (self.end.year, self.end.month):
            found.append((year, month))
            month += 1
            if month > 12:
                year, month = year + 1, 1
        return found


def merge(periods):
    """The fewest periods with the same days, sorted."""
    merged = []
    for period in sorted(periods, key=lambda period: period.start):
        if merged and merged[-1].touches(period):
            last = merged.pop()
            period = Period(last.start, max(last.end, period.end))
        merged.append(period)
    return merged
