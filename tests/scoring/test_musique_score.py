"""MuSiQue: best over answer and aliases, two empty answers agree, no yes/no rule."""

import pytest

from skillflow_gym.scoring.musique import normalise, score


@pytest.mark.parametrize(
    ("prediction", "golds", "em", "f1"),
    [
        ("UK", ["United Kingdom", "U.K."], 1, 1),
        ("the United Kingdom of Great Britain", ["Great Britain", "United Kingdom", "UK"], 0, 4 / 7),  # 2 of 5, 2 of 2
        ("Kingdom United", ["United Kingdom"], 0, 1),
        ("yes it is", ["yes"], 0, 1 / 2),  # p 1/3, r 1
        ("bora bora bora", ["Bora Bora", "Bora"], 0, 4 / 5),  # 2 of 3 and 2 of 2 beat 1 of 3 and 1 of 1
        ("well known", ["well-known"], 0, 0),
        ("Café", ["Cafe\u0301"], 0, 0),
        ("", ["Stanley"], 0, 0),
        ("Stanley", ["..."], 0, 0),
        ("", [""], 1, 1),
        ("The!", ["a"], 1, 1),
        ("", ["Stanley", "the"], 1, 1),
    ],
)
def test_score(prediction: str, golds: list[str], em: float, f1: float) -> None:
    assert score(prediction, golds) == {"em": em, "f1": pytest.approx(f1, abs=1e-15)}


def test_normaliser_deletes_punctuation() -> None:
    assert normalise("The U.S.-led A-Team") == "usled ateam"
