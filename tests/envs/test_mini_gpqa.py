"""Mini GPQA: every number computed once more, from the constants in the text and from the laws in another form."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest

from skillflow_gym.envs.gpqa_diamond import LETTERS, GPQADiamondEnv
from skillflow_gym.envs.mini import gpqa
from skillflow_gym.envs.mini.gpqa_problems import GENERATORS

ROOT = Path(__file__).parents[2]
SPLITS = tuple(gpqa.PER_GENERATOR)
SIZES = {"train": 240, "validation": 60, "test": 128}
Values = Mapping[str, float]

# The laws in another form than the questions have: sums of steps, logarithms, inverses.
LAWS: Mapping[str, Callable[[Values], float]] = {
    "kinetic energy": lambda v: 0.5 * v["m"] * math.pow(v["v"] * 1000 / 3600, 2),
    "pendulum": lambda v: math.sqrt(v["g"] / v["L"]) / math.tau,
    "photoelectric effect": lambda v: (v["k"] - v["A"] * v["w"]) / v["w"],
    "parallel resistors": lambda v: v["U"] ** 2 / v["R"] + v["U"] ** 2 / v["S"],
    "thin lens": lambda v: 1 / (1 / v["f"] - 1 / v["a"]) / v["a"],
    "braking": lambda v: (v["v"] * 1000 / 3600) * (v["v"] * 1000 / 3600 / v["a"]) / 2,
    "dilution": lambda v: v["c"] / (1 + v["W"] / v["V"]),
    "titration": lambda v: v["M"] * v["c"] * v["V"] * 1e-3,
    "radioactive decay": lambda v: v["N"] * math.exp(-math.log(2) * v["t"] / v["h"]),
    "ideal gas": lambda v: v["n"] * v["R"] * (v["t"] + 273.15) * (1 / v["V"]),
    "reaction rate": lambda v: math.exp(math.log(v["k"]) + 2 * math.log(v["a"]) + math.log(v["b"])),
    "carriers": lambda v: 1 - v["d"] - (1 - math.sqrt(v["d"])) ** 2,
    "enzyme": lambda v: 1 / (1 / v["V"] + v["K"] / v["V"] / v["S"]),
    "amplification": lambda v: v["N"] * math.exp(v["c"] * math.log1p(v["e"])),
    "clearance": lambda v: (v["U"] / v["P"]) * (v["Q"] / 60),
    "logistic growth": lambda v: v["r"] * v["N"] - v["r"] * v["N"] ** 2 / v["K"],
}


def constants(question: str) -> dict[str, float]:
    """What the text gives as ``name = number``, the first time."""
    found: dict[str, float] = {}
    for name, number in re.findall(r"\b([A-Za-z]) = (\d+(?:\.\d+)?)(?![\d.]| [*/+^-])", question):
        found.setdefault(name, float(number))
    return found


@pytest.mark.parametrize("split", SPLITS)
def test_every_right_option_follows_from_the_law(split: str) -> None:
    for index, record in enumerate(gpqa.records(split)):
        right = record["Correct Answer"]
        value = LAWS[gpqa.generator_of(split, index)](constants(record["Question"]))
        decimals = len(right.partition(".")[2])
        assert abs(value - float(right)) <= 0.5001 * 10**-decimals, record["Question"]
        wrong = [float(record[f"Incorrect Answer {number}"]) for number in (1, 2, 3)]
        assert min(abs(value - other) / max(value, other) for other in wrong) > 0.015, "no wrong option is nearly right"


# Each mistake that a question's wrong options come of, once more by another way.
SLIPS: Mapping[str, Mapping[str, Callable[[Values], float]]] = {
    "kinetic energy": {"forgot the half": lambda v: v["m"] * (v["v"] / 3.6) ** 2},
    "pendulum": {"period, not frequency": lambda v: math.tau * math.sqrt(v["L"] / v["g"])},
    "photoelectric effect": {"work function added": lambda v: (v["k"] + v["A"] * v["w"]) / v["w"]},
    "parallel resistors": {"in series": lambda v: v["U"] ** 2 / (v["S"] + v["R"])},
    "thin lens": {"inverted": lambda v: v["a"] / v["f"] - 1},
    "braking": {"speed not converted": lambda v: v["v"] ** 2 / v["a"] / 2},
    "dilution": {"inverted ratio": lambda v: v["c"] * (1 + v["W"] / v["V"])},
    "titration": {"volume not converted": lambda v: v["M"] * v["c"] * v["V"]},
    "radioactive decay": {"inverted exponent": lambda v: v["N"] * math.exp(-math.log(2) * v["h"] / v["t"])},
    "ideal gas": {"degrees Celsius": lambda v: v["n"] * v["R"] * v["t"] / v["V"]},
    "reaction rate": {"orders exchanged": lambda v: v["k"] * v["a"] * v["b"] * v["b"]},
    "carriers": {"forgot the factor 2": lambda v: math.sqrt(v["d"]) - v["d"]},
    "enzyme": {"inverted ratio": lambda v: v["V"] * (1 + v["K"] / v["S"])},
    "amplification": {"one cycle short": lambda v: v["N"] * (1 + v["e"]) ** v["c"] / (1 + v["e"])},
    "clearance": {"per hour": lambda v: v["U"] / v["P"] * v["Q"]},
    "logistic growth": {"no limit": lambda v: v["r"] * v["N"]},
}


def test_wrong_options_are_what_their_mistake_leads_to() -> None:
    checked = Counter[str]()
    for split in SPLITS:
        for index, record in enumerate(gpqa.records(split)):
            name = gpqa.generator_of(split, index)
            told = dict(re.findall(r"([\d.]+): ([^;]+?)(?:;|\.$)", record["Explanation"].partition("Mistakes: ")[2]))
            wrong = {record[f"Incorrect Answer {number}"] for number in (1, 2, 3)}
            assert wrong == set(told), record["Explanation"]
            assert set(told.values()) <= set(GENERATORS[name].make(Random(0)).mistakes)
            for value, mistake in told.items():
                if slip := SLIPS[name].get(mistake):
                    expected = slip(constants(record["Question"]))
                    assert abs(expected - float(value)) <= 0.5001 * 10 ** -len(value.partition(".")[2]), record
                    checked[name] += 1
    assert set(checked) == set(GENERATORS) and min(checked.values()) >= 3


def test_a_quarter_of_the_generators_is_in_the_test_split_only() -> None:
    made = {split: {gpqa.generator_of(split, i) for i in range(SIZES[split])} for split in SPLITS}
    unseen = made["test"] - made["train"] - made["validation"]
    assert unseen == {name for name, generator in GENERATORS.items() if generator.unseen}
    assert len(GENERATORS) == 16 and len(unseen) == 4 and made["train"] == made["validation"] == made["test"] - unseen
    assert {GENERATORS[name].domain for name in made["train"]} == {"Physics", "Chemistry", "Biology"}


@pytest.mark.parametrize("split", SPLITS)
def test_records_fit_the_schema_and_are_all_different(split: str) -> None:
    records = gpqa.records(split)
    assert len(records) == SIZES[split] == len({record["Record ID"] for record in records})
    assert len({record["Question"] for record in records}) == len(records)
    elsewhere = {r["Question"] for other in SPLITS if other != split for r in gpqa.records(other)}
    assert elsewhere.isdisjoint(record["Question"] for record in records)
    numbers = [record[field] for record in records for field in record if "Answer" in field]
    assert all(re.fullmatch(r"\d+\.\d*[1-9]", number) for number in numbers)


def test_the_place_of_the_right_option_follows_from_the_id_alone() -> None:
    counts = Counter[str]()
    for split in SPLITS:
        for index, record in enumerate(gpqa.records(split)):
            task, gold = GPQADiamondEnv.parse(record, index, split)
            assert task.record["options"][gold.answers[0]] == record["Correct Answer"]
            # The texts do not matter, the id does.
            other = {**record, "Correct Answer": "one", "Incorrect Answer 1": "two", "Question": "Which?"}
            assert GPQADiamondEnv.parse(other, 0, "test")[1].answers == (gold.answers[0], "one")
            counts[gold.answers[0]] += 1
    assert set(counts) == set(LETTERS) and min(counts.values()) > sum(counts.values()) / 6


def test_every_process_makes_the_same_records_in_the_same_order() -> None:
    program = (
        "import json; from skillflow_gym.envs.mini import gpqa; from skillflow_gym.envs.gpqa_diamond import *\n"
        "print(json.dumps([GPQADiamondEnv.parse(r, i, 'test')[0].prompt for i, r in enumerate(gpqa.records('test'))]))"
    )
    here = [GPQADiamondEnv.parse(r, i, "test")[0].prompt for i, r in enumerate(gpqa.records("test"))]
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == here


def test_no_place_and_no_size_gives_the_answer_away() -> None:
    ranks = Counter[int]()
    for record in gpqa.records("train"):
        values = sorted(float(record[field]) for field in record if "Answer" in field)
        ranks[values.index(float(record["Correct Answer"]))] += 1
    assert max(ranks.values()) < 240 * 0.55, ranks


def test_a_split_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="there is no split 'dev'; choose one of train, validation, test"):
        gpqa.records("dev")
