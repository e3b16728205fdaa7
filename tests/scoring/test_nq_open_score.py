"""NQ-Open: SQuAD's normaliser after Unicode NFD, and the best over the answer list."""

import pytest

from skillflow_gym.scoring.nq_open import normalise, score


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.S.-led A-Team", "usled ateam"),
        ("São Paulo", "sa\u0303o paulo"),
        ("ﬁve", "ﬁve"),  # canonical decomposition only: the ligature stays
        ("\N{GREEK QUESTION MARK}", ""),  # decomposes to ";", which is then deleted
        ("à la carte", "\u0300 la carte"),  # the accent ends the word, so its "a" goes like an article
        ("\N{KELVIN SIGN}", "k"),
        ("“Rush”", "“rush”"),
        ("the ... a", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("prediction", "golds", "em", "f1"),
    [
        ("december 1972", ["14 December 1972 UTC", "December 1972"], 1, 1),
        ("14 December 1972", ["14 December 1972 UTC", "December 1972"], 0, 6 / 7),  # 3 of 3 and 3 of 4
        ("Beyonce\u0301", ["Beyonc\u00e9"], 1, 1),
        ("Beyonce", ["Beyonc\u00e9"], 0, 0),
        ("new york new york", ["new york"], 0, 2 / 3),  # 2 of 4 and 2 of 2
        ("no it is not", ["no"], 0, 2 / 5),  # no yes/no rule
        ("", ["Paris"], 0, 0),
        ("an", ["the"], 1, 0),
    ],
)
def test_score(prediction: str, golds: list[str], em: float, f1: float) -> None:
    assert score(prediction, golds) == {"em": em, "f1": pytest.approx(f1, abs=1e-15)}
