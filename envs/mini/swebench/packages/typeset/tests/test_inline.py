import pytest
from typeset import dedent, indent, shorten, slugify, title_case


def test_shorten_keeps_what_fits():
    assert shorten("hello", 5) == "hello"
    assert shorten("", 3) == ""


def test_shorten_cuts_at_words():
    assert shorten("hello brave new world", 14) == "hello brave..."
    assert shorten("hello brave new world", 13) == "hello..."
    assert shorten("hello brave new world", 15) == "hello brave..."


def test_shorten_cuts_long_words():
    assert shorten("incomprehensible", 8) == "incom..."
    assert shorten("abcdef", 3) == "..."


def test_shorten_with_another_marker():
    assert shorten("one two three", 8, marker="~") == "one two~"


def test_shorten_needs_room():
    with pytest.raises(ValueError):
        shorten("hello", 2)


def test_slugify():
    assert slugify("Hello, World!") == "hello-world"
    assert slugify("  The  Cat's 9 lives ") == "the-cats-9-lives"
    assert slugify("!?") == ""
    assert slugify("a b", separator="_") == "a_b"


def test_slugify_longest():
    assert slugify("one two three", longest=8) == "one-two"
    assert slugify("one two three", longest=7) == "one-two"
    assert slugify("one two three", longest=6) == "one"
    assert slugify("incomprehensible", longest=5) == "incom"


def test_title_case():
    assert title_case("the lord of the rings") == "The Lord of the Rings"
    assert title_case("what is it for") == "What Is It For"
    assert title_case("A WELL-KNOWN fact") == "A Well-Known Fact"


def test_indent():
    assert indent("a\n\nb") == "    a\n\n    b"
    assert indent("a\nb", prefix="> ") == "> a\n> b"
    assert indent("a\nb\nc", prefix="  ", first="- ") == "- a\n  b\n  c"


def test_dedent():
    assert dedent("    a\n      b\n    c") == "a\n  b\nc"
    assert dedent("  a\n\n  b") == "a\n\nb"
    assert dedent("a\n  b") == "a\n  b"
    assert dedent("") == ""
