"""The search engine: stems, tokens, and ranks against the formula computed plainly."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.envs.webshop import engine
from skillflow_gym.envs.webshop.analyzer import terms
from skillflow_gym.envs.webshop.bm25 import Index, IndexWriter, _quantised
from skillflow_gym.envs.webshop.porter import stem


@pytest.mark.parametrize(
    ("word", "expected"),
    [  # Porter's own examples, step by step, then his departures
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("cats", "cat"),
        ("agreed", "agre"),
        ("feed", "feed"),
        ("plastered", "plaster"),
        ("motoring", "motor"),
        ("conflated", "conflat"),
        ("hopping", "hop"),
        ("falling", "fall"),
        ("filing", "file"),
        ("happy", "happi"),
        ("sky", "sky"),
        ("relational", "relat"),
        ("vietnamization", "vietnam"),
        ("triplicate", "triplic"),
        ("hopeful", "hope"),
        ("adjustment", "adjust"),
        ("adoption", "adopt"),
        ("probate", "probat"),
        ("rate", "rate"),
        ("cease", "ceas"),
        ("controlling", "control"),
        ("roll", "roll"),
        ("technology", "technolog"),
        ("possibly", "possibl"),
        ("us", "us"),
        ("day", "dai"),
        ("x", "x"),
        ("", ""),
    ],
)
def test_stems(word: str, expected: str) -> None:
    assert stem(word) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat's toys", ["cat", "toi"]),
        ("Women’s 3.5-inch", ["women", "3.5", "inch"]),
        ("type:cotton a,b 1,000;5", ["type:cotton", "b", "1,000;5"]),
        ("don't f.o.b. end.", ["don't", "f.o.b", "end"]),
        ("snake_case _x_ __", ["snake_cas", "_x_"]),
        ("★ sale ❤️ ™", ["★", "sale", "❤️", "™"]),
        ("颜色：红色 ok", ["颜", "色", "红", "色", "ok"]),
        ("ティー セット", ["ティー", "セット"]),
        ("👨‍👩‍👧 👍🏽 🇫🇷", ["👨‍👩‍👧", "👍🏽", "🇫🇷"]),
        ("café\xadbar", ["café\xadbar"]),
        ("ไทย ภาษา", ["ไทย", "ภาษา"]),
        ("1️⃣ first", ["1️⃣", "first"]),
        ("", []),
        ("a" * 300, ["a" * 255, "a" * 45]),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_ascii_is_cut_alike_beside_other_letters(text: str) -> None:
    assert terms(f"{text} é") == [*terms(text), "é"]


@pytest.mark.parametrize(
    "text", ["_" * 50_000, "a_" * 30_000 + ".", "[" * 90_000, "\u203f\u2040" * 5_000, "'" * 90_000]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    assert len(terms(text)) <= 1 + len(text) // 255


@pytest.mark.parametrize(("length", "kept"), [(0, 0), (23, 23), (40, 40), (41, 40), (56, 56), (57, 56), (1000, 984)])
def test_lengths_are_kept_as_a_norms_byte_keeps_them(length: int, kept: int) -> None:
    assert _quantised(length) == kept


def build(folder: Path, documents: list[list[str]]) -> Index:
    writer = IndexWriter(folder)
    for document in documents:
        writer.add(document)
    writer.finish()
    return Index(folder, np.arange(len(documents), dtype=np.int32)[::-1])


def plain(documents: list[list[str]], query: list[str]) -> list[float]:
    """The scores by the formula."""
    filled = [len(document) for document in documents if document]
    average, scores = sum(filled) / max(1, len(filled)), []
    for document in documents:
        score = 0.0
        for term, times in Counter(query).items():
            df = sum(term in other for other in documents)
            if tf := document.count(term):
                idf = math.log(1 + (len(filled) - df + 0.5) / (df + 0.5))
                score += times * idf * (1 - 1 / (1 + tf / (0.9 * (0.6 + 0.4 * len(document) / average))))
        scores.append(score)
    return scores


word = st.sampled_from("ant bee cat dog elk".split())


@settings(deadline=None, max_examples=50)
@given(documents=st.lists(st.lists(word, max_size=12), min_size=1, max_size=30), query=st.lists(word, max_size=4))
def test_scores_are_the_formulas(
    documents: list[list[str]], query: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    index = build(tmp_path_factory.mktemp("index"), documents)
    expected = plain(documents, query)
    found, scores = index.search(query, 5)
    assert scores.tolist() == pytest.approx(sorted((s for s in expected if s), reverse=True)[:5], rel=1e-5)
    assert [expected[i] for i in found] == pytest.approx(scores.tolist(), rel=1e-5)
    pairs = list(zip(scores.tolist(), found.tolist(), strict=True))
    assert pairs == sorted(pairs, key=lambda pair: (-pair[0], -pair[1])), "equal scores go by rank: here the last first"


def test_chunks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [[f"w{(i * j) % 17}" for j in range(1 + i % 9)] for i in range(200)]
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    whole = build(tmp_path / "one", documents)
    monkeypatch.setattr("skillflow_gym.envs.webshop.bm25.CHUNK", 7)
    pieces = build(tmp_path / "many", documents)
    for file in ("words.txt", "starts.npy", "documents.npy", "counts.npy", "lengths.npy"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "many" / file).read_bytes()
    assert (
        whole.documents("w3").tolist()
        == pieces.documents("w3").tolist()
        == [i for i, document in enumerate(documents) if "w3" in document]
    )


def test_equal_scores_at_the_border_go_by_asin(tmp_path: Path) -> None:
    index = build(tmp_path, [["same"]] * 40)
    assert index.search(["same"], 3)[0].tolist() == [39, 38, 37]


def test_the_public_search() -> None:
    asins = engine.search("Frying pans", 5, "mini")
    catalogue = engine.open_catalogue(engine.resolve("mini"))
    assert len(asins) == 5
    assert {catalogue.product(catalogue.number(asin)).query for asin in asins} == {"frying pans"}
    assert engine.search("the of and", 5, "mini") == engine.search("zzzunheardof", 5, "mini") == []
