"""HotpotQA: one gold, and yes/no/noanswer all or nothing."""

import pytest

from skillflow_gym.scoring.hotpotqa import normalise, score


@pytest.mark.parametrize(
    ("prediction", "gold", "em", "f1"),
    [
        ("The Rolling Stones.", "rolling stones", 1, 1),
        ("the U.S. Army", "US army", 1, 1),
        ("U S Army", "U.S. Army", 0, 2 / 5),  # u s army against us army: 1 in common, 3 + 2 tokens
        ("Chief of Protocol of the US", "Chief of Protocol", 0, 3 / 4),  # 3 of 5 and 3 of 3; the second "of" is spare
        ("Café", "Cafe\u0301", 0, 0),
        ("Yes!", "yes", 1, 1),
        ("no", "yes", 0, 0),
        ("yes it is", "yes", 0, 0),  # the gold is closed
        ("no", "No Country for Old Men", 0, 0),  # the prediction is closed
        ("noanswer", "noanswer given", 0, 0),
        ("No-answer", "noanswer", 1, 1),
        ("no answer", "noanswer", 0, 0),
        ("yes and no", "yes and yes", 0, 2 / 3),  # contains them but is neither: 2 in common, 3 + 3 tokens
        ("", "Paris", 0, 0),
        ("the", "Paris", 0, 0),
        ("a", "the", 1, 0),  # equal because both are empty; an empty answer has no F1
    ],
)
def test_score(prediction: str, gold: str, em: float, f1: float) -> None:
    assert score(prediction, [gold]) == {"em": em, "f1": pytest.approx(f1, abs=1e-15)}


def test_normaliser_deletes_punctuation() -> None:
    assert normalise("The U.S.-led A-Team") == "usled ateam"


@pytest.mark.parametrize("golds", [[], ["Paris", "City of Light"]])
def test_exactly_one_gold(golds: list[str]) -> None:
    with pytest.raises(ValueError, match=f"one gold answer and no aliases, got {len(golds)}"):
        score("Paris", golds)
