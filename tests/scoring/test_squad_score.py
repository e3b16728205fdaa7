"""The shared SQuAD metric: every rule worked by hand."""

from fractions import Fraction

import pytest

from skillflow_gym.scoring.squad import best_over_golds, drop_articles, normalise, token_f1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PARIS", "paris"),
        ("The Beatles", "beatles"),
        ("a cat and an owl on the mat", "cat and owl on mat"),
        ("theatre Anaheim than", "theatre anaheim than"),  # articles only as whole words
        ("the the", ""),
        ("U.S.", "us"),
        ("well-known", "wellknown"),
        ("snake_case", "snakecase"),
        ("1,000", "1000"),
        ("O'Neill", "oneill"),
        ("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", ""),
        ("A.N. Other", "other"),  # punctuation goes first, and what is left is an article
        ("the-best", "thebest"),  # ... or no longer is one
        ("  New \t York\nCity ", "new york city"),
        ("New\u00a0York\u2003City", "new york city"),  # Unicode whitespace counts
        ("“Rush” – ‘live’", "“rush” – ‘live’"),  # punctuation outside ASCII stays
        ("ÉCOLE", "école"),
        ("e\u0301", "e\u0301"),  # no Unicode normalisation
        ("İ", "i\u0307"),  # str.lower, not casefold
        ("Straße", "straße"),
        ("", ""),
        ("...", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_drop_articles_leaves_case_and_punctuation_alone() -> None:
    assert drop_articles("the  Theatre, an (a) The") == "Theatre, ( ) The"


@pytest.mark.parametrize(
    ("prediction", "gold", "expected"),
    [
        ("new york", "new york", Fraction(1)),
        ("york new", "new york", Fraction(1)),  # a multiset: order is ignored
        ("new york city", "new york", Fraction(4, 5)),  # p 2/3, r 1
        ("york", "new york city", Fraction(1, 2)),  # p 1, r 1/3
        ("duran duran", "duran", Fraction(2, 3)),  # the second duran is matched by nothing: p 1/2, r 1
        ("la la la land", "la la", Fraction(2, 3)),  # 2 of 4 and 2 of 2
        ("la la la x", "la la y y y", Fraction(4, 9)),  # 2 in common, 4 + 5 tokens: p 2/4, r 2/5
        ("london", "paris", Fraction(0)),
        ("", "paris", Fraction(0)),
        ("paris", "", Fraction(0)),
        ("", "", Fraction(0)),
    ],
)
def test_token_f1(prediction: str, gold: str, expected: Fraction) -> None:
    assert token_f1(prediction, gold) == pytest.approx(float(expected), abs=1e-15)


def test_em_and_f1_may_come_from_different_golds() -> None:
    def reversed_f1(prediction: str, gold: str) -> float:
        return 0.25 if prediction == gold else 0.75

    assert best_over_golds("x", ["x", "y"], f1=reversed_f1) == {"em": 1.0, "f1": 0.75}


def test_both_sides_go_through_the_given_normaliser() -> None:
    assert best_over_golds("Paris!", ["pARIS?"], normalise=lambda text: text[0].lower()) == {"em": 1.0, "f1": 1.0}
