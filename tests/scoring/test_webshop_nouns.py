"""Nouns by rule: how a title is cut, what is left out, and the agreement with the tagger on real names."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym.envs.webshop import engine
from skillflow_gym.scoring.webshop_nouns import nouns, words
from tests.envs.webshop_files import REAL, golden, needs_real


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Women's Boots, Size 7", ["women", "boots", "size"]),
        ("Tea-Kettle/Pot (2 Pack)", ["tea", "kettle", "pot", "pack"]),
        ("500ml Bottle with 3kg weight", ["500ml", "bottle", "kg", "weight"]),
        ("Cable for the USB-C of A4 paper", ["cable", "usb", "c", "a4", "paper"]),
        ("", []),
        ("& - / 12 x 4.5", []),
    ],
)
def test_examples(title: str, expected: list[str]) -> None:
    assert list(nouns(title)) == expected


@given(st.text(max_size=80))
def test_any_title_is_cut_into_parts_of_it(title: str) -> None:
    assert all(word and word in title for word in words(title))


@needs_real
def test_agreement_with_the_tagger() -> None:
    catalogue = engine.open_catalogue(engine.resolve(f"file:{REAL}"))
    table, both, mine, theirs = golden("name_nouns_spacy.json"), 0, 0, 0
    for asin, tagged in table.items():
        found = Counter(nouns(catalogue.product(catalogue.number(asin)).title))
        both += (found & Counter(tagged)).total()
        mine, theirs = mine + found.total(), theirs + len(tagged)
    assert both / mine > 0.93 and both / theirs > 0.97
