import pytest
from versions import InvalidVersion, Version, latest, parse


def ordered(*texts):
    return [str(version) for version in sorted(parse(text) for text in texts)]


def test_parse():
    assert parse("1.2.3").release == (1, 2, 3)
    assert parse("v2.0").release == (2, 0, 0)
    assert parse(" 7 ").release == (7, 0, 0)


def test_parse_prerelease_and_build():
    version = parse("1.0.0-rc.1+linux.5")
    assert version.pre == ("rc", 1)
    assert version.build == "linux.5"
    assert str(version) == "1.0.0-rc.1+linux.5"


def test_what_is_no_version():
    for text in ("", "a", "1.2.3.4", "1..2", "1.0-", "1.0.0-a..b", "-1"):
        with pytest.raises(InvalidVersion):
            parse(text)


def test_text():
    assert str(Version(1, 2, 3)) == "1.2.3"
    assert str(Version(1)) == "1.0.0"
    assert repr(Version(1, 2, 3, ("beta", 2))) == "Version('1.2.3-beta.2')"


def test_order_of_numbers():
    assert ordered("1.10.0", "1.9.0", "2.0.0", "1.9.10") == ["1.9.0", "1.9.10", "1.10.0", "2.0.0"]


def test_order_of_prereleases():
    texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0"]
    assert ordered(*reversed(texts)) == texts
    assert ordered("1.0.0-a", "1.0.0-1") == ["1.0.0-1", "1.0.0-a"]


def test_builds_do_not_count():
    assert parse("1.0.0+a") == parse("1.0.0+b")
    assert len({parse("1.0.0+a"), parse("1.0.0+b")}) == 1
    assert parse("1.0.0") != "1.0.0"


def test_stability():
    assert parse("1.0.0").is_stable is True
    assert parse("0.9.0").is_stable is False
    assert parse("1.0.0-rc").is_stable is False
    assert parse("1.0.0-rc").is_prerelease is True
    assert parse("1.0.0").is_prerelease is False


def test_bump():
    version = parse("1.2.3")
    assert str(version.bump("major")) == "2.0.0"
    assert str(version.bump("minor")) == "1.3.0"
    assert str(version.bump("patch")) == "1.2.4"
    with pytest.raises(ValueError):
        version.bump("build")


def test_bump_of_a_prerelease():
    assert str(parse("1.2.3-rc.1").bump("patch")) == "1.2.3"
    assert str(parse("1.2.3-rc.1").bump("pre")) == "1.2.3-rc.2"
    assert str(parse("1.2.3-rc").bump("pre")) == "1.2.3-rc.1"
    assert str(parse("1.2.3").bump("pre")) == "1.2.4-1"


def test_difference():
    version = parse("1.2.3")
    assert version.difference(parse("2.2.3")) == "major"
    assert version.difference(parse("1.3.4")) == "minor"
    assert version.difference(parse("1.2.4")) == "patch"
    assert version.difference(parse("1.2.3-rc")) == "pre"
    assert version.difference(parse("1.2.3+x")) is None


def test_compatible():
    assert parse("1.4.0").compatible_with(parse("1.2.3")) is True
    assert parse("1.2.3").compatible_with(parse("1.2.3")) is True
    assert parse("1.2.2").compatible_with(parse("1.2.3")) is False
    assert parse("2.0.0").compatible_with(parse("1.2.3")) is False


def test_compatible_before_one():
    assert parse("0.2.5").compatible_with(parse("0.2.3")) is True
    assert parse("0.3.0").compatible_with(parse("0.2.3")) is False


def test_latest():
    versions = [parse(text) for text in ("1.0.0", "1.2.0", "2.0.0-rc.1", "1.1.0")]
    assert str(latest(versions)) == "1.2.0"
    assert str(latest(versions, prereleases=True)) == "2.0.0-rc.1"
    assert str(latest([parse("1.0.0-a"), parse("1.0.0-b")])) == "1.0.0-b"
    assert latest([]) is None
