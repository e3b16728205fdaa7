"""Credit and flows against a tree worked out by hand, trees solved backwards, and the losses' own log Z."""

from __future__ import annotations

from dataclasses import replace
from math import inf, log, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym import Action, Trajectory
from skillflow_gym.flow.credit import Credit, credits_of, log_mean_exp, one_task, stored_log_probs, vargrad_log_z
from tests.flow.making import rollout, tree

quick = settings(deadline=None, derandomize=True, max_examples=50)
seeds = st.integers(0, 2**32 - 1)
A, B = Action.act("a"), Action.act("b")

# Two decisions between a and b under a uniform pi_ref; only (a, a) succeeds. With beta 1 and eps 0.1:
# Z = (1.1 + 3 * 0.1) / 4 = 0.35, F(a) = (1.1 + 0.1) / 2 = 0.6, pi(a) = 0.5 * 0.6 / 0.35 = 6/7, pi(a|a) = 11/12.
HALF = log(1 / 2)
SUCCESS = rollout((A, log(6 / 7), HALF), (A, log(11 / 12), HALF), id="aa", reward=1.0)
FAILURES = [
    rollout((A, log(6 / 7), HALF), (B, log(1 / 12), HALF), id="ab"),
    rollout((B, log(1 / 7), HALF), (A, HALF, HALF), id="ba"),
    rollout((B, log(1 / 7), HALF), (B, HALF, HALF), id="bb"),
]


def test_the_tree_worked_out_by_hand() -> None:
    credit = Credit.of(SUCCESS)
    assert len(credit) == 2
    assert np.exp(credit.log_i) == pytest.approx([12 / 7, 11 / 6])
    assert np.exp(credit.state_flow(log(0.35))) == pytest.approx([0.35, 0.6, 1.1])
    assert np.exp(credit.edge_flow(log(0.35))) == pytest.approx([0.3, 0.55]), "0.35 * 6/7 and 0.6 * 11/12"
    assert credit.total == pytest.approx(log(1.1) - log(0.35))
    assert vargrad_log_z([SUCCESS, *FAILURES], beta=1.0, eps=0.1) == pytest.approx(log(0.35))


def test_without_log_z_flows_are_relative_to_the_task() -> None:
    credit = Credit.of(SUCCESS)
    for log_z in (-3.0, 0.0, 250.0):
        assert credit.state_flow(log_z) - log_z == pytest.approx(credit.state_flow())
        assert credit.edge_flow(log_z) - log_z == pytest.approx(credit.edge_flow())
        assert credit.state_flow(log_z)[0] == log_z, "F(H_0) = Z"


@quick
@given(seeds, st.floats(0.1, 8), st.floats(0.01, 1))
def test_at_zero_residual_credit_adds_up_to_the_outcome(seed: int, beta: float, eps: float) -> None:
    made = tree(seed, beta=beta, eps=eps)
    for trajectory in made.trajectories():
        credit, log_r = Credit.of(trajectory), beta * log(trajectory.reward + eps)
        assert credit.total == pytest.approx(log_r - made.log_z, abs=1e-9)
        assert credit.state_flow(made.log_z)[-1] == pytest.approx(log_r, abs=1e-9)


@quick
@given(seeds)
def test_at_zero_residual_the_state_flow_is_the_soft_value(seed: int) -> None:
    """F(H) is the mean of R~^beta over what pi_ref does next, and the mass through H is pi_ref(H) F(H) = Z pi(H)."""
    made = tree(seed)
    for k, trajectory in enumerate(made.trajectories()):
        i, j = divmod(k, 3)
        credit = Credit.of(trajectory)
        flow = credit.state_flow(made.log_z)
        assert flow == pytest.approx([made.log_z, made.log_middle[i], made.log_end[i, j]], abs=1e-9)
        assert np.cumsum(credit.log_ref) + flow[1:] == pytest.approx(made.log_z + np.cumsum(credit.log_pf), abs=1e-9)


@quick
@given(seeds)
def test_the_edge_flows_of_all_actions_are_the_flow_of_the_state(seed: int) -> None:
    made = tree(seed)
    credits = [Credit.of(trajectory) for trajectory in made.trajectories()]
    edges = np.array([credit.edge_flow(made.log_z) for credit in credits]).reshape(3, 3, 2)
    assert np.exp(edges[:, 0, 0]).sum() == pytest.approx(np.exp(made.log_z))
    for i in range(3):
        assert np.exp(edges[i, :, 1]).sum() == pytest.approx(np.exp(made.log_middle[i]))
    for credit in credits:
        arrived = credit.edge_flow(made.log_z) - credit.log_ref
        assert arrived == pytest.approx(credit.state_flow(made.log_z)[1:]), "the same flow in units of pi_ref"


