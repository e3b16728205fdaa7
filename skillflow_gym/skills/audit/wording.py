"""The wording: how much a text reads like skills that turn an agent against whom it works for.

A linear model over words and pairs of words. Its table was learned from labelled skills of many authors
(``benchmarks/audit_wording.py``).
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import inf, log, sqrt
from typing import NamedTuple

from skillflow_gym.skills.audit.reading import sentences

TABLE = "wording.tsv"
"""Beside this module: a term and its weight per line, after the bias, whose term is empty."""

RULE = 3.0
"""What it adds to the score of a few words that they break a rule."""

_WINDOW = 3
"""Sentences that are read together, so that good advice around them waters them down less."""

_TOKEN = re.compile(r"[^\W_]+|[^\w\s]")


class Reading(NamedTuple):
    """What a text reads like.

    Attributes:
        score: log-odds of being malicious, shifted so that a finding is one above 0.
        worst: the words that speak most for that.
        few: their score by themselves, if they are few.
    """

    score: float
    worst: str
    few: float = -inf


def read(text: str) -> Reading:
    """Read a normalised ``text``: the mean of its score as a whole and of its worst sentences'."""
    weights, bias = table()
    pieces = passages(text)
    scores = [weigh(terms(piece), weights) for piece in pieces]
    worst = max(range(len(pieces)), key=scores.__getitem__)
    return Reading(bias + (weigh(terms(text), weights) + scores[worst]) / 2, pieces[worst])


def confirms(words: str) -> bool:
    """Whether words that break a rule do not read harmless by themselves, whatever else the text says."""
    weights, bias = table()
    return bias + weigh(terms(words), weights) + RULE > 0


def passages(text: str) -> list[str]:
    """``text`` in runs of a few sentences, each beginning one sentence later; at least one."""
    said = [sentence.text.strip() for sentence in sentences(text)]
    return [" ".join(said[i : i + _WINDOW]) for i in range(max(1, len(said) - _WINDOW + 1))]


def terms(text: str) -> dict[str, float]:
    """The terms of a normalised ``text``, words, signs and pairs of them, each with how much it counts.

    Repeating one counts little, and a text of four times the length counts each half as much.
    """
    tokens = _TOKEN.findall(text)
    counts = Counter(tokens)
    counts.update(f"{one} {two}" for one, two in pairwise(tokens))
    shorter = 1 / sqrt(max(1, len(tokens)))
    return {term: shorter * (1 + log(count)) for term, count in counts.items()}


def weigh(counted: dict[str, float], weights: dict[str, float]) -> float:
    """The sum of what the terms weigh."""
    return sum(weights.get(term, 0.0) * count for term, count in counted.items())


@cache
def table() -> tuple[dict[str, float], float]:
    """The weights by term, and the bias."""
    weights = {}
    for line in (files(__package__) / TABLE).read_text(encoding="utf-8").splitlines():
        term, _, weight = line.rpartition("\t")
        weights[term] = float(weight)
    return weights, weights.pop("")
