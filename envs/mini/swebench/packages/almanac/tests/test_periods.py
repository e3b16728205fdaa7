import pytest
from almanac import Date, Period, merge


def march(first, last):
    return Period(Date(2024, 3, first), Date(2024, 3, last))


def test_length():
    assert len(march(1, 1)) == 1
    assert len(march(1, 31)) == 31


def test_wrong_order():
    with pytest.raises(ValueError):
        march(2, 1)
    assert march(2, 2).start == march(2, 2).end


def test_contains():
    period = march(5, 10)
    assert Date(2024, 3, 5) in period
    assert Date(2024, 3, 10) in period
    assert Date(2024, 3, 4) not in period
    assert Date(2024, 3, 11) not in period


def test_days():
    assert [date.day for date in march(29, 31)] == [29, 30, 31]


def test_overlaps():
    assert march(1, 5).overlaps(march(5, 9)) is True
    assert march(5, 9).overlaps(march(1, 5)) is True
    assert march(1, 5).overlaps(march(6, 9)) is False
    assert march(6, 9).overlaps(march(1, 5)) is False
    assert march(1, 9).overlaps(march(3, 4)) is True


def test_touches():
    assert march(1, 5).touches(march(6, 9)) is True
    assert march(6, 9).touches(march(1, 5)) is True
    assert march(1, 5).touches(march(7, 9)) is False
    assert march(7, 9).touches(march(1, 5)) is False


def test_intersection():
    assert march(1, 10).intersection(march(5, 20)) == march(5, 10)
    assert march(5, 20).intersection(march(1, 10)) == march(5, 10)
    assert march(1, 4).intersection(march(5, 9)) is None


def test_subtract():
    assert march(1, 10).subtract(march(4, 6)) == [march(1, 3), march(7, 10)]
    assert march(1, 10).subtract(march(1, 6)) == [march(7, 10)]
    assert march(1, 10).subtract(march(6, 10)) == [march(1, 5)]
    assert march(1, 10).subtract(march(1, 10)) == []
    assert march(1, 10).subtract(march(20, 22)) == [march(1, 10)]


def test_split():
    assert march(1, 7).split(3) == [march(1, 3), march(4, 6), march(7, 7)]
    assert march(1, 6).split(3) == [march(1, 3), march(4, 6)]
    assert march(1, 2).split(1) == [march(1, 1), march(2, 2)]
    with pytest.raises(ValueError):
        march(1, 7).split(0)


def test_months():
    period = Period(Date(2023, 11, 30), Date(2024, 2, 1))
    assert period.months() == [(2023, 11), (2023, 12), (2024, 1), (2024, 2)]
    assert march(3, 4).months() == [(2024, 3)]


def test_merge():
    assert merge([march(8, 10), march(1, 3), march(3, 5)]) == [march(1, 5), march(8, 10)]
    assert merge([march(1, 3), march(4, 5)]) == [march(1, 5)]
    assert merge([march(1, 10), march(2, 3)]) == [march(1, 10)]
    assert merge([march(1, 2), march(4, 5)]) == [march(1, 2), march(4, 5)]
    assert merge([]) == []
