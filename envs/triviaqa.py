"""TriviaQA (Joshi et al., 2017): trivia questions whose answers have many aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from skillflow_gym.envs.qa import QAEnv
from skillflow_gym.scoring import triviaqa
from skillflow_gym.tasks import Gold, RecordError, Task


class TriviaQAEnv(QAEnv):
    """TriviaQA. The hub's ``rc.nocontext`` has no evidence: closed-book unless a retriever is given.

    Description: see QAEnv; where a record's ``entity_pages`` hold text (config ``rc``, and the mini tasks), those pages
    are the corpus. Splits: the test answers are not public, so ``test`` is the validation split. Metric: EM and F1 of
    the official ``triviaqa_evaluation.py``, best over the aliases. Licence and source: Apache-2.0,
    ``mandarjoshi/trivia_qa``.
    """

    schema: ClassVar[Mapping[str, Any]] = {
        "question": str,
        "question_id": str,
        "entity_pages": {"title": [str], "wiki_context": [str]},
        "answer": {"value": str, "aliases": [str]},
    }

    @classmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        """The value and its aliases."""
        pages = record["entity_pages"]
        titles, texts = pages["title"], pages["wiki_context"]
        if texts and len(titles) != len(texts):  # the configurations without context have titles only
            raise RecordError(f"record {index}: field entity_pages: {len(titles)} titles, {len(texts)} texts")
        passages = list(zip(titles, texts, strict=False))
        answers = tuple(dict.fromkeys((record["answer"]["value"], *record["answer"]["aliases"])))
        gold = {name: value for name, value in record["answer"].items() if name not in ("value", "aliases")}
        return Task(record["question_id"], record["question"], {"passages": passages}), Gold(answers, gold)

    def score_answer(self, answer: str, gold: Gold) -> dict[str, float]:
        """EM and F1, best over the aliases."""
        return triviaqa.score(answer, gold.answers)
