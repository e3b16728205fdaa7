import pytest
from almanac import Date, WorkCalendar

FRIDAY = Date(2024, 3, 1)
SATURDAY = Date(2024, 3, 2)
MONDAY = Date(2024, 3, 4)


def test_weekend():
    calendar = WorkCalendar()
    assert calendar.is_workday(FRIDAY) is True
    assert calendar.is_workday(SATURDAY) is False
    assert calendar.is_workday(Date(2024, 3, 3)) is False
    assert calendar.is_workday(MONDAY) is True


def test_other_weekend():
    calendar = WorkCalendar(weekend=(4,))
    assert calendar.is_workday(FRIDAY) is False
    assert calendar.is_workday(SATURDAY) is True


def test_somebody_has_to_work():
    with pytest.raises(ValueError):
        WorkCalendar(weekend=range(7))


def test_holidays():
    calendar = WorkCalendar([MONDAY])
    assert calendar.is_workday(MONDAY) is False
    calendar.add_holiday(FRIDAY)
    assert calendar.is_workday(FRIDAY) is False


def test_add():
    calendar = WorkCalendar()
    assert calendar.add(FRIDAY, 1) == MONDAY
    assert calendar.add(FRIDAY, 5) == Date(2024, 3, 8)
    assert calendar.add(SATURDAY, 1) == MONDAY


def test_add_backwards():
    calendar = WorkCalendar()
    assert calendar.add(MONDAY, -1) == FRIDAY
    assert calendar.add(Date(2024, 3, 8), -5) == FRIDAY


def test_add_nothing():
    calendar = WorkCalendar()
    assert calendar.add(FRIDAY, 0) == FRIDAY
    assert calendar.add(SATURDAY, 0) == MONDAY


def test_add_over_holidays():
    assert WorkCalendar([MONDAY]).add(FRIDAY, 1) == Date(2024, 3, 5)


def test_count():
    calendar = WorkCalendar()
    assert calendar.count(FRIDAY, MONDAY) == 2
    assert calendar.count(SATURDAY, SATURDAY) == 0
    assert calendar.count(FRIDAY, FRIDAY) == 1
    assert calendar.count(MONDAY, FRIDAY) == 0
    assert WorkCalendar([MONDAY]).count(FRIDAY, Date(2024, 3, 8)) == 5


def test_last_of_month():
    calendar = WorkCalendar()
    assert calendar.last_of_month(FRIDAY) == Date(2024, 3, 29)
    assert calendar.last_of_month(Date(2024, 4, 10)) == Date(2024, 4, 30)
