"""Mind2Web's figures: element accuracy, operation F1, step success, task success, and their macro average.

Source: Deng et al. 2023 (arXiv 2306.06070), section 4.1, and MindAct's evaluation as its users run it: an element is
right if it is one of the positive candidates that passed the ranker; operation F1 compares "OP value" as sets of words;
a step without a positive candidate counts 0 on everything. The paper reports the macro average: over tasks, each the
mean of its steps.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

__all__ = ["FAILED", "METRICS", "StepScore", "macro", "operation", "operation_f1", "score_step", "score_task"]

METRICS = ("element_accuracy", "operation_f1", "step_success", "task_success")
"""Names of a task's figures."""


class StepScore(NamedTuple):
    """The figures of one step: ``element_accuracy`` and ``step_success`` are 0.0 or 1.0, ``operation_f1`` in [0, 1]."""

    element_accuracy: float
    operation_f1: float
    step_success: float


FAILED = StepScore(0.0, 0.0, 0.0)
"""A step that was not taken, not understood, or has no positive candidate."""


def operation(op: str, value: str = "") -> str:
    """An operation as it is compared: the name and the first line of the value."""
    return f"{op.strip()} {value.strip().partition(chr(10))[0]}".strip()


def operation_f1(prediction: str, gold: str) -> float:
    """F1 of two operations as sets of whitespace-separated words, case and punctuation kept; in [0, 1].

    Two empty texts agree (1.0); one empty text does not (0.0).
    """
    predicted, expected = set(prediction.split()), set(gold.split())
    if not predicted and not expected:
        return 1.0
    return 2 * len(predicted & expected) / (len(predicted) + len(expected))


def score_step(
    element: str, op: str, value: str, positives: Collection[str], gold_op: str, gold_value: str
) -> StepScore:
    """Score one prediction.

    Args:
        element: the predicted element's id.
        op: CLICK, TYPE or SELECT.
        value: the text to type or to select; "" for none.
        positives: ids of the elements that are right and that the prediction could choose from; may be empty.
        gold_op: the recorded operation.
        gold_value: its value, which counts for TYPE and SELECT only.
    """
    if not positives:
        return FAILED
    right = float(element in positives)
    f1 = operation_f1(operation(op, value), operation(gold_op, "" if gold_op == "CLICK" else gold_value))
    return StepScore(right, f1, float(right == 1.0 and f1 == 1.0))


def score_task(steps: Sequence[StepScore], recorded: int) -> dict[str, float]:
    """The figures of a task, named as METRICS: means over its ``recorded`` steps, those not in ``steps`` counting 0.

    ``task_success`` is 1.0 if every recorded step succeeded.

    Raises:
        ValueError: ``recorded`` is below 1, or there are more steps than that.
    """
    if not 1 <= recorded >= len(steps):
        raise ValueError(f"expected 1 to {recorded} steps, got {len(steps)}")
    means = {name: sum(getattr(step, name) for step in steps) / recorded for name in StepScore._fields}
    return {**means, "task_success": float(sum(step.step_success for step in steps) == recorded)}


def macro(tasks: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each figure over tasks, however many steps each has.

    Raises:
        ValueError: there is no task.
    """
    rows = list(tasks)
    if not rows:
        raise ValueError("no task to average over")
    return {name: sum(row[name] for row in rows) / len(rows) for name in METRICS}
