"""MATH-Hard: the level-5 problems of MATH (Hendrycks et al., 2021), competition mathematics with symbolic answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from skillflow_gym.actions import Action
from skillflow_gym.envs.math_proposals import math_proposals
from skillflow_gym.envs.mini.math_hard import math_hard_records
from skillflow_gym.envs.reasoning import ReasoningEnv
from skillflow_gym.scoring import math_worker
from skillflow_gym.scoring.math_hard import gold_answer
from skillflow_gym.tasks import Gold, RecordError, Task
from skillflow_gym.trajectory import Context


class MATHHardEnv(ReasoningEnv):
    r"""MATH, level 5: the answer is a formula, and any that is equivalent is right.

    Description: see ReasoningEnv. ``accept`` takes LaTeX, with or without ``$`` and ``\boxed{}``, or what a calculator
    writes (``2*sqrt(3)``). It is compared with the last ``\boxed{}`` of the official solution by math-verify, in a
    process of its own; one that takes too long to evaluate is wrong. Tools: ``calculate`` and ``python``.

    Metric: accuracy. Licence and source: MIT, ``lighteval/MATH-Hard``. The dataset has no validation split.
    """

    def __init__(self, benchmark: str, **kwargs: Any) -> None:
        """See the class; the arguments are ReasoningEnv's.

        Raises:
            ModuleNotFoundError: the extra ``reasoning`` is missing.
        """
        math_worker.require()
        super().__init__(benchmark, **kwargs)

    schema: ClassVar[Mapping[str, Any]] = {"problem": str, "level": str, "type": str, "solution": str}

    @classmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        """The answer is in the solution, which is gold as a whole."""
        if record["level"] != "Level 5":
            raise RecordError(f"record {index}: field level: it is not Level 5")
        try:
            answer = gold_answer(record["solution"])
        except ValueError as error:
            raise RecordError(f"record {index}: field solution: {error}") from None
        task = Task(f"math-hard-{split}-{index}", record["problem"].strip(), {"type": record["type"]})
        return task, Gold((answer,), {"solution": record["solution"]})

    @classmethod
    def mini_records(cls, split: str) -> Iterable[dict[str, Any]]:
        """The project's own problems."""
        return math_hard_records(split)

    def correct(self, answer: str, gold: Gold) -> bool:
        """Whether the answer is equivalent."""
        return math_worker.equivalent(gold.answers[0], answer)

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """Calculations that the shown text suggests, and their results as answers."""
        return math_proposals(context)
