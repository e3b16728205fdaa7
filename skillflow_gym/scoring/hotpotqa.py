"""HotpotQA answer EM and F1.

Source: Yang et al. 2018 (arXiv 1809.09600) and the official hotpot_evaluate_v1.py (hotpotqa/hotpot), answer part; its
supporting-fact and joint metrics are not answers and are not here. Unicode is left as it is, as there.
"""

from collections.abc import Sequence

from skillflow_gym.scoring.squad import best_over_golds, normalise, token_f1

__all__ = ["normalise", "score"]

_CLOSED_ANSWERS = frozenset({"yes", "no", "noanswer"})


def score(prediction: str, golds: Sequence[str]) -> dict[str, float]:
    """Score a prediction against the one gold answer: "em", 0.0 or 1.0, and "f1", in [0, 1].

    F1 is 0 if either side is yes, no or noanswer after normalisation and the two differ: "no, in Rome" earns nothing
    for the gold "no". An empty prediction has F1 0, even where the gold is empty as well and EM is 1.

    Raises:
        TypeError: the prediction or the gold is not a string, or `golds` is a bare string.
        ValueError: `golds` does not hold exactly one answer.
    """
    if not isinstance(golds, str) and len(golds) != 1:
        raise ValueError(f"HotpotQA has one gold answer and no aliases, got {len(golds)}; pass a list of one string")
    return best_over_golds(prediction, golds, f1=_f1)


def _f1(prediction: str, gold: str) -> float:
    if prediction != gold and not _CLOSED_ANSWERS.isdisjoint((prediction, gold)):
        return 0.0
    return token_f1(prediction, gold)
