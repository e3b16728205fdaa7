"""Mini question answering: a fictional encyclopaedia per split, and questions over it in each benchmark's own schema.

Nothing in it is a fact of the real world, so nothing can be known beforehand. The splits share no name and no question,
and at least a third of the test split's question templates occur in no other split.
"""

from __future__ import annotations

from typing import Any

from .encyclopaedia import world
from .questions import questions
from .records import build

__all__ = ["corpus", "records", "template_of"]


def records(benchmark: str, split: str) -> list[dict[str, Any]]:
    """The mini records of a benchmark's split, in the schema of its dataset on the hub; the same at every call.

    Args:
        benchmark: HotpotQA, MuSiQue, TriviaQA or NQ-Open.
        split: train (1,000 records), validation (100) or test (300).

    Raises:
        ValueError: there is no such benchmark or split; the message lists those there are.
    """
    return build(benchmark, split)


def corpus(split: str) -> list[tuple[str, str]]:
    """All articles of a split's encyclopaedia as (title, text): what NQ-Open's questions are searched in.

    Raises:
        ValueError: there is no such split; the message lists those there are.
    """
    return [(article.title, article.text) for article in world(split).articles.values()]


def template_of(benchmark: str, split: str, index: int) -> str:
    """Which template made a record: the relations it asks for and the number of its wording. For tests only.

    Raises:
        ValueError: there is no such benchmark or split; the message lists those there are.
        IndexError: there is no such record.
    """
    return questions(benchmark, split)[index].template
