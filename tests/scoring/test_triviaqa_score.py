"""TriviaQA: its own normaliser, where punctuation becomes a space, and the best over all aliases."""

import pytest

from skillflow_gym.scoring.triviaqa import normalise, score


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("U.S.", "u s"),
        ("well-known", "well known"),
        ("Snake_Case_", "snake case"),
        ("1,000", "1 000"),
        ("A.I.", "i"),  # the space makes an article of the "a"
        ("the_Beatles", "beatles"),
        ("An Officer & a Gentleman", "officer gentleman"),
        ("O'Neill O’Neill O‘Neill O´Neill O`Neill", "o neill o neill o neill o neill o neill"),
        ("“Rush” – live", "“rush” – live"),  # these are not in the table
        ("Lewis, (Harry) Sinclair", "lewis harry sinclair"),
        ("  Mount\u2028 Everest\u00a0", "mount everest"),
        ("ÉCOLE", "école"),
        ("e\u0301", "e\u0301"),
        ("\N{ACUTE ACCENT}", ""),
        ("_", ""),
        ("", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("prediction", "golds", "em", "f1"),
    [
        ("Sinclair Lewis", ["Lewis, Sinclair", "sinclair lewis"], 1, 1),
        ("U S Army", ["U.S. Army"], 1, 1),
        ("US Army", ["U.S. Army"], 0, 2 / 5),  # us army against u s army
        ("well known", ["Well-Known"], 1, 1),
        ("rock-rock-roll", ["Rock_Roll", "rock"], 0, 4 / 5),  # 2 of 3 and 2 of 2 beat 1 of 3 and 1 of 1
        ("no it is not", ["no"], 0, 2 / 5),  # no yes/no rule
        ("Café", ["Cafe\u0301"], 0, 0),
        ("", ["onion"], 0, 0),
        ("the", ["...", "onion"], 1, 0),  # empty equals empty, but has no F1
    ],
)
def test_score(prediction: str, golds: list[str], em: float, f1: float) -> None:
    assert score(prediction, golds) == {"em": em, "f1": pytest.approx(f1, abs=1e-15)}
