"""MuSiQue answer EM and F1.

Source: Trivedi et al. 2022 (arXiv 2108.00573) and the official metrics/answer.py (StonyBrookNLP/musique); the support
and sufficiency metrics are not answers and are not here. Unicode is left as it is, as there.
"""

from collections.abc import Sequence

from skillflow_gym.scoring.squad import best_over_golds, normalise, token_f1

__all__ = ["normalise", "score"]


def score(prediction: str, golds: Sequence[str]) -> dict[str, float]:
    """Score a prediction against the answer and its aliases: the best "em", 0.0 or 1.0, and the best "f1", in [0, 1].

    Where either side has no token left after normalisation, F1 is 1 if both have none and 0 otherwise. There is no
    yes/no rule.

    Args:
        prediction: the answer as given.
        golds: the record's `answer` followed by its `answer_aliases`.

    Raises:
        TypeError: the prediction or a gold is not a string, or `golds` is a bare string.
        ValueError: `golds` is empty.
    """
    return best_over_golds(prediction, golds, f1=_f1)


def _f1(prediction: str, gold: str) -> float:
    return 1.0 if prediction == gold else token_f1(prediction, gold)  # equal includes two empty answers
