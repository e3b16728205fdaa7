"""The gate: what harm and benefit are, who is tried on what, and what is asked of the rollouts."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import ArrayLike

from skillflow_gym import Action, Trajectory
from skillflow_gym.evolution.gate import Trial, judge
from skillflow_gym.evolution.settings import Settings
from skillflow_gym.skills import Skill, SkillLibrary
from tests.flow.making import rollout

Rule = Literal["no-harm", "benefit"]


def tried(rewards: ArrayLike, k: int = 1, **fields: Any) -> list[Trajectory]:
    """``k`` trajectories of each task, with that reward."""
    return [
        rollout((Action.accept("x"), -1.0, -1.0), id=f"{n}/{i}", task_id=f"q{n}", reward=reward, **fields)
        for n, reward in enumerate(np.asarray(rewards, dtype=float).tolist())
        for i in range(k)
    ]


def test_what_is_refused() -> None:
    worse, same, better = [0.0] * 16, [0.5] * 16, [1.0] * 16
    expected: dict[Rule, list[bool]] = {"no-harm": [False, True, True], "benefit": [False, False, True]}
    for rule, answers in expected.items():
        for after, accepted in zip((worse, same, better), answers, strict=True):
            assert judge(tried(same), tried(after), rule)[0] is accepted, (rule, after[0])


def test_what_may_be_chance_is_neither_harm_nor_benefit() -> None:
    before, after = tried([0.5] * 16), tried([0.0] * 5 + [1.0] * 4 + [0.5] * 7)
    accepted, numbers = judge(before, after, "no-harm")
    assert accepted and not judge(before, after, "benefit")[0]
    mean, low, high = numbers["difference"]
    assert mean == pytest.approx(-1 / 32) and low < mean < high and low < 0 < high
    assert numbers["without"] == 0.5 and numbers["with"] == pytest.approx(15 / 32)
    assert numbers["tasks"] == 16 and numbers["rollouts"] == 32 and numbers["rule"] == "no-harm"
    json.dumps(numbers, allow_nan=False)


def test_tasks_are_paired_so_that_their_difficulty_does_not_hide_harm() -> None:
    """Each task loses a tenth, while tasks differ by much more."""
    base = np.linspace(0.1, 1.0, 16)
    assert not judge(tried(base), tried(base - 0.1), "no-harm")[0]
    assert judge(tried(base - 0.1), tried(base), "benefit")[0]


def test_rollouts_of_a_task_count_as_one() -> None:
    """A hundred rollouts of one task are no hundred tasks: its mean counts once."""
    before = tried([1.0, 1.0, 1.0], k=1)
    after = [*tried([0.0], k=100), *tried([1.0, 1.0, 1.0])[1:]]
    accepted, numbers = judge(before, after, "no-harm")
    assert accepted and numbers["difference"][0] == pytest.approx(-1 / 3)


def test_failures_of_the_infrastructure_are_no_zeros() -> None:
    before = tried([1.0] * 4)
    half = [*tried([1.0] * 4), *tried([0.0] * 4, unscored=True)]
    assert judge(before, half, "no-harm")[1]["difference"][0] == 0.0
    lost = [*tried([1.0, 1.0]), *tried([0.0] * 4, unscored=True)[2:]]
    assert judge(before, lost, "no-harm")[1]["tasks"] == 2
    for one, two in (([], before), (before, []), (before, tried([1.0] * 4, unscored=True)), ([], [])):
        assert judge(one, two, "no-harm") == (
            False,
            {"rule": "no-harm", "tasks": 0, "rollouts": len(one) + len(two), "difference": None},
        )


class Rollouts:
    """Remembers what it was asked for; libraries with the skill ``bad`` fail."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, int, frozenset[str], int]] = []

    def __call__(
        self, library: SkillLibrary, *, tasks: int, rollouts: int, exclude: Collection[str], seed: int
    ) -> list[Trajectory]:
        self.asked.append((library.version, tasks, rollouts, frozenset(exclude), seed))
        return tried([0.0 if "bad" in library else 0.5] * tasks, rollouts)


EMPTY = SkillLibrary()
GOOD, BAD = (SkillLibrary([Skill(name, name, name)]) for name in ("good", "bad"))


def test_candidates_of_a_phase_share_tasks_seeds_and_the_rollouts_without() -> None:
    rollouts = Rollouts()
    trial = Trial(Settings(gate_tasks=3, gate_rollouts=2), rollouts, frozenset({"q9"}), 7)
    assert trial(EMPTY, GOOD)[0] and not trial(EMPTY, BAD)[0] and trial(EMPTY, GOOD)[0]
    assert [version for version, *_ in rollouts.asked] == [EMPTY.version, GOOD.version, BAD.version]
    assert {tuple(rest) for _, *rest in rollouts.asked} == {(3, 2, frozenset({"q9"}), 7)}
    assert trial.rollouts == 3 * 3 * 2


def test_an_open_gate_rolls_nothing_out() -> None:
    rollouts = Rollouts()
    for some in (rollouts, None):
        trial = Trial(Settings(gate_tasks=0), some, frozenset(), 0)
        accepted, numbers = trial(EMPTY, BAD)
        assert accepted and numbers == {"rule": "open"} and trial.rollouts == 0
    assert rollouts.asked == []


def test_the_rule_of_the_settings_is_used() -> None:
    rollouts = Rollouts()
    assert not Trial(Settings(gate_rule="benefit"), rollouts, frozenset(), 0)(EMPTY, GOOD)[0]
    assert Trial(Settings(gate_rule="benefit"), rollouts, frozenset(), 0)(BAD, GOOD)[0]


def test_harm_is_found_and_chance_is_not_taken_for_it() -> None:
    """16 tasks with 4 rollouts each, again and again: a skill that does nothing, and one that halves success."""
    rng = np.random.default_rng(0)

    def rolled(success: float) -> list[Trajectory]:
        return tried(rng.binomial(4, success, size=16) / 4)

    assert np.mean([judge(rolled(0.8), rolled(0.8), "no-harm")[0] for _ in range(50)]) >= 0.9
    assert np.mean([judge(rolled(0.8), rolled(0.4), "no-harm")[0] for _ in range(50)]) <= 0.1
