"""Who and what is compared: the list of agents, the benchmarks, the runs and their budgets."""

from __future__ import annotations

import pytest

from skillflow_gym.agents import flowsteer, grpo, ttb
from skillflow_gym.agents.compare import Args
from skillflow_gym.agents.compare_plan import Cell, Contender, benchmarks, cells, contenders
from skillflow_gym.cli.common import UsageError
from skillflow_gym.registration import stanzas


def test_agents_with_and_without_flags() -> None:
    found = contenders("ttb, ttb --preset paper,grpo --no-std --clip 0.1, random")
    assert [c.label for c in found] == ["ttb", "ttb --preset paper", "grpo --no-std --clip 0.1", "random"]
    assert [c.trained for c in found] == [True, True, True, False]
    assert found[1].module is ttb and found[2].module is grpo


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ttb,tbt", "no agent is named 'tbt'"),
        ("ttb,,random", "no agent is named ''"),
        ("ttb --seed 3", "--seed of 'ttb' is the same for all"),
        ("ttb --eval-tasks 3", "--eval-tasks of 'ttb' is the same for all"),
        ("ttb --source=mini", "--source=mini of 'ttb' is the same for all"),
        ("random,ttb, random", "the same agent twice"),
        ("grpo --kl 0.1,grpo --kl=0.1", "the same agent twice"),
    ],
)
def test_what_cannot_be_compared_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        contenders(text)


@pytest.mark.parametrize("name", ["seeds", "episodes", "rollouts", "limit"])
def test_numbers_that_are_too_small_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"--{name} must be"):
        Args(**{name: 0})


def test_everybody_gets_the_same_number_of_rollouts() -> None:
    agents = {c.label: c for c in contenders("ttb,ttb --preset paper,reinforce,grpo --rollouts 4,flowsteer,ppo")}
    steps = {label: c.steps(67_200) for label, c in agents.items()}
    assert steps["ttb"] == 67_200 // (ttb.Args().tasks_per_step * ttb.Args().rollouts)
    assert steps["ttb --preset paper"] == 67_200 // 28, "a preset's sizes count"
    assert steps["grpo --rollouts 4"] == 67_200 // 32
    assert steps["flowsteer"] == 67_200 // (flowsteer.Args().tasks_per_step * flowsteer.Args().rollouts)
    with pytest.raises(UsageError, match="less than one update of ttb"):
        agents["ttb"].steps(10)


def test_benchmarks_by_name_and_by_suite() -> None:
    found = benchmarks("HotpotQA-v0, SkillFlow/MuSiQue-v0", "")
    assert {name: s.name for name, s in found.items()} == {"HotpotQA-v0": "HotpotQA", "SkillFlow/MuSiQue-v0": "MuSiQue"}
    built = {s.name: s for s in stanzas() if s.built}
    assert benchmarks("", "all") == built
    assert benchmarks("", "ood") == {n: s for n, s in built.items() if s.distribution == "ood"}
    with pytest.raises(UsageError, match="did you mean HotpotQA"):
        benchmarks("HotpotQQ", "")


def test_each_agent_has_a_run_before_any_has_two() -> None:
    who, about = contenders("ttb,random"), benchmarks("HotpotQA,MuSiQue", "")
    found = cells(who, about, 2, transfer=False)
    assert len(found) == 8 and [c.seed for c in found] == [0] * 4 + [1] * 4
    assert found[0] == Cell(who[0], ("HotpotQA",), ("HotpotQA",), 0)
    assert len({c.folder for c in found}) == 8


def test_transfer_trains_on_one_half_and_evaluates_on_both() -> None:
    who = contenders("ttb")
    found = cells(who, benchmarks("HotpotQA,MuSiQue,NQ-Open,WebShop,Mind2Web", ""), 1, transfer=True)
    assert [(c.train, c.evaluate) for c in found] == [
        (("HotpotQA",), ("HotpotQA", "MuSiQue", "NQ-Open")),
        (("WebShop",), ("WebShop", "Mind2Web")),
    ], "a network for each kind of features"
    with pytest.raises(UsageError, match="in-distribution"):
        cells(who, benchmarks("MuSiQue", ""), 1, transfer=True)


def test_folders_are_safe_names() -> None:
    cell = Cell(Contender("ttb", ("--lm.decide", "a/../b c")), ("NQ-Open",), ("NQ-Open",), 3)
    assert cell.folder == "cells/ttb-lm.decide-a-..-b-c/NQ-Open/seed3"
