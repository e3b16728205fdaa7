import pytest
from typeset import bytes_text, duration_text, plural


def test_plural():
    assert plural(1, "cat") == "1 cat"
    assert plural(2, "cat") == "2 cats"
    assert plural(0, "cat") == "0 cats"
    assert plural(2, "mouse", "mice") == "2 mice"


def test_bytes():
    assert bytes_text(0) == "0 B"
    assert bytes_text(1023) == "1023 B"
    assert bytes_text(1024) == "1.0 KiB"
    assert bytes_text(1536) == "1.5 KiB"
    assert bytes_text(150 * 1024) == "150 KiB"
    assert bytes_text(3 * 1024**3) == "3.0 GiB"


def test_very_many_bytes():
    assert bytes_text(5000 * 1024**4) == "5000 TiB"


def test_decimal_bytes():
    assert bytes_text(999, decimal=True) == "999 B"
    assert bytes_text(1000, decimal=True) == "1.0 kB"
    assert bytes_text(2500000, decimal=True) == "2.5 MB"


def test_negative_bytes():
    with pytest.raises(ValueError):
        bytes_text(-1)


def test_durations():
    assert duration_text(0) == "0 s"
    assert duration_text(59) == "59 s"
    assert duration_text(60) == "1 min"
    assert duration_text(3905) == "1 h 5 min"
    assert duration_text(90061) == "1 d 1 h"


def test_parts():
    assert duration_text(3905, parts=3) == "1 h 5 min 5 s"
    assert duration_text(3905, parts=1) == "1 h"
    assert duration_text(86405) == "1 d 5 s"


def test_negative_durations():
    assert duration_text(-65) == "-1 min 5 s"
