"""What: verdicts from flows, with hand-made numbers on every side of each rule."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillflow_gym.evolution.partition import flow_evidence, partition, random_partition, reads_evidence
from skillflow_gym.flow.reads import Side, SkillReads
from skillflow_gym.flow.skill_flow import SkillFlow, skill_flows
from skillflow_gym.stats import Interval
from tests.flow.making import reading


def flow(g: float | None, share: float | None = None, *, gap: float = 0.1, half: float = 0.2) -> SkillFlow:
    """A flow with an interval of G that reaches ``half`` to both sides; without a ``share`` there is none."""
    known = g is not None and share is not None
    return SkillFlow(
        name="s",
        offered=0 if g is None else 50,
        offered_tasks=10,
        visits=0 if g is None else 20,
        trajectories=20,
        tasks=10,
        g=g,
        lambda1=None if g is None else g + gap,
        gap=gap,
        marginal=g,
        g_interval=Interval(g, g - half, g + half) if known and g is not None else None,
        share=Interval(share, share - 0.1, share + 0.1) if share is not None else None,
    )


def verdict(mine: SkillFlow | None, below: int = 0, other: SkillFlow | None = None, **numbers: Any) -> tuple[str, int]:
    """The verdict on a skill beside ``other``, by default an average one."""
    flows = {"other": other or flow(0.0, 0.0)} | ({} if mine is None else {"s": mine})
    judged = partition(flows, ["s"], {"s": below}, **numbers)
    assert set(judged) == {"s"}
    return judged["s"].verdict, judged["s"].below


def test_the_rules() -> None:
    assert verdict(flow(1.0, 0.5)) == ("retain", 0)
    assert verdict(flow(0.0, 0.0)) == ("retain", 0)
    assert verdict(flow(1.0, 0.5, gap=1.0)) == ("retain", 0), "at most the largest gap"
    assert verdict(flow(1.0, 0.5, gap=1.01)) == ("refine", 0), "worth much at times and little at others"
    assert verdict(flow(-0.1, 0.5)) == ("refine", 0), "not enough"
    assert verdict(flow(1.0, 0.5, gap=0.5), gap=0.4) == ("refine", 0)


def test_pruning_takes_patience_and_proof() -> None:
    harmful = flow(-1.0, -0.5)
    assert verdict(harmful) == ("refine", 1), "once may be chance"
    assert verdict(harmful, below=1) == ("prune", 2)
    assert verdict(harmful, below=5) == ("prune", 6)
    assert verdict(harmful, below=2, patience=4) == ("refine", 3)
    assert verdict(harmful, patience=1) == ("prune", 1)
    assert verdict(flow(-1.0, -0.5, half=1.0), below=1) == ("refine", 2), "its interval holds 0"
    assert verdict(flow(0.5, -0.5), below=1) == ("retain", 2), "below a good average is no harm"
    assert verdict(flow(0.5, -0.5, gap=2.0), below=9) == ("refine", 10)
    assert verdict(flow(-1.0, 0.5), below=9) == ("refine", 0), "above average the row ends"


def test_a_single_skill_is_compared_with_its_tasks() -> None:
    """The only share is 0 by definition, whatever the skill is worth."""
    for g, expected in ((-1.0, ("prune", 2)), (1.0, ("retain", 0))):
        assert tuple(partition({"s": flow(g, 0.0)}, ["s"], {"s": 1})["s"]) == expected
        silent = {"s": flow(g, 0.0), "t": flow(None)}
        assert tuple(partition(silent, ["s"], {"s": 1})["s"]) == expected


@pytest.mark.parametrize("mine", [None, flow(None), flow(-5.0), flow(5.0)])
def test_too_few_visits_are_waited_for(mine: SkillFlow | None) -> None:
    for below in (0, 1, 7):
        assert verdict(mine, below) == ("wait", below), "and its row neither grows nor ends"


CLEAR = Side(100.0, 20.0, 9, Interval(9.0, 5.0, 12.0)), Side(20.0, 100.0, 9, Interval(-9.0, -12.0, -5.0))
UNSTABLE, AVOIDED = SkillReads(120.0, 120.0, *CLEAR), SkillReads(3.0, 34.0)


def test_an_unstable_skill_is_refined_however_even_its_visits_look() -> None:
    assert verdict(flow(1.0, 0.5), reads={"s": UNSTABLE}) == ("refine", 0)
    assert verdict(flow(1.0, 0.5), reads={"s": SkillReads(120.0, 20.0, CLEAR[0])}) == ("retain", 0), "it helps alone"
    assert verdict(flow(1.0, 0.5), reads={"other": UNSTABLE}) == ("retain", 0)
    assert verdict(flow(None), reads={"s": UNSTABLE}) == ("wait", 0)
    assert verdict(flow(-1.0, -0.5), below=1, reads={"s": UNSTABLE}) == ("prune", 2), "where it is read it does harm"


def test_an_avoided_skill_is_pruned_with_or_without_visits() -> None:
    for mine in (None, flow(None), flow(-0.1, 0.5), flow(1.0, 0.5)):
        assert verdict(mine, below=1, reads={"s": AVOIDED}) == ("prune", 2)
    assert verdict(flow(None), reads={"s": AVOIDED}) == ("wait", 1), "once may be chance, and nothing says why"
    assert verdict(flow(-0.1, 0.5), reads={"s": AVOIDED}) == ("refine", 1)
    split = SkillReads(30.0, 90.0, *CLEAR)
    assert split.avoided and verdict(flow(1.0, 0.5), below=5, reads={"s": split}) == ("refine", 0), "it helps some"


def test_a_phase_in_which_nothing_new_was_seen_does_not_count() -> None:
    harmful = flow(-1.0, -0.5)
    assert verdict(harmful, below=1, fresh={"other"}) == ("refine", 1)
    assert verdict(harmful, below=1, fresh={"s"}) == ("prune", 2)
    assert verdict(flow(None), below=1, fresh=(), reads={"s": AVOIDED}) == ("wait", 1)
    assert verdict(flow(1.0, 0.5), below=1, fresh=()) == ("retain", 0)


def test_every_name_gets_a_verdict_and_no_other() -> None:
    flows = {"a": flow(1.0, 0.5), "gone": flow(-1.0, -0.5)}
    assert set(partition(flows, ["a", "new"], {"gone": 3})) == {"a", "new"}
    assert partition(flows, [], {}) == {}


@given(
    st.lists(st.tuples(st.floats(-20, 20), st.floats(0, 10), st.floats(0, 5)), min_size=1, max_size=6),
    st.integers(0, 5),
    st.integers(1, 4),
    st.floats(0, 3),
)
def test_no_skill_is_pruned_without_proof(
    numbers: list[tuple[float, float, float]], below: int, patience: int, gap: float
) -> None:
    tops = np.array([g + jensen for g, jensen, _ in numbers])
    flows = {
        f"s{n}": flow(g, float(tops[n] - tops.mean()), gap=jensen, half=half)
        for n, (g, jensen, half) in enumerate(numbers)
    }
    judged = partition(flows, flows, dict.fromkeys(flows, below), patience=patience, gap=gap)
    for name, (kind, count) in judged.items():
        g, interval = flows[name].g, flows[name].g_interval
        assert g is not None and interval is not None
        assert count in (0, below + 1)
        if kind == "prune":
            assert interval.high < 0 and count >= patience
        if kind == "retain":
            assert g >= 0 and flows[name].gap <= gap
        if kind == "refine":
            assert g < 0 or flows[name].gap > gap
    if len(flows) > 1:
        best = max(flows, key=lambda name: flows[name].lambda1 or 0.0)
        assert judged[best].verdict != "prune" or judged[best].below == 0 or np.ptp(tops) < 1e-6, "the best one stays"


def test_verdicts_on_flows_of_trajectories() -> None:
    """Ten readings each in five tasks: one always worth 1 nat, one always worth -1, one 3 or -3."""
    values = {"good": [1.0] * 10, "bad": [-1.0] * 10, "moody": [3.0, -3.0] * 5, "rare": [-4.0] * 9}
    trajectories = [
        reading(name, x, id=f"{name}{n}", task_id=f"q{n // 2}", skills="good bad moody rare idle")
        for name, row in values.items()
        for n, x in enumerate(row)
    ]
    flows = skill_flows(trajectories, resamples=500)
    names = [*values, "idle", "new"]
    first = partition(flows, names, {})
    assert {n: v for n, (v, _) in first.items()} == {
        "good": "retain",
        "bad": "refine",
        "moody": "refine",
        "rare": "wait",
        "idle": "wait",
        "new": "wait",
    }
    second = partition(flows, names, {n: count for n, (_, count) in first.items()})
    assert second["bad"].verdict == "prune" and {n: v.verdict for n, v in second.items() if n != "bad"} == {
        n: v.verdict for n, v in first.items() if n != "bad"
    }
    for name in names:
        json.dumps(flow_evidence(flows.get(name)), allow_nan=False)


def test_random_verdicts_are_of_all_kinds_and_repeat() -> None:
    names = [f"s{n}" for n in range(400)]
    judged = random_partition(names, np.random.default_rng(0))
    counts = Counter(judgement.verdict for judgement in judged.values())
    assert set(counts) == {"retain", "refine", "prune", "wait"} and min(counts.values()) > 60
    assert judged == random_partition(names, np.random.default_rng(0)) and set(judged) == set(names)
    assert {judgement.below for judgement in judged.values()} == {0}


def test_the_evidence_of_a_verdict_is_json() -> None:
    assert flow_evidence(None) == {}
    known = flow_evidence(flow(1.0, 0.5))
    assert json.loads(json.dumps(known, allow_nan=False)) == known
    assert known["g_interval"] == [1.0, 0.8, 1.2] and known["share"][0] == 0.5 and known["visits"] == 20
    assert flow_evidence(flow(None))["g"] is None
    told = reads_evidence(UNSTABLE)
    assert json.loads(json.dumps(told, allow_nan=False)) == told and told["expected_visits"] == 120.0
    assert (
        told["hurts"]["excess"] == [-9.0, -12.0, -5.0] and told["hurts"]["value"] < -1.5 < 1.5 < told["helps"]["value"]
    )
    assert reads_evidence(AVOIDED) == {"expected_visits": 34.0, "helps": None, "hurts": None}