@quick
@given(seeds, st.integers(2, 9), st.floats(0.1, 8))
def test_at_zero_residual_every_group_gives_the_same_log_z(seed: int, size: int, beta: float) -> None:
    made = tree(seed, beta=beta)
    drawn = np.random.default_rng(seed).integers(9, size=size)
    group = [made.trajectories()[k] for k in drawn]
    assert vargrad_log_z(group, beta=beta, eps=made.eps) == pytest.approx(made.log_z, abs=1e-9)


def test_the_tree_anchor_gives_ordinary_flows() -> None:
    credit = Credit([log(0.25), log(0.5)], [0.0, 0.0])
    assert np.exp(credit.state_flow(log(8))) == pytest.approx([8, 2, 1])
    assert credit.edge_flow(log(8)) == pytest.approx(credit.state_flow(log(8))[1:]), (
        "one parent each: what leaves arrives"
    )
    assert (credit.log_i <= 0).all()


def test_vargrad_by_hand() -> None:
    group = [
        rollout((A, -1.0, -1.5), reward=1.0),
        rollout((A, -2.0, -1.5), (B, -0.4, -0.6), reward=0.0),
    ]  # sums of log I: 0.5 and -0.3
    expected = ((2 * log(1.1) - 0.5) + (2 * log(0.1) + 0.3)) / 2
    assert vargrad_log_z(group, beta=2.0) == pytest.approx(expected)
    assert vargrad_log_z(group, beta=2.0, eps=1.0) == pytest.approx(((2 * log(2) - 0.5) + 0.3) / 2)
    credits = [Credit([1.0], [0.0]), Credit([1.0, 2.0], [0.0, 0.0])]
    assert vargrad_log_z(group, beta=0.0, credits=credits) == pytest.approx(-2.0), "given credits replace the stored"


@quick
@given(st.lists(st.tuples(st.floats(-50, 0), st.floats(-50, 0), st.floats(0, 1)), min_size=2, max_size=8))
def test_vargrad_makes_the_residuals_sum_to_zero(figures: list[tuple[float, float, float]]) -> None:
    group = [rollout((A, pf, ref), reward=reward) for pf, ref, reward in figures]
    log_z = vargrad_log_z(group, beta=3.0)
    residuals = [Credit.of(t).state_flow(log_z)[-1] - 3.0 * log(t.reward + 0.1) for t in group]
    assert sum(residuals) == pytest.approx(0.0, abs=1e-9)


def test_the_loss_has_the_same_log_z_and_residual() -> None:
    torch = pytest.importorskip("torch", reason="needs the train extra: pip install 'skillflow-gym[train]'")
    from skillflow_gym.agents import objectives

    rng = np.random.default_rng(0)
    log_pf, log_ref, reward = rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.uniform(size=4)
    group = [
        rollout(*((A, float(p), float(r)) for p, r in zip(pf, ref, strict=True)), reward=float(outcome))
        for pf, ref, outcome in zip(log_pf, log_ref, reward, strict=True)
    ]
    pf, ref, mask = torch.tensor(log_pf), torch.tensor(log_ref), torch.ones((4, 3), dtype=torch.bool)
    log_r, groups = objectives.log_reward(torch.tensor(reward), 0.1), torch.zeros(4, dtype=torch.long)
    expected = objectives.vargrad_log_z(objectives.path_log_ratio(pf, ref, mask), log_r, groups, 2.0)
    log_z = vargrad_log_z(group, beta=2.0, eps=0.1)
    assert log_z == pytest.approx(float(expected[0]))
    residual = objectives.ttb_residual(pf, ref, mask, log_r, expected, 2.0)
    ends = [Credit.of(t).state_flow(log_z)[-1] - 2.0 * log(t.reward + 0.1) for t in group]
    assert ends == pytest.approx(residual.tolist())


