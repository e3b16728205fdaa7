import pytest
from versions import parse, parse_range

ALL = [parse(text) for text in "0.0.3 0.0.4 0.2.3 0.2.9 0.3.0 1.0.0 1.2.3 1.2.9 1.3.0 1.9.9 2.0.0 2.1.0".split()]


def fitting(text):
    return " ".join(str(version) for version in parse_range(text).filter(ALL))


def test_comparators():
    assert fitting(">=1.9.9") == "1.9.9 2.0.0 2.1.0"
    assert fitting(">1.9.9") == "2.0.0 2.1.0"
    assert fitting("<0.2.3") == "0.0.3 0.0.4"
    assert fitting("<=0.2.3") == "0.0.3 0.0.4 0.2.3"
    assert fitting("=1.2.3") == "1.2.3"
    assert fitting("1.2.3") == "1.2.3"


def test_several_comparators():
    assert fitting(">=1.2.3,<1.3") == "1.2.3 1.2.9"
    assert fitting(">=1.2.3 <1.3") == "1.2.3 1.2.9"
    assert fitting(">1, !=1.2.9, <1.9") == "1.2.3 1.3.0"


def test_caret():
    assert fitting("^1.2.3") == "1.2.3 1.2.9 1.3.0 1.9.9"
    assert fitting("^2") == "2.0.0 2.1.0"


def test_caret_before_one():
    assert fitting("^0.2.3") == "0.2.3 0.2.9"
    assert fitting("^0.0.3") == "0.0.3"


def test_tilde():
    assert fitting("~1.2.3") == "1.2.3 1.2.9"
    assert fitting("~1.2") == "1.2.3 1.2.9"
    assert fitting("~1") == "1.0.0 1.2.3 1.2.9 1.3.0 1.9.9"


def test_wildcards():
    assert fitting("1.2.x") == "1.2.3 1.2.9"
    assert fitting("2.*") == "2.0.0 2.1.0"
    assert fitting("*") == fitting("") == fitting(">=0")
    with pytest.raises(ValueError):
        parse_range("1.2.3.x")


def test_hyphen():
    assert fitting("1.2.3 - 1.3.0") == "1.2.3 1.2.9 1.3.0"


def test_alternatives():
    assert fitting("^0.2 || ^2.1") == "0.2.3 0.2.9 2.1.0"


def test_prereleases_only_where_they_are_named():
    version = parse("2.0.0-rc.2")
    assert version not in parse_range(">=1.0.0")
    assert version in parse_range(">=2.0.0-rc.1")
    assert parse("2.1.0-rc.1") not in parse_range(">=2.0.0-rc.1")
    assert version not in parse_range("*")


def test_best():
    assert str(parse_range("^1").best(ALL)) == "1.9.9"
    assert parse_range("^3").best(ALL) is None


def test_text():
    assert str(parse_range("^1 || 2.x")) == "^1 || 2.x"


def test_what_is_no_range():
    for text in (">=", "1 2", "a.x", ">=b"):
        with pytest.raises(ValueError):
            parse_range(text)
