import pytest
from typeset import bullets, numbered, outline, roman
from typeset.lists import letters


def test_bullets():
    assert bullets(["one", "two"]) == "* one\n* two"
    assert bullets(["a long item"], width=8, bullet="-") == "- a long\n  item"
    assert bullets([]) == ""


def test_numbered():
    assert numbered(["a", "b"]) == "1. a\n2. b"
    assert numbered(["a", "b"], start=9) == " 9. a\n10. b"
    assert numbered(["a"], start=9) == "9. a"


def test_numbered_wraps():
    assert numbered(["one two three"], width=10) == "1. one two\n   three"
    assert numbered(["a", "", "c"]) == "1. a\n2.\n3. c"


def test_roman():
    numbers = (1, 4, 9, 14, 40, 90, 400, 1994, 2024, 3999)
    expected = "I IV IX XIV XL XC CD MCMXCIV MMXXIV MMMCMXCIX"
    assert " ".join(roman(number) for number in numbers) == expected


def test_no_roman():
    for number in (0, -1, 4000):
        with pytest.raises(ValueError):
            roman(number)


def test_letters():
    assert [letters(number) for number in (1, 26, 27, 52, 703)] == ["a", "z", "aa", "az", "aaa"]
    with pytest.raises(ValueError):
        letters(0)


def test_outline():
    entries = [(1, "One"), (2, "A"), (2, "B"), (1, "Two"), (2, "C")]
    assert outline(entries) == "1 One\n  1.1 A\n  1.2 B\n2 Two\n  2.1 C"


def test_outline_starts_deeper_levels_anew():
    entries = [(1, "a"), (2, "b"), (3, "c"), (2, "d"), (3, "e")]
    assert outline(entries).split("\n")[-1] == "    1.2.1 e"


def test_outline_depth():
    assert outline([(1, "a"), (2, "b"), (3, "c")], depth=2) == "1 a\n  1.1 b"
    with pytest.raises(ValueError):
        outline([(0, "a")])
