"""NQ-Open (Lee et al., 2019): real search-engine questions with short answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from skillflow_gym.envs import mini
from skillflow_gym.envs.qa import QAEnv
from skillflow_gym.scoring import nq_open
from skillflow_gym.sources import Source
from skillflow_gym.tasks import Gold, RecordError, Task
from skillflow_gym.tools.search import Passage


class NQOpenEnv(QAEnv):
    """NQ-Open. Its records hold no passages: closed-book unless a retriever is given.

    Description: see QAEnv; the mini tasks bring their encyclopaedia as the corpus. Splits: there is no public test
    split, so ``test`` is the validation split. Metric: EM, best over the listed answers (the F1 beside it is not
    official). Licence and source: CC BY-SA 3.0, ``google-research-datasets/nq_open``. Records have no id: it is made
    of the split and the position.
    """

    schema: ClassVar[Mapping[str, Any]] = {"question": str, "answer": [str]}

    @classmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        """The listed answers."""
        if not record["answer"]:
            raise RecordError(f"record {index}: field answer is empty")
        return Task(f"nq-open-{split}-{index}", record["question"], {"passages": []}), Gold(tuple(record["answer"]))

    @classmethod
    def corpus(cls, source: Source, split: str) -> Iterable[Passage]:
        """The mini encyclopaedia; nothing for real questions."""
        return (Passage(*page) for page in mini.corpus(split)) if source.kind == "mini" else ()

    def score_answer(self, answer: str, gold: Gold) -> dict[str, float]:
        """EM and F1, best over the answers."""
        return nq_open.score(answer, gold.answers)
