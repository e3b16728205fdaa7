"""Dates of the Gregorian calendar."""

from dataclasses import dataclass

MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year):
    """Whether ``year`` has a 29th of February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year, month):
    """The number of days of a month."""
    if not 1 <= month <= 12:
        raise ValueError(f"no such month: {month}")
    if month == 2 and is_leap(year):
        return 29
    return MONTH_LENGTHS[month - 1]


def days_before_year(year):
    """Days from 0001-01-01 to the first of January of ``year``."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400


@dataclass(frozen=True, order=True)
class Date:
    """A day of the calendar, from year 1 on."""

    year: int
    month: int
    day: int

    def __post_init__(self):
        if self.year < 1:
            raise ValueError(f"no such year: {self.year}")
        if not 1 <= self.day <= days_in_month(self.year, self.month):
            raise ValueError(f"no such day: {self.year}-{self.month}-{self.day}")

    @property
    def ordinal(self):
        """The number of the day, counting 0001-01-01 as 1."""
        return days_before_year(self.year) + self.day_of_year

    @property
    def day_of_year(self):
        """1 for the first of January, 366 for the last day of a leap year."""
        days = self.day
        for month in range(1, self.month):
            days += days_in_month(self.year, month)
        return days

    @property
    def weekday(self):
        """0 for Monday, 6 for Sunday."""
        return (self.ordinal + 6) % 7

    @property
    def week(self):
        """The number of the ISO week: week 1 holds the first Thursday of its year."""
        thursday = self.add_days(3 - self.weekday)
        return (thursday.day_of_year - 1) // 7 + 1

    @property
    def quarter(self):
        """1 to 4."""
        return (self.month - 1) // 3 + 1

    @classmethod
    def from_ordinal(cls, ordinal):
        """The date of a day's number."""
        if ordinal < 1:
            raise ValueError(f"no such day: {ordinal}")
        year = ordinal // 366 + 1
        while days_before_year(year + 1) < ordinal:
            year += 1
        day = ordinal - days_before_year(year)
        month = 1
        while day > days_in_month(year, month):
            day -= days_in_month(year, month)
            month += 1
        return cls(year, month, day)

    def add_days(self, number):
        """The date ``number`` days later, or earlier if it is negative."""
        return Date.from_ordinal(self.ordinal + number)

    def add_months(self, number):
        """The same day ``number`` months later; the last day of the month where there is no such day."""
        months = self.year * 12 + self.month - 1 + number
        year, month = months // 12, months % 12 + 1
        return Date(year, month, min(self.day, days_in_month(year, month)))

    def add_years(self, number):
        """The same day ``number`` years later; the 28th of February where there is no 29th."""
        return self.add_months(12 * number)

    def days_until(self, other):
        """Days from this date to ``other``; negative if it is earlier."""
        return other.ordinal - self.ordinal

    def age_on(self, today):
        """Whole years from this date to ``today``."""
        years = today.year - self.year
        if (today.month, today.day) < (self.month, self.day):
            years -= 1
        return years

    def next_weekday(self, weekday):
        """The first date after this one that is a ``weekday`` (0 for Monday)."""
        ahead = (weekday - self.weekday - 1) % 7 + 1
        return self.add_days(ahead)

    def end_of_month(self):
        """The last day of the month."""
        return Date(self.year, self.month, days_in_month(self.year, self.month))

    def nth_weekday(self, n, weekday):
        """The n-th ``weekday`` of this month, the last one for -1; ValueError if there is none."""
        if n == -1:
            last = self.end_of_month()
            return last.add_days(-((last.weekday - weekday) % 7))
        first = Date(self.year, self.month, 1)
        day = 1 + (weekday - first.weekday) % 7 + 7 * (n - 1)
        if n < 1 or day > days_in_month(self.year, self.month):
            raise ValueError(f"there is no {n}th such weekday in the month")
        return Date(self.year, self.month, day)
