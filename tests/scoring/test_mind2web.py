"""Mind2Web's figures against numbers worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym.scoring.mind2web import (
    FAILED,
    METRICS,
    StepScore,
    macro,
    operation,
    operation_f1,
    score_step,
    score_task,
)

GOOD = StepScore(1.0, 1.0, 1.0)
words = st.lists(st.sampled_from(["TYPE", "New", "York", "a", "-", "à"]), max_size=6).map(" ".join)


@pytest.mark.parametrize(
    ("prediction", "gold", "f1"),
    [
        ("CLICK", "CLICK", 1.0),
        ("CLICK", "TYPE Boston", 0.0),
        ("TYPE", "TYPE Boston", 2 * 1 * (1 / 2) / (1 + 1 / 2)),
        ("TYPE New York", "TYPE New York City", 2 * 1 * (3 / 4) / (1 + 3 / 4)),
        ("TYPE York New", "TYPE New York", 1.0),
        ("TYPE New New York", "TYPE New York", 1.0),  # sets of words, not multisets
        ("SELECT boston", "SELECT Boston", 0.5),  # case counts
        ("TYPE a - b", "TYPE a b", 6 / 7),  # so does punctuation
        ("", "", 1.0),
        ("", "CLICK", 0.0),
        ("CLICK", "", 0.0),
    ],
)
def test_operation_f1(prediction: str, gold: str, f1: float) -> None:
    assert operation_f1(prediction, gold) == pytest.approx(f1, abs=1e-12)


@given(words, words)
def test_operation_f1_is_symmetric_and_one_for_equal_sets_only(one: str, other: str) -> None:
    f1 = operation_f1(one, other)
    assert 0.0 <= f1 <= 1.0 and f1 == operation_f1(other, one)
    assert (f1 == 1.0) == (set(one.split()) == set(other.split()))
    assert (f1 == 0.0) == (set(one.split()).isdisjoint(other.split()) and bool(one.split() or other.split()))


@pytest.mark.parametrize(
    ("op", "value", "text"),
    [("CLICK", "", "CLICK"), ("TYPE", " New York ", "TYPE New York"), ("TYPE", "one\ntwo", "TYPE one")],
)
def test_an_operation_is_its_name_and_the_first_line_of_its_value(op: str, value: str, text: str) -> None:
    assert operation(op, value) == text


@pytest.mark.parametrize(
    ("prediction", "positives", "gold", "expected"),
    [
        (("7", "CLICK", ""), ["7"], ("CLICK", ""), (1, 1, 1)),
        (("9", "CLICK", ""), ["7", "9"], ("CLICK", ""), (1, 1, 1)),  # any positive is right
        (("8", "CLICK", ""), ["7"], ("CLICK", ""), (0, 1, 0)),
        (("7", "TYPE", "New York"), ["7"], ("TYPE", "New York City"), (1, 6 / 7, 0)),
        (("7", "TYPE", "Boston"), ["7"], ("TYPE", "Boston"), (1, 1, 1)),
        (("7", "CLICK", ""), ["7"], ("CLICK", "ignored"), (1, 1, 1)),  # the value of a click does not count
        (("7", "CLICK", "me"), ["7"], ("CLICK", ""), (1, 2 / 3, 0)),
        (("7", "CLICK", ""), [], ("CLICK", ""), (0, 0, 0)),  # nothing right to choose from
    ],
)
def test_steps(
    prediction: tuple[str, str, str],
    positives: list[str],
    gold: tuple[str, str],
    expected: tuple[float, float, float],
) -> None:
    assert score_step(*prediction, positives, *gold) == pytest.approx(expected, abs=1e-12)


def test_a_task_is_the_mean_over_its_recorded_steps() -> None:
    half = StepScore(1.0, 0.5, 0.0)
    assert score_task([GOOD, half], 4) == {
        "element_accuracy": 0.5,
        "operation_f1": 0.375,
        "step_success": 0.25,
        "task_success": 0.0,
    }
    assert score_task([], 3) == dict.fromkeys(METRICS, 0.0)
    assert score_task([GOOD, GOOD], 2) == dict.fromkeys(METRICS, 1.0)
    assert score_task([GOOD, FAILED], 2)["task_success"] == 0.0


@pytest.mark.parametrize(("taken", "recorded"), [(0, 0), (2, 1), (0, -1)])
def test_impossible_tasks_are_refused(taken: int, recorded: int) -> None:
    with pytest.raises(ValueError, match=f"expected 1 to {recorded} steps, got {taken}"):
        score_task([GOOD] * taken, recorded)


def test_the_average_is_over_tasks_and_not_over_steps() -> None:
    long, short = score_task([GOOD] * 9, 9), score_task([FAILED], 1)
    assert macro([long, short]) == dict.fromkeys(METRICS, 0.5), "the micro average would be 0.9"
    with pytest.raises(ValueError, match="no task"):
        macro([])
