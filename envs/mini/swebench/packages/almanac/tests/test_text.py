import pytest
from almanac import Date, format_date, humanize, parse_date, parse_duration

TODAY = Date(2024, 3, 10)


def test_iso_dates():
    assert parse_date("2024-03-01") == Date(2024, 3, 1)
    assert parse_date(" 2024-3-1 ") == Date(2024, 3, 1)


def test_dates_in_words():
    assert parse_date("1 March 2024") == Date(2024, 3, 1)
    assert parse_date("22nd sep 1999") == Date(1999, 9, 22)
    assert parse_date("December 31, 2024") == Date(2024, 12, 31)


def test_slashes():
    assert parse_date("2/3/2024") == Date(2024, 3, 2)
    assert parse_date("2/3/2024", day_first=False) == Date(2024, 2, 3)


def test_short_years():
    assert parse_date("1/1/69") == Date(2069, 1, 1)
    assert parse_date("1/1/70") == Date(1970, 1, 1)
    assert parse_date("1 May 05") == Date(2005, 5, 1)


def test_what_is_no_date():
    for text in ("", "soon", "2024-13-01", "31/2/2024", "1 Foo 2024", "2024/01/01"):
        with pytest.raises(ValueError):
            parse_date(text)


def test_durations():
    assert parse_duration("3d") == 3
    assert parse_duration("2w 1d") == 15
    assert parse_duration("1f") == 14
    assert parse_duration("-1w") == -7


def test_what_is_no_duration():
    for text in ("", "-", "3", "d", "1x", "1d2"):
        with pytest.raises(ValueError):
            parse_duration(text)


def test_format_default():
    assert format_date(Date(2024, 3, 1)) == "2024-03-01"
    assert format_date(Date(33, 4, 3)) == "0033-04-03"


def test_format_words():
    assert format_date(Date(2024, 3, 1), "dddd, D MMMM YYYY") == "Friday, 1 March 2024"
    assert format_date(Date(2024, 12, 9), "ddd DD MMM YY") == "Mon 09 Dec 24"


def test_format_short():
    assert format_date(Date(2005, 1, 2), "D/M/YY") == "2/1/05"


def test_format_ordinals():
    days = (1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22, 23, 31)
    texts = [format_date(Date(2024, 1, day), "Do") for day in days]
    assert texts == "1st 2nd 3rd 4th 10th 11th 12th 13th 20th 21st 22nd 23rd 31st".split()


def test_humanize_near():
    assert humanize(TODAY, TODAY) == "today"
    assert humanize(TODAY.add_days(1), TODAY) == "tomorrow"
    assert humanize(TODAY.add_days(-1), TODAY) == "yesterday"
    assert humanize(TODAY.add_days(2), TODAY) == "in 2 days"
    assert humanize(TODAY.add_days(-13), TODAY) == "13 days ago"


def test_humanize_weeks_and_months():
    assert humanize(TODAY.add_days(14), TODAY) == "in 2 weeks"
    assert humanize(TODAY.add_days(-59), TODAY) == "8 weeks ago"
    assert humanize(TODAY.add_days(60), TODAY) == "in 2 months"
    assert humanize(TODAY.add_days(-729), TODAY) == "24 months ago"


def test_humanize_years():
    assert humanize(TODAY.add_days(730), TODAY) == "in 2 years"
    assert humanize(TODAY.add_days(-4000), TODAY) == "10 years ago"
