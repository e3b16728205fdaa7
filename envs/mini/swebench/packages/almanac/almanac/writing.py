"""Dates as text."""

MONTH_NAMES = "January February March April May June July August September October November December".split()
DAY_NAMES = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def ordinal_suffix(number):
    """The letters after a number: 1st, 2nd, 3rd, 4th, 11th."""
    if 10 <= number % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def format_date(date, pattern="YYYY-MM-DD"):
    """Write ``date`` in a pattern.

    YYYY and YY stand for the year, MMMM, MMM, MM and M for the month, DD, D and Do for the day, dddd and ddd for the
    weekday. Everything else stays as it is.
    """
    name = MONTH_NAMES[date.month - 1]
    weekday = DAY_NAMES[date.weekday]
    fields = (
        ("YYYY", f"{date.year:04d}"),
        ("YY", f"{date.year % 100:02d}"),
        ("MMMM", name),
        ("MMM", name[:3]),
        ("MM", f"{date.month:02d}"),
        ("M", str(date.month)),
        ("dddd", weekday),
        ("ddd", weekday[:3]),
        ("Do", f"{date.day}{ordinal_suffix(date.day)}"),
        ("DD", f"{date.day:02d}"),
        ("D", str(date.day)),
    )
    result = []
    position = 0
    while position < len(pattern):
        for field, text in fields:
            if pattern.startswith(field, position):
                result.append(text)
                position += len(field)
                break
        else:
            result.append(pattern[position])
            position += 1
    return "".join(result)


def humanize(date, today):
    """How far ``date`` is from ``today``, in words."""
    days = today.days_until(date)
    if days == 0:
        return "today"
    if days == 1:
        return "tomorrow"
    if days == -1:
        return "yesterday"
    distance = abs(days)
    if distance < 14:
        amount, unit = distance, "day"
    elif distance < 60:
        amount, unit = distance // 7, "week"
    elif distance < 730:
        amount, unit = distance // 30, "month"
    else:
        amount, unit = distance // 365, "year"
    plural = "" if amount == 1 else "s"
    return f"in {amount} {unit}{plural}" if days > 0 else f"{amount} {unit}{plural} ago"
