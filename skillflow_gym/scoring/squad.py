"""The SQuAD v1.1 answer metric that HotpotQA, MuSiQue and NQ-Open share.

Source: Rajpurkar et al. 2016 (arXiv 1606.05250), section 6.1, and the official v1.1 evaluator.
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

_DELETE_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def normalise(text: str) -> str:
    """Lower-case, delete ASCII punctuation, drop the articles a/an/the, collapse whitespace; in that order.

    Punctuation is deleted, not replaced: "U.S." becomes "us" and "well-known" becomes "wellknown". Only the 32
    characters of `string.punctuation` count: a curly quote or an en dash stays. Accents stay as they are encoded, so a
    precomposed and a decomposed "é" differ.
    """
    return drop_articles(text.lower().translate(_DELETE_PUNCTUATION))


def drop_articles(text: str) -> str:
    """Remove the whole words a, an and the from lower-case text, then reduce every run of whitespace to one space."""
    return " ".join(_ARTICLE.sub(" ", text).split())


def token_f1(prediction: str, gold: str) -> float:
    """F1 of two normalised answers as multisets of whitespace-separated tokens; in [0, 1].

    With c tokens in common, precision c/p and recall c/g give F1 = 2c / (p + g). No common token is 0, also when both
    answers are empty.
    """
    predicted, expected = Counter(prediction.split()), Counter(gold.split())
    common = (predicted & expected).total()
    return 2 * common / (predicted.total() + expected.total()) if common else 0.0


def best_over_golds(
    prediction: str,
    golds: Sequence[str],
    normalise: Callable[[str], str] = normalise,
    f1: Callable[[str, str], float] = token_f1,
) -> dict[str, float]:
    """Score a prediction against each accepted answer and keep the best EM and the best F1, each on its own.

    Args:
        prediction: the answer as given; the whole text is the answer, nothing is extracted from it.
        golds: the accepted answers, at least one.
        normalise: applied to both sides before they are compared.
        f1: takes the normalised prediction and one normalised gold.

    Returns:
        "em", 0.0 or 1.0: the normalised texts are equal; "f1", in [0, 1].

    Raises:
        TypeError: the prediction or a gold is not a string, or `golds` is a bare string.
        ValueError: `golds` is empty.
    """
    if isinstance(golds, str):
        raise TypeError(f"golds is the string {golds!r}; pass a list of accepted answers, such as [{golds!r}]")
    for name, value in (("prediction", prediction), *(("each gold", gold) for gold in golds)):
        if not isinstance(value, str):
            raise TypeError(f"{name} must be a string, got {value!r}; convert it with str()")
    if not golds:
        raise ValueError("golds is empty; pass at least one accepted answer")
    predicted, accepted = normalise(prediction), [normalise(gold) for gold in golds]
    return {"em": float(predicted in accepted), "f1": max(f1(predicted, gold) for gold in accepted)}
