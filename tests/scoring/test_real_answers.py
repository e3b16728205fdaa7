"""Real records, where SKILLFLOW_DATA points to a folder that holds them: gold scores 1, the next record's gold 0."""

import json
import os
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from skillflow_gym.scoring import hotpotqa, musique, nq_open, triviaqa

Record = dict[str, Any]
RECORDS_PER_FILE = 500

BENCHMARKS: dict[str, tuple[ModuleType, Callable[[Record], list[str]]]] = {
    "hotpotqa": (hotpotqa, lambda record: [record["answer"]]),
    "musique": (musique, lambda record: [record["answer"], *record["answer_aliases"]]),
    "triviaqa": (triviaqa, lambda record: [record["answer"]["value"], *record["answer"]["aliases"]]),
    "nq_open": (nq_open, lambda record: record["answer"]),
}


def read_records(folder: str) -> list[Record]:
    root = os.environ.get("SKILLFLOW_DATA")
    if not root:
        pytest.skip("set SKILLFLOW_DATA to a folder with hotpotqa/, musique/, triviaqa/ and nq_open/")
    files = sorted(Path(root, folder).glob("*.jsonl"))
    if not files:
        pytest.skip(f"no *.jsonl in {Path(root, folder)}")
    records: list[Record] = []
    for path in files:
        # Not str.splitlines: TriviaQA has U+2028 and its like inside strings.
        with path.open(encoding="utf-8") as lines:
            records += [json.loads(line) for line in islice(lines, RECORDS_PER_FILE)]
    return records


@pytest.mark.parametrize("folder", BENCHMARKS)
def test_gold_and_aliases_score_one(folder: str) -> None:
    metric, golds_of = BENCHMARKS[folder]
    for record in read_records(folder):
        golds = golds_of(record)
        for gold in golds:
            # NQ-Open has the answer "---", of which nothing is left: it matches, without any F1.
            f1 = float(metric.normalise(gold) != "" or metric is musique)
            assert metric.score(gold, golds) == {"em": 1.0, "f1": f1}, (gold, golds)


@pytest.mark.parametrize("folder", BENCHMARKS)
def test_the_next_answer_scores_zero(folder: str) -> None:
    metric, golds_of = BENCHMARKS[folder]
    golds = [golds_of(record) for record in read_records(folder)]
    coincidences = 0
    for accepted, following in pairwise(golds):
        prediction = following[0]
        coincides = metric.normalise(prediction) in {metric.normalise(gold) for gold in accepted}
        assert metric.score(prediction, accepted)["em"] == float(coincides), (prediction, accepted)
        coincidences += coincides
    assert coincidences < len(golds) / 2  # most neighbours differ; MuSiQue and yes/no questions repeat some answers


def test_triviaqa_normaliser_reproduces_the_published_normalised_aliases() -> None:
    for record in read_records("triviaqa"):
        answer = record["answer"]
        assert triviaqa.normalise(answer["value"]) == answer["normalized_value"]
        for alias in answer["aliases"]:
            assert triviaqa.normalise(alias) in answer["normalized_aliases"]
