"""TriviaQA EM and F1, with TriviaQA's own normaliser.

Source: Joshi et al. 2017 (arXiv 1705.03551) and the official evaluation/triviaqa_evaluation.py of
mandarjoshi90/triviaqa.
"""

import string
from collections.abc import Sequence

from skillflow_gym.scoring.squad import best_over_golds, drop_articles

# The official script turns "_" into a space before it lower-cases; "_" is punctuation too, so this table covers it.
_PUNCTUATION_TO_SPACE = str.maketrans(dict.fromkeys(string.punctuation + "‘’´`", " "))


def normalise(text: str) -> str:
    """Lower-case, turn punctuation into spaces, drop the articles a/an/the, collapse whitespace; in that order.

    Punctuation is ASCII punctuation with ‘ ’ ´ and `; a double curly quote or an en dash stays. Because it becomes a
    space, "U.S." is "u s", "well-known" is "well known", and "A.I." is "i", its "a" having become an article. Accents
    stay as they are encoded, as in the official script.
    """
    return drop_articles(text.lower().translate(_PUNCTUATION_TO_SPACE))


def score(prediction: str, golds: Sequence[str]) -> dict[str, float]:
    """Score a prediction against all aliases: the best "em", 0.0 or 1.0, and the best "f1", in [0, 1].

    An empty prediction has F1 0, even where a gold is empty as well and EM is 1.

    Args:
        prediction: the answer as given.
        golds: the record's aliases, raw or normalised: normalising twice changes nothing.

    Raises:
        TypeError: the prediction or a gold is not a string, or `golds` is a bare string.
        ValueError: `golds` is empty.
    """
    return best_over_golds(prediction, golds, normalise)
