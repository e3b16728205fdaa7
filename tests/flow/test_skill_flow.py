"""Figures of skills against examples worked out by hand, Jensen's inequality, and what was or was not on offer."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, ActionKind, Trajectory
from skillflow_gym.flow.credit import Credit
from skillflow_gym.flow.skill_flow import SkillFlow, offered_skills, skill_flows, skill_visits
from skillflow_gym.policy import UniformPolicy
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.skills import Skill, SkillLibrary
from tests.contract.outsider import registered
from tests.flow.making import reading, rollout, tree

quick = settings(deadline=None, derandomize=True, max_examples=60)
values = st.lists(st.floats(-50, 50), min_size=1, max_size=12)


def flow_of(xs: Any, **kwargs: Any) -> SkillFlow:
    """The figures of a skill with one visit per value of X, each in a task of its own; no intervals."""
    rollouts = [reading("s", float(x), task_id=f"q{i}") for i, x in enumerate(xs)]
    return skill_flows(rollouts, **{"min_visits": 10**9, **kwargs})["s"]


def test_two_skills_worked_out_by_hand() -> None:
    rollouts = [
        reading("a", log(1), task_id="q1", skills="a b"),
        reading("a", log(3), task_id="q2", skills="a b", act=0.7),
        reading("b", log(4), task_id="q1", skills="a b"),
        reading("b", log(4), task_id="q2", skills="a b", act=-2.0),
    ]
    flows = skill_flows(rollouts, min_visits=2, min_tasks=2)
    a, b = flows["a"], flows["b"]
    assert list(flows) == ["a", "b"]
    assert a.g == pytest.approx(log(3) / 2)
    assert a.lambda1 == pytest.approx(log(2)), "the log of (1 + 3) / 2"
    assert a.gap == pytest.approx(log(2) - log(3) / 2)
    assert b.g == pytest.approx(log(4)) == b.lambda1
    assert b.gap == pytest.approx(0.0)
    assert a.share is not None and a.share.mean == pytest.approx(log(2) - (log(2) + log(4)) / 2)
    assert b.share is not None and b.share.mean == pytest.approx(log(2) / 2)
    for flow in (a, b):
        assert (flow.offered, flow.offered_tasks, flow.visits, flow.trajectories, flow.tasks) == (4, 2, 2, 2, 2)
    assert a.g_interval == pytest.approx((log(3) / 2, 0.0, log(3))), "two tasks: each drawn twice a quarter of the time"


def test_the_marginal_flow_counts_trajectories_by_their_best_visit() -> None:
    flow = skill_flows([reading("s", log(1), log(3)), reading("s", log(1))])["s"]
    assert (flow.visits, flow.trajectories, flow.tasks) == (3, 2, 1)
    assert flow.lambda1 == pytest.approx(log((1 + 3 + 1) / 3)), "three visits"
    assert flow.marginal == pytest.approx(log((3 + 1) / 2)), "two trajectories"
    again = skill_flows([reading("s", log(1), log(3), log(3), log(2)), reading("s", log(1))])["s"]
    assert again.marginal == pytest.approx(flow.marginal), "reading once more adds nothing"


@quick
@given(values)
def test_where_nobody_reads_twice_the_marginal_flow_is_lambda1(xs: list[float]) -> None:
    flow = flow_of(xs)
    assert flow.marginal == pytest.approx(flow.lambda1, abs=1e-9)


@quick
@given(values)
def test_one_trajectory_has_its_best_visit_as_marginal_flow(xs: list[float]) -> None:
    flow = skill_flows([reading("s", *xs)])["s"]
    assert flow.g is not None and flow.lambda1 is not None and flow.marginal is not None
    assert flow.g <= flow.lambda1 <= flow.marginal + 1e-9
    assert flow.marginal == pytest.approx(max(xs), abs=1e-9)


@quick
@given(values, st.floats(-100, 100))
def test_jensen(xs: list[float], shift: float) -> None:
    flow, moved = flow_of(xs), flow_of(np.array(xs) + shift)
    assert flow.g is not None and flow.lambda1 is not None and moved.g is not None
    assert flow.lambda1 >= flow.g and flow.gap == pytest.approx(flow.lambda1 - flow.g, abs=1e-9)
    assert flow.lambda1 == pytest.approx(log(np.mean(np.exp(xs))), abs=1e-9)
    assert moved.g == pytest.approx(flow.g + shift, abs=1e-9)
    assert moved.gap == pytest.approx(flow.gap, abs=1e-9)


@quick
@given(st.floats(-50, 50), st.integers(2, 9), st.floats(0.01, 5))
def test_the_gap_is_zero_only_if_all_visits_agree(x: float, visits: int, off: float) -> None:
    assert 0.0 <= flow_of([x] * visits).gap < 1e-12
    assert flow_of([x]).gap == 0.0
    assert flow_of([x] * (visits - 1) + [x + off]).gap > 1e-7


@pytest.mark.parametrize("spread", [0.1, 0.01, 0.001])
def test_a_small_gap_is_half_the_variance(spread: float) -> None:
    xs = 3.0 + spread * np.random.default_rng(0).normal(size=200)
    assert flow_of(xs).gap == pytest.approx(np.var(xs) / 2, rel=spread)
    assert flow_of(xs + 1e8).gap == pytest.approx(np.var(xs + 1e8) / 2, rel=2 * spread)


@pytest.mark.parametrize("size", [1e3, 1e6, -1e6])
def test_large_flows_do_not_overflow(size: float) -> None:
    flow = flow_of([size, size + log(3)])
    assert flow.lambda1 == pytest.approx(size + log(2), abs=1e-6)
    assert flow.gap == pytest.approx(log(2) - log(3) / 2, abs=1e-6)
    assert flow.marginal == pytest.approx(size + log(2), abs=1e-6)


@quick
@given(st.floats(-1e3, 1e3))
def test_log_z_plays_no_part(log_z: float) -> None:
    trajectory = reading("s", 0.5, -1.5, act=2.0)
    credit = Credit.of(trajectory)
    absolute = credit.state_flow(log_z)
    assert skill_visits(trajectory, credit) == [
        ("s", pytest.approx(absolute[2] - log_z, abs=1e-9)),
        ("s", pytest.approx(absolute[3] - log_z, abs=1e-9)),
    ]
    assert [x for _, x in skill_visits(trajectory, credit)] == pytest.approx([0.5, -1.5]), "the turns before count"


def test_at_zero_residual_a_visit_is_worth_the_soft_value_it_leads_to() -> None:
    """The first action of the tree reads a skill; over pi_ref the flows relative to the task average 1."""
    made = tree(seed=3)
    rollouts = [
        replace(t, turns=(replace(t.turns[0], action=Action.skill(f"s{t.id[0]}")), t.turns[1]))
        for t in made.trajectories()
    ]
    flows = skill_flows(rollouts, skills=["s0", "s1", "s2"])
    worth = np.array([flows[f"s{i}"].g for i in range(3)])
    assert worth == pytest.approx(made.log_middle - made.log_z)
    assert np.exp(made.log_ref[0] + worth).sum() == pytest.approx(1.0)
    assert [flows[f"s{i}"].gap for i in range(3)] == pytest.approx([0.0] * 3)


def test_only_turns_that_read_a_skill_without_error_are_visits() -> None:
    rollouts = [
        rollout((Action.act("s"), -1.0, -2.0), (Action.accept("s"), -1.0, -2.0), skills="s"),
        reading("s", 1.0, 5.0),
    ]
    turns = rollouts[1].turns
    failed = replace(turns[2], error="no skill is named 's'")
    rollouts[1] = replace(rollouts[1], turns=(*turns[:2], failed, *turns[2:]))
    visits = [skill_visits(trajectory, Credit.of(trajectory)) for trajectory in rollouts]
    assert visits == [[], [("s", pytest.approx(1.0)), ("s", pytest.approx(9.0))]], "credit of the failed turn counts"
    flow = skill_flows(rollouts)["s"]
    assert (flow.visits, flow.trajectories, flow.offered) == (2, 1, 2)


def test_never_offered_is_not_the_same_as_never_read() -> None:
    rollouts = [reading("a", -3.0, skills="a b", task_id=task) for task in ("q1", "q1", "q2")]
    rollouts.append(rollout((Action.act("x"), -1.0, -1.0), skills="b", task_id="q3"))
    flows = skill_flows(rollouts, skills=["c", "a"], min_visits=1, min_tasks=1)
    assert list(flows) == ["a", "b", "c"]
    assert [(f.offered, f.offered_tasks, f.visits, f.tasks) for f in flows.values()] == [
        (3, 2, 3, 2),
        (4, 3, 0, 0),
        (0, 0, 0, 0),
    ]
    assert [flow.never_offered for flow in flows.values()] == [False, False, True]
    for name in "bc":
        nothing = flows[name]
        assert nothing.g is nothing.lambda1 is nothing.marginal is nothing.g_interval is nothing.share is None
        assert nothing.gap == 0.0
    assert flows["a"].share is not None and flows["a"].share.mean == 0.0, "skills without visits do not move the mean"


@pytest.mark.parametrize(
    ("catalogue", "names"),
    [
        ("", set()),
        ("- a: x\n- b-2: y: z", {"a", "b-2"}),
        ("- a: see - c: too\nnot - d: this\n-e: nor\n- f g: this", {"a"}),
    ],
)
def test_the_names_of_a_catalogue(catalogue: str, names: set[str]) -> None:
    assert offered_skills(replace(rollout(), catalogue=catalogue)) == names


def test_the_catalogue_of_a_library_is_understood() -> None:
    library = SkillLibrary([Skill("b-2", "with\n- c: two lines", ""), Skill("a", "", "- d: body")])
    assert offered_skills(replace(rollout(), catalogue=library.catalogue)) == set(library.names)


def test_a_skill_that_was_read_was_on_offer() -> None:
    assert skill_flows([reading("s", 1.0, skills="")])["s"].offered == 1


def test_given_credits_replace_the_stored_ones() -> None:
    trajectory = reading("s", 1.0)
    assert skill_flows([trajectory], [Credit([3.0, 4.0], [0.0, 0.0])])["s"].g == 7.0
    unknown = rollout((Action.skill("s"), None, None), skills="s")
    assert skill_flows([unknown], [Credit([2.0], [0.5])])["s"].g == 1.5
    with pytest.raises(ValueError, match="has no log_pf at turn 0"):
        skill_flows([unknown])
    with pytest.raises(ValueError, match="one credit per trajectory"):
        skill_flows([trajectory], [])


@pytest.mark.parametrize("name", ["min_visits", "min_tasks", "resamples"])
def test_limits_below_one_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"min_visits, min_tasks and resamples must be at least 1"):
        skill_flows([], **{name: 0})


def test_no_trajectories_know_nothing() -> None:
    assert skill_flows([]) == {}
    assert skill_flows([], skills=["s"])["s"].never_offered


def test_rollouts_in_an_environment_with_a_library() -> None:
    def vaults() -> gym.Env[Any, Any]:
        env: Any = gym.make("SkillFlow/Vaults-v0", source="mini")
        env.unwrapped.library = SkillLibrary([Skill("pairs", "Turn two.", "..."), Skill("levers", "Pull.", "...")])
        return env

    with registered():
        collector = Collector(vaults)
        jobs = [Job(f"{i}#{k}", f"train-{i}", f"train-{i}", (0, k)) for i in range(6) for k in range(6)]
        rollouts = [Trajectory.from_json(t.to_json()) for t in collector.collect(UniformPolicy(), jobs).trajectories]
        collector.close()
    flows = skill_flows(rollouts, skills=["unheard-of"], min_visits=5)
    assert list(flows) == ["levers", "pairs", "unheard-of"]
    for name in ("levers", "pairs"):
        reads = [t for t in rollouts for turn in t.turns if turn.action == (ActionKind.SKILL, name)]
        flow = flows[name]
        assert (flow.offered, flow.offered_tasks, flow.visits) == (36, 6, len(reads))
        assert flow.visits >= 5 and flow.share is not None, "enough to say something"
        assert flow.g == flow.lambda1 == 0.0 and flow.share == (0.0, 0.0, 0.0), "the policy is its own reference"
