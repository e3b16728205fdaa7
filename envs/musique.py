"""MuSiQue-Ans (Trivedi et al., 2022): two- to four-hop questions composed so that no hop can be skipped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from skillflow_gym.envs.qa import QAEnv
from skillflow_gym.scoring import musique
from skillflow_gym.tasks import Gold, Task


class MuSiQueEnv(QAEnv):
    """MuSiQue, the answerable part: twenty paragraphs a question, two to four of them needed.

    Description: see QAEnv. Splits: the test answers are not public, so ``test`` is the validation split.
    Metric: EM and F1 of the official ``metrics/answer.py``, best over the answer and its aliases. Licence and source:
    CC BY 4.0, ``dgslibisey/MuSiQue``.
    """

    schema: ClassVar[Mapping[str, Any]] = {
        "id": str,
        "paragraphs": [{"idx": int, "title": str, "paragraph_text": str, "is_supporting": bool}],
        "question": str,
        "question_decomposition": [{"question": str, "answer": str}],
        "answer": str,
        "answer_aliases": [str],
        "answerable": bool,
    }

    @classmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        """The answer and its aliases; which paragraphs support it and the decomposition are gold."""
        passages = [(p["title"], p["paragraph_text"]) for p in record["paragraphs"]]
        support = [p["idx"] for p in record["paragraphs"] if p["is_supporting"]]
        gold = {"supporting": support, "question_decomposition": record["question_decomposition"]}
        answers = (record["answer"], *record["answer_aliases"])
        return Task(record["id"], record["question"], {"passages": passages}), Gold(answers, gold)

    def score_answer(self, answer: str, gold: Gold) -> dict[str, float]:
        """EM and F1, best over the aliases."""
        return musique.score(answer, gold.answers)
