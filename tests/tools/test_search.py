"""Search over passages, lookup in what was found, and how passages are shown and read back."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skillflow_gym import InfrastructureError
from skillflow_gym.tools.search import BM25Retriever, HTTPRetriever, Passage, Reader, read_passages, show_passages
from tests.tools.retriever_server import BODIES, BROKEN, MISBEHAVING, PASSAGES, closed_port, retriever_server

FRUIT = [
    Passage("Pear", "A pear is a fruit. Pears are sweet."),
    Passage("Quince", "A quince is a hard fruit. It is no pear."),
    Passage("Évora", "A town in Portugal. Its cathedral is old."),
]
quick = settings(deadline=None, derandomize=True)


def bm25(query: list[str], documents: list[list[str]], k1: float = 1.5, b: float = 0.75) -> list[float]:
    """Lucene's formula, written out: idf log(1 + (N - n + 1/2) / (n + 1/2)), term frequency without (k1 + 1)."""
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        total = 0.0
        for word in query:
            n = sum(word in other for other in documents)
            tf = document.count(word)
            idf = math.log(1 + (len(documents) - n + 0.5) / (n + 0.5))
            total += idf * tf / (tf + k1 * (1 - b + b * len(document) / mean))
        scores.append(total)
    return scores


def test_ranking_follows_the_formula() -> None:
    rng = np.random.default_rng(0)
    vocabulary = [f"word{i}" for i in range(12)]
    documents = [[str(w) for w in rng.choice(vocabulary, size=rng.integers(3, 15))] for _ in range(40)]
    retriever = BM25Retriever([Passage(f"t{i}", " ".join(d)) for i, d in enumerate(documents)])
    for _ in range(20):
        query = [str(w) for w in rng.choice(vocabulary, size=3)]
        expected = bm25(query, [[f"t{i}", *d] for i, d in enumerate(documents)])
        found = [int(p.title[1:]) for p in retriever.search(" ".join(query), 10)]
        best = sorted(expected, reverse=True)
        assert [expected[i] for i in found] == pytest.approx([s for s in best[:10] if s > 0], rel=1e-5)


def test_search_is_about_words() -> None:
    retriever = BM25Retriever(FRUIT)
    assert [p.title for p in retriever.search("PEAR", 3)] == ["Pear", "Quince"]
    assert retriever.search("pear", 1) == (FRUIT[0],)
    assert retriever.search("evora", 3) == (FRUIT[2],), "accents and case do not matter"
    for nothing in ("", "the of a", "banana", "?!", "\ud800"):
        assert retriever.search(nothing, 3) == ()


def test_duplicates_are_dropped_and_ties_keep_their_order() -> None:
    same = [Passage(f"n{i}", "alike text") for i in range(5)]
    retriever = BM25Retriever([*same, same[0], same[3]])
    assert retriever.passages == same
    assert list(retriever.search("alike", 5)) == same


@pytest.mark.parametrize("passages", [[], [Passage("", "")], [Passage("the", "a of")]])
def test_a_corpus_without_a_word_finds_nothing(passages: list[Passage]) -> None:
    assert BM25Retriever(passages).search("pear", 3) == ()


def test_reader_searches_and_looks_up_in_what_was_found() -> None:
    reader = Reader(BM25Retriever(FRUIT), top_k=2)
    assert reader.lookup("fruit") == "Nothing found.", "nothing was searched yet"
    assert reader.search("hard quince").startswith("[1] Quince\nA quince is a hard fruit.")
    assert reader.lookup("FRUIT") == "[1] Quince\nA quince is a hard fruit."
    assert reader.lookup("sweet") == "Nothing found.", "that passage was not found yet"
    reader.search("sweet")
    assert reader.lookup("fruit") == "[1] Quince\nA quince is a hard fruit.\n[2] Pear\nA pear is a fruit."
    for empty in ("", "  ", "?", "banana"):
        assert reader.lookup(empty) == "Nothing found."
    assert reader.search("banana") == "Nothing found."


words = st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1), min_size=1).map(" ".join)


@quick
@given(st.lists(st.builds(Passage, words, words), max_size=5))
def test_shown_passages_are_read_back(passages: list[Passage]) -> None:
    assert read_passages(show_passages(passages)) == passages


@quick
@example("A list", "[2] Not a title")
@example("[7] A title", "")
@given(st.text(st.characters()), st.text(st.characters()))
def test_any_passage_takes_two_lines(title: str, text: str) -> None:
    shown = show_passages([Passage(title, text)] * 2)
    assert len(shown.split("\n")) == 4
    assert read_passages(shown) == [Passage(" ".join(title.split()), " ".join(text.split()))] * 2


@pytest.mark.parametrize("text", ["", "Nothing found.", "Tools:\nsearch: query - x", "[x] y\nz", "[1]", "no\n[y"])
def test_other_text_holds_no_passages(text: str) -> None:
    assert read_passages(text) == []


@pytest.mark.parametrize("mode", BODIES)
def test_the_forms_of_a_working_server(mode: str) -> None:
    with retriever_server(mode) as (url, requests):
        found = HTTPRetriever(url).search("pear \ud800 é", 2)
    assert [tuple(passage) for passage in found] == PASSAGES[:2]
    assert requests == [{"queries": ["pear \ud800 é"], "topk": 2, "return_scores": True}]


@pytest.mark.parametrize("mode", [*BROKEN, *MISBEHAVING])
def test_a_failing_server_is_infrastructure(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with retriever_server(mode) as (url, requests):
        with pytest.raises(InfrastructureError, match=f"retriever {url}: ") as caught:
            HTTPRetriever(url, deadline=0.2, tries=2).search("pear", 3)
        assert len(requests) == 2, "it tries again before it gives up"
    assert len(str(caught.value)) < 300


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(InfrastructureError, match="refused"):
        HTTPRetriever(closed_port(), deadline=1).search("pear", 3)
    assert len(waits) == 2 and waits[1] > waits[0] > 0, "the pauses grow"


def test_a_recovering_server_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    with retriever_server("status 500", "no JSON", "documents") as (url, requests):
        assert HTTPRetriever(url).search("pear", 1) == [Passage(*PASSAGES[0])]
        assert len(requests) == 3
