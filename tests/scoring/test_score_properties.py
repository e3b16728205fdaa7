"""What must hold for any text: bounds, reflexivity, invariances, and the errors for bad input."""

import unicodedata
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.scoring import hotpotqa, musique, nq_open, squad, triviaqa

any_text = st.text(max_size=40)
# Few words, so that overlaps, repeats, articles, closed answers and empty results are frequent.
words = ["the", "a", "yes", "no", "noanswer", "Paris", "paris", "New-York", "U.S.", "_", "...", "É", "’s"]
phrase = st.lists(st.sampled_from(words), max_size=6).map(" ".join)
answer = phrase | any_text

quick = settings(deadline=None, derandomize=True)
every_metric = pytest.mark.parametrize("metric", [hotpotqa, musique, triviaqa, nq_open], ids=lambda m: m.__name__)
alias_metrics = pytest.mark.parametrize("metric", [musique, triviaqa, nq_open], ids=lambda m: m.__name__)


@every_metric
@quick
@given(text=answer)
def test_an_answer_matches_itself(metric: ModuleType, text: str) -> None:
    result = metric.score(text, [text])
    assert result["em"] == 1.0
    # Only MuSiQue gives two empty answers an F1 of 1.
    assert result["f1"] == float(bool(metric.normalise(text)) or metric is musique)


@every_metric
@quick
@given(prediction=answer, gold=answer)
def test_bounds_and_em_implies_f1(metric: ModuleType, prediction: str, gold: str) -> None:
    result = metric.score(prediction, [gold])
    assert set(result) == {"em", "f1"} and all(type(value) is float for value in result.values())
    assert result["em"] in (0.0, 1.0) and 0.0 <= result["f1"] <= 1.0
    if result["em"] == 1.0 and (metric.normalise(gold) or metric is musique):
        assert result["f1"] == 1.0


@every_metric
@quick
@given(prediction=phrase, gold=phrase, blank=st.text(" \t\n\u00a0\u2028", min_size=1, max_size=3))
def test_case_and_extra_whitespace_change_nothing(metric: ModuleType, prediction: str, gold: str, blank: str) -> None:
    expected = metric.score(prediction, [gold])
    for same in (prediction.upper(), prediction.swapcase(), blank + prediction.replace(" ", blank) + blank):
        assert metric.score(same, [gold]) == expected


@every_metric
@quick
@given(prediction=answer, gold=answer)
def test_score_is_symmetric(metric: ModuleType, prediction: str, gold: str) -> None:
    assert metric.score(prediction, [gold]) == metric.score(gold, [prediction])


@alias_metrics
@quick
@given(prediction=answer, golds=st.lists(answer, min_size=1, max_size=4))
def test_the_best_gold_counts(metric: ModuleType, prediction: str, golds: list[str]) -> None:
    alone = [metric.score(prediction, [gold]) for gold in golds]
    assert metric.score(prediction, golds) == {key: max(one[key] for one in alone) for key in ("em", "f1")}


@quick
@given(prediction=phrase, gold=phrase)
def test_token_f1_against_pairing_tokens_off_one_by_one(prediction: str, gold: str) -> None:
    left, common = gold.split(), 0
    for token in prediction.split():
        if token in left:
            left.remove(token)
            common += 1
    precision = common / max(len(prediction.split()), 1)
    recall = common / max(len(gold.split()), 1)
    expected = 2 * precision * recall / (precision + recall) if common else 0.0
    assert squad.token_f1(prediction, gold) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", [hotpotqa, musique, triviaqa], ids=lambda m: m.__name__)
@quick
@given(text=answer)
def test_normalising_twice_changes_nothing(metric: ModuleType, text: str) -> None:
    once = metric.normalise(text)
    assert metric.normalise(once) == once


@quick
@given(text=answer)
def test_nq_open_ignores_how_accents_are_encoded(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert nq_open.score(composed, [decomposed])["em"] == 1.0


@every_metric
def test_no_golds(metric: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"golds is empty|one gold answer"):
        metric.score("Paris", [])


@every_metric
@pytest.mark.parametrize(
    ("prediction", "golds", "message"),
    [
        ("Paris", "Paris", r"pass a list of accepted answers, such as \['Paris'\]"),
        (None, ["Paris"], "prediction must be a string, got None"),
        ("7", [7], "each gold must be a string, got 7"),
    ],
)
def test_wrong_types(metric: ModuleType, prediction: Any, golds: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        metric.score(prediction, golds)
