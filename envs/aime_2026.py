"""AIME 2026: problems of the American Invitational Mathematics Examination; earlier years are for training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from skillflow_gym.actions import Action
from skillflow_gym.envs.math_proposals import math_proposals
from skillflow_gym.envs.mini.aime import aime_records
from skillflow_gym.envs.reasoning import ReasoningEnv
from skillflow_gym.scoring import aime
from skillflow_gym.tasks import Gold, RecordError, Task
from skillflow_gym.trajectory import Context


class AIME2026Env(ReasoningEnv):
    r"""AIME: the answer is an integer from 0 to 999.

    Description: see ReasoningEnv. ``accept`` takes ``42``, ``042``, ``$42$`` and ``\boxed{42}``; anything that is no
    integer from 0 to 999 is wrong. Tools: ``calculate`` and ``python``.

    Splits: ``test`` is 2026, ``train`` and ``validation`` are earlier years, each in a folder and a dataset of its own;
    ``file:PATH`` is the folder that holds those folders. Metric: accuracy. Source: ``MathArena/aime_2026``; the
    problems are the Mathematical Association of America's, MathArena's copies CC BY-NC-SA 4.0.
    """

    schema: ClassVar[Mapping[str, Any]] = {"problem_idx": int, "answer": int, "problem": str}

    @classmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        """One integer; the id is the record's position, since several years number their problems alike."""
        if not 0 <= record["answer"] <= 999:
            raise RecordError(f"record {index}: field answer: it is not from 0 to 999")
        return Task(f"aime-{split}-{index}", record["problem"].strip()), Gold((str(record["answer"]),))

    @classmethod
    def mini_records(cls, split: str) -> Iterable[dict[str, Any]]:
        """The project's own problems."""
        return aime_records(split)

    def correct(self, answer: str, gold: Gold) -> bool:
        """Whether the integers are equal."""
        return aime.correct(answer, int(gold.answers[0]))

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """Calculations that the shown text suggests, and their results as answers."""
        return math_proposals(context)
