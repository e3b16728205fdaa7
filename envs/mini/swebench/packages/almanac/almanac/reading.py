"""Dates and durations from text."""

import re

from almanac.calendar import Date

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
UNITS = {"d": 1, "w": 7, "f": 14}


def _month(name):
    key = name.lower()[:3]
    if key not in MONTHS:
        raise ValueError(f"no such month: {name}")
    return MONTHS.index(key) + 1


def _full_year(text, pivot=70):
    year = int(text)
    if len(text) == 2:
        return year + (1900 if year >= pivot else 2000)
    return year


def parse_date(text, day_first=True):
    """The date of ``2024-03-01``, ``1 March 2024``, ``March 1, 2024`` or ``1/3/2024``.

    Years of two digits are 1970 to 2069. ``day_first`` is for dates with slashes.
    """
    text = text.strip()
    match = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text)
    if match:
        return Date(int(match[1]), int(match[2]), int(match[3]))
    match = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)? ([A-Za-z]+) (\d{4}|\d{2})", text)
    if match:
        return Date(_full_year(match[3]), _month(match[2]), int(match[1]))
    match = re.fullmatch(r"([A-Za-z]+) (\d{1,2}), (\d{4}|\d{2})", text)
    if match:
        return Date(_full_year(match[3]), _month(match[1]), int(match[2]))
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})", text)
    if match:
        first, second = int(match[1]), int(match[2])
        day, month = (first, second) if day_first else (second, first)
        return Date(_full_year(match[3]), month, day)
    raise ValueError(f"not a date: {text!r}")


def parse_duration(text):
    """Days of ``3d``, ``2w 1d`` or ``-1w``; f is a fortnight."""
    sign = 1
    text = text.strip()
    if text.startswith("-"):
        sign = -1
        text = text[1:]
    parts = text.split()
    if not parts:
        raise ValueError("an empty duration")
    days = 0
    for part in parts:
        match = re.fullmatch(r"(\d+)([dwf])", part)
        if match is None:
            raise ValueError(f"not a duration: {part!r}")
        days += int(match[1]) * UNITS[match[2]]
    return sign * days
