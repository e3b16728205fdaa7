"""NQ-Open EM, and an F1 beside it that is not official.

Source: Lee et al. 2019 (arXiv 1906.00300) and the official evaluator that the NQ-Open data names, language/orqa
(google-research/language: evaluation/evaluate_predictions.py, utils/eval_utils.py).
"""

import unicodedata
from collections.abc import Sequence

from skillflow_gym.scoring import squad


def normalise(text: str) -> str:
    """Decompose to Unicode NFD, then normalise as SQuAD does.

    So a precomposed and a decomposed "é" are equal, while "é" and "e" are not: the accent stays as a character of its
    own. As in the official evaluator, that accent ends a word, so an accented "à" standing alone loses its letter as an
    article does.
    """
    return squad.normalise(unicodedata.normalize("NFD", text))


def score(prediction: str, golds: Sequence[str]) -> dict[str, float]:
    """Score a prediction against the list of answers: the best "em", 0.0 or 1.0, and the best "f1", in [0, 1].

    EM is the official metric. F1 is SQuAD's, with the same normaliser; NQ-Open does not define one.

    Args:
        prediction: the answer as given.
        golds: the record's `answer` list.

    Raises:
        TypeError: the prediction or a gold is not a string, or `golds` is a bare string.
        ValueError: `golds` is empty.
    """
    return squad.best_over_golds(prediction, golds, normalise)
