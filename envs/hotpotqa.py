"""HotpotQA (Yang et al., 2018): two-hop and comparison questions over Wikipedia paragraphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from skillflow_gym.envs.qa import QAEnv
from skillflow_gym.scoring import hotpotqa
from skillflow_gym.tasks import Gold, RecordError, Task


class HotpotQAEnv(QAEnv):
    """HotpotQA, distractor setting: ten paragraphs a question, two of them needed.

    Description: see QAEnv. Splits: the test answers are not public, so ``test`` is the validation split, as is usual.
    Metric: answer EM and F1 of ``hotpot_evaluate_v1.py``. Licence and source: CC BY-SA 4.0, ``hotpotqa/hotpot_qa``.
    """

    schema: ClassVar[Mapping[str, Any]] = {
        "id": str,
        "question": str,
        "answer": str,
        "type": str,
        "level": str,
        "supporting_facts": {"title": [str], "sent_id": [int]},
        "context": {"title": [str], "sentences": [[str]]},
    }

    @classmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        """One answer; the supporting facts are gold."""
        titles, texts = record["context"]["title"], record["context"]["sentences"]
        if len(titles) != len(texts):
            raise RecordError(f"record {index}: field context: {len(titles)} titles, {len(texts)} lists of sentences")
        passages = [(title, "".join(sentences).strip()) for title, sentences in zip(titles, texts, strict=True)]
        gold = {name: record[name] for name in ("type", "level", "supporting_facts")}
        return Task(record["id"], record["question"], {"passages": passages}), Gold((record["answer"],), gold)

    def score_answer(self, answer: str, gold: Gold) -> dict[str, float]:
        """EM and F1 with HotpotQA's yes/no rule."""
        return hotpotqa.score(answer, gold.answers)
