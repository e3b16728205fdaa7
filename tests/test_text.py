"""Words, stems and sentences."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.text import STOP_WORDS, content_stems, content_words, fold, raw_words, sentences, stem, stems, words

quick = settings(deadline=None, derandomize=True)
any_text = st.text(st.characters())


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ABC", "abc"),
        ("Évora", "evora"),
        ("NAÏVE", "naive"),
        ("ﬁne", "fine"),
        ("Ångström", "angstrom"),
        ("漢字", "漢字"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Town of Évora", ("the", "town", "of", "evora")),
        ("Anna's and the girls’ books", ("anna", "and", "the", "girls", "books")),
        ("ANNA'S", ("anna",)),
        ("it’s O'Neill", ("it", "o'neill")),
        ("well-known, isn't it?", ("well", "known", "isn't", "it")),
        ("U.S. 3.5% of 1,250 in 1961", ("u", "s", "3.5", "of", "1,250", "in", "1961")),
        ("", ()),
        ("?! … — \u2028", ()),
        ("\ud800 a\udfffb", ("a", "b")),
    ],
)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


def test_raw_words_keep_their_case() -> None:
    assert raw_words("Anna's Évora in 1961") == ("Anna", "Évora", "in", "1961")


def test_content_words_leave_out_stop_words() -> None:
    assert content_words("Who was the author of the Novel, and why?") == ("author", "novel")
    assert content_words("the of a") == ()
    assert {"the", "who", "your"} <= STOP_WORDS and "not" not in STOP_WORDS


def test_stems_join_the_forms_of_a_word() -> None:
    assert stem("published") == stem("publishing") == stem("publishes") != stem("public")
    assert stems("The bands played") == tuple(stem(word) for word in ("the", "bands", "played"))
    assert content_stems("The bands played") == stems("bands played")


def test_stemming_is_safe_in_threads() -> None:
    forms = [f"{a}{b}{e}" for a in ("play", "found", "locat") for b in "bcdfghjk" for e in ("ing", "ed", "s", "er", "")]
    expected = [stem(word) for word in forms]
    stem.cache_clear()
    start = threading.Barrier(4)

    def job(_: int) -> list[str]:
        start.wait(timeout=10)
        return [stem(word) for word in forms]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(job, range(4))) == [expected] * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ("One.", "Two!", "Three?", "Four")),
        ("A. B. Smith met Dr. Jones. They left.", ("A. B. Smith met Dr. Jones.", "They left.")),
        ("It is 3.5 m. long. The end.", ("It is 3.5 m. long.", "The end.")),
        ("He left. “Why?” she asked. (Nobody knew.)", ("He left.", "“Why?” she asked.", "(Nobody knew.)")),
        ("  spaced.   Out.  ", ("spaced.", "Out.")),
        ("Élan. Évora.", ("Élan.", "Évora.")),
        ("1961. 1962.", ("1961.", "1962.")),
        ("", ()),
        ("   ", ()),
    ],
)
def test_sentences(text: str, expected: tuple[str, ...]) -> None:
    assert sentences(text) == expected


@quick
@given(any_text)
def test_nothing_is_lost(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
    assert all(sentence.strip() == sentence != "" for sentence in sentences(text))
    assert len(words(text)) == len(raw_words(text)) == len(stems(text))
    assert all(word not in STOP_WORDS for word in content_words(text))
    assert len(content_stems(text)) == len(content_words(text))


@quick
@given(any_text)
def test_case_does_not_matter_to_ascii_words(text: str) -> None:
    plain = text.encode("ascii", "ignore").decode()
    assert words(plain.upper()) == words(plain.lower())