@pytest.mark.parametrize(("which", "step"), [("log_pf", (B, None, -1.0)), ("log_ref", (B, -1.0, None))])
def test_a_trajectory_without_log_probabilities_says_what_to_do(which: Any, step: Any) -> None:
    trajectory = rollout((A, -1.0, -1.0), step, id="t7")
    message = rf"'t7' has no {which} at turn 1, only None. .* policy.log_prob and use Credit\(log_pf, log_ref\)"
    with pytest.raises(ValueError, match=message):
        Credit.of(trajectory)
    with pytest.raises(ValueError, match=message):
        stored_log_probs(trajectory, which)


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_a_log_probability_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=f"'t' has no log_ref at turn 0, only {value}"):
        Credit.of(rollout((A, -1.0, value)))
    with pytest.raises(ValueError, match=r"turn 1 has log pi -2.0 and log pi_ref (nan|inf|-inf): both must be finite"):
        Credit([-1.0, -2.0], [-1.0, value])


@pytest.mark.parametrize(
    ("log_pf", "log_ref"), [([0.0], [0.0, 0.0]), ([[0.0]], [[0.0]]), (0.0, 0.0)], ids=["lengths", "matrix", "scalar"]
)
def test_shapes_are_checked(log_pf: Any, log_ref: Any) -> None:
    with pytest.raises(ValueError, match=r"one number a turn, \[T\]; got shapes"):
        Credit(log_pf, log_ref)


def test_no_turns_have_the_flow_of_the_task_alone() -> None:
    credit = Credit([], [])
    assert (len(credit), credit.total) == (0, 0.0)
    assert credit.state_flow(-1.5).tolist() == [-1.5]
    assert credit.edge_flow(-1.5).tolist() == []


def test_given_arrays_are_copied() -> None:
    log_pf = np.array([-1.0, -2.0])
    credit = Credit(log_pf, np.zeros(2))
    log_pf[:] = 7.0
    assert credit.log_pf.tolist() == [-1.0, -2.0] == credit.log_i.tolist()


@pytest.mark.parametrize("lengths", [(), (2,), (2, 2, 2), (2, 1)])
def test_credits_must_belong_to_the_trajectories(lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="one credit per trajectory, in their order and with as many turns"):
        credits_of([SUCCESS, FAILURES[0]], [Credit(np.zeros(n), np.zeros(n)) for n in lengths])


@pytest.mark.parametrize(
    ("group", "kwargs", "message"),
    [
        ([], {}, "at least 2 trajectories of the task"),
        ([SUCCESS], {}, "at least 2 trajectories of the task"),
        ([SUCCESS, replace(SUCCESS, task_id="p")], {}, r"of one task, got 2 of the tasks \['p', 'q'\]"),
        ([SUCCESS, replace(SUCCESS, id="x", unscored=True)], {}, r"\['x'\] have no outcome; drop unscored"),
        ([SUCCESS, replace(SUCCESS, reward=1.5)], {}, r"rewards must lie in \[0, 1\]; got \[1.0, 1.5\]"),
        ([SUCCESS, replace(SUCCESS, reward=nan)], {}, r"rewards must lie in \[0, 1\]"),
        ([SUCCESS, SUCCESS], {"eps": 0.0}, "eps must be positive"),
    ],
)
def test_a_group_without_a_log_z_is_refused(group: list[Trajectory], kwargs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        vargrad_log_z(group, beta=1.0, **kwargs)


def test_an_unscored_trajectory_has_no_credit() -> None:
    with pytest.raises(ValueError, match=r"'aa' was cut off by a failure; drop unscored episodes first"):
        Credit.of(replace(SUCCESS, unscored=True))


def test_a_group_has_one_task() -> None:
    assert one_task([SUCCESS, *FAILURES]) == "q"
    with pytest.raises(ValueError, match=r"of one task, got 0 of the tasks \[\]"):
        one_task([])


@quick
@given(st.lists(st.floats(-30, 30), min_size=1, max_size=20), st.floats(-1e6, 1e6))
def test_log_mean_exp_lies_between_mean_and_maximum_and_moves_along(values: list[float], shift: float) -> None:
    result = log_mean_exp(values)
    assert np.mean(values) - 1e-9 <= result <= max(values) + 1e-9
    assert result == pytest.approx(log(np.mean(np.exp(values))), abs=1e-9)
    assert log_mean_exp(np.array(values) + shift) == pytest.approx(result + shift, abs=1e-8)


def test_log_mean_exp_does_not_overflow() -> None:
    assert log_mean_exp([1e5, 1e5]) == 1e5
    assert log_mean_exp([-1e5, 1e5]) == pytest.approx(1e5 - log(2))
    assert log_mean_exp([-1e300, -1e300]) == -1e300
    with pytest.raises(ValueError, match="mean of no values"):
        log_mean_exp([])
