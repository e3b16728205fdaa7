import pytest
from almanac import Date, days_in_month, is_leap


def test_leap_years():
    assert is_leap(2024) is True
    assert is_leap(2023) is False
    assert is_leap(1900) is False
    assert is_leap(2000) is True


def test_days_in_month():
    assert days_in_month(2023, 2) == 28
    assert days_in_month(2024, 2) == 29
    assert days_in_month(2023, 1) == 31
    assert days_in_month(2023, 4) == 30
    assert days_in_month(2023, 12) == 31


def test_no_such_month():
    for month in (0, 13):
        with pytest.raises(ValueError):
            days_in_month(2023, month)


def test_no_such_date():
    with pytest.raises(ValueError):
        Date(2023, 2, 29)
    with pytest.raises(ValueError):
        Date(2023, 1, 0)
    with pytest.raises(ValueError):
        Date(2023, 4, 31)
    with pytest.raises(ValueError):
        Date(0, 1, 1)


def test_day_of_year():
    assert Date(2023, 1, 1).day_of_year == 1
    assert Date(2023, 12, 31).day_of_year == 365
    assert Date(2024, 12, 31).day_of_year == 366
    assert Date(2024, 3, 1).day_of_year == 61


def test_ordinals():
    assert Date(1, 1, 1).ordinal == 1
    assert Date(1970, 1, 1).ordinal == 719163
    assert Date(2000, 2, 29).ordinal == 730179


def test_ordinals_and_back():
    for date in (Date(1, 1, 1), Date(4, 12, 31), Date(1999, 12, 31), Date(2000, 2, 29), Date(2024, 12, 31)):
        assert Date.from_ordinal(date.ordinal) == date
    with pytest.raises(ValueError):
        Date.from_ordinal(0)


def test_weekdays():
    assert Date(2024, 1, 1).weekday == 0
    assert Date(2024, 3, 3).weekday == 6
    assert Date(1970, 1, 1).weekday == 3


def test_iso_weeks():
    assert Date(2024, 1, 1).week == 1
    assert Date(2023, 1, 1).week == 52
    assert Date(2020, 12, 31).week == 53
    assert Date(2024, 1, 8).week == 2


def test_quarters():
    assert [Date(2024, month, 1).quarter for month in (1, 3, 4, 6, 7, 12)] == [1, 1, 2, 2, 3, 4]


def test_add_days():
    assert Date(2024, 2, 28).add_days(1) == Date(2024, 2, 29)
    assert Date(2023, 12, 31).add_days(1) == Date(2024, 1, 1)
    assert Date(2024, 3, 1).add_days(-1) == Date(2024, 2, 29)


def test_add_months():
    assert Date(2024, 1, 31).add_months(1) == Date(2024, 2, 29)
    assert Date(2024, 11, 15).add_months(2) == Date(2025, 1, 15)
    assert Date(2024, 1, 15).add_months(-1) == Date(2023, 12, 15)
    assert Date(2024, 5, 5).add_months(12) == Date(2025, 5, 5)


def test_add_years():
    assert Date(2024, 2, 29).add_years(1) == Date(2025, 2, 28)
    assert Date(2024, 2, 29).add_years(4) == Date(2028, 2, 29)


def test_days_until():
    assert Date(2024, 1, 1).days_until(Date(2024, 12, 31)) == 365
    assert Date(2024, 1, 2).days_until(Date(2024, 1, 1)) == -1


def test_age():
    born = Date(2000, 6, 15)
    assert born.age_on(Date(2024, 6, 14)) == 23
    assert born.age_on(Date(2024, 6, 15)) == 24
    assert born.age_on(Date(2024, 12, 1)) == 24


def test_next_weekday():
    monday = Date(2024, 1, 1)
    assert monday.next_weekday(1) == Date(2024, 1, 2)
    assert monday.next_weekday(0) == Date(2024, 1, 8)
    assert Date(2024, 1, 3).next_weekday(0) == Date(2024, 1, 8)


def test_end_of_month():
    assert Date(2024, 2, 3).end_of_month() == Date(2024, 2, 29)
    assert Date(2024, 4, 30).end_of_month() == Date(2024, 4, 30)


def test_nth_weekday():
    assert Date(2024, 3, 10).nth_weekday(1, 4) == Date(2024, 3, 1)
    assert Date(2024, 3, 10).nth_weekday(2, 0) == Date(2024, 3, 11)
    assert Date(2024, 3, 10).nth_weekday(5, 6) == Date(2024, 3, 31)


def test_last_weekday():
    assert Date(2024, 3, 10).nth_weekday(-1, 0) == Date(2024, 3, 25)
    assert Date(2024, 3, 10).nth_weekday(-1, 6) == Date(2024, 3, 31)


def test_no_such_weekday():
    for n in (0, 5, 6):
        with pytest.raises(ValueError):
            Date(2024, 3, 10).nth_weekday(n, 0)


def test_order():
    assert Date(2023, 12, 31) < Date(2024, 1, 1) < Date(2024, 1, 2)
