"""The set ratio: values worked out by hand from its definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym.scoring.token_set import token_set_ratio


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("machine wash", "wash, MACHINE!", 100),
        ("machine wash", "wash", 100),  # one is a part of the other
        ("abcd", "bcde", 75),  # "bcd" is common: 2 * 3 / 8
        ("a b", "a c", 67),  # "a b" and "a c": 2 * 2 / 6
        ("('color', 'blue')", "blue", 100),
        ("café", "caf", 100),  # U+0080 to U+00FF are dropped
        ("★★", "★★", 0),  # no word
        ("", "", 0),
        ("x_y", "x y", 67),  # an underscore is a letter
    ],
)
def test_by_hand(one: str, other: str, expected: int) -> None:
    assert token_set_ratio(one, other) == expected


words = st.lists(st.sampled_from("red blue green x1".split()), min_size=1, max_size=4)


@given(words, words)
def test_a_common_word_makes_all_its_sets_alike(some: list[str], more: list[str]) -> None:
    assert token_set_ratio(" ".join(some), " ".join([*more, *some])) == 100


@given(st.text(max_size=20), st.text(max_size=20))
def test_it_is_a_percentage(one: str, other: str) -> None:
    assert 0 <= token_set_ratio(one, other) <= 100
