"""almanac: calendar arithmetic on plain (year, month, day) dates."""

from almanac.calendar import Date, days_in_month, is_leap
from almanac.periods import Period, merge
from almanac.reading import parse_date, parse_duration
from almanac.work import WorkCalendar
from almanac.writing import format_date, humanize

__all__ = [
    "Date",
    "Period",
    "WorkCalendar",
    "days_in_month",
    "format_date",
    "humanize",
    "is_leap",
    "merge",
    "parse_date",
    "parse_duration",
]
