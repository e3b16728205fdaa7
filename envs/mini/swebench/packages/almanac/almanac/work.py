"""Days on which people work."""


class WorkCalendar:
    """Weekends and holidays; ``weekend`` holds weekdays, 0 for Monday."""

    def __init__(self, holidays=(), weekend=(5, 6)):
        if len(set(weekend)) >= 7:
            raise ValueError("somebody has to work")
        self.weekend = frozenset(weekend)
        self.holidays = set(holidays)

    def add_holiday(self, date):
        """One more free day."""
        self.holidays.add(date)

    def is_workday(self, date):
        """Whether people work on ``date``."""
        return date.weekday not in self.weekend and date not in self.holidays

    def add(self, date, number):
        """The date after ``number`` more workdays; backwards if it is negative.

        0 gives the date itself, or the next workday if it is none.
        """
        if number == 0:
            while not self.is_workday(date):
                date = date.add_days(1)
            return date
        step = 1 if number > 0 else -1
        left = abs(number)
        while left > 0:
            date = date.add_days(step)
            if self.is_workday(date):
                left -= 1
        return date

    def count(self, start, end):
        """Workdays from ``start`` to ``end``, both included; 0 if there are none."""
        days = 0
        while start <= end:
            if self.is_workday(start):
                days += 1
            start = start.add_days(1)
        return days

    def last_of_month(self, date):
        """The last workday of the month of ``date``."""
        day = date.end_of_month()
        while not self.is_workday(day):
            day = day.add_days(-1)
        return day
