"""What was seen: the figure whose plateau is looked for, by hand; the window; what is kept of it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from skillflow_gym import Action, Trajectory
from skillflow_gym.evolution.evidence import contrast_credits
from skillflow_gym.evolution.observed import Observed
from tests.flow.making import rollout, tree


def tried(id: str, turns: int = 2, **fields: Any) -> Trajectory:
    return rollout(*[(Action.act(f"{t}"), None, None) for t in range(turns)], id=id, **fields)


def test_the_figure_by_hand() -> None:
    """Residuals of 1.5 - 2 ln 1.1 and -0.5 - 2 ln 0.1 nats at beta 2."""
    observed = Observed(10, beta=2.0, eps=0.1)
    observed.add(tried("a", reward=1.0))
    observed.add(tried("b", 1, reward=0.0))
    observed.credit("a", [-1.0, -2.0], [-2.0, -2.5], 0.0)
    observed.credit("b", [-3.0], [-2.0], 0.5)
    expected = ((1.5 - 2 * np.log(1.1)) ** 2 + (-0.5 - 2 * np.log(0.1)) ** 2) / 2 / 2.0**2
    assert observed.pending == 2
    assert observed.end_step() == pytest.approx(expected) == pytest.approx(2.3209, abs=1e-4)
    assert observed.pending == 0 and observed.has_credit()


@pytest.mark.parametrize("beta", [0.5, 2.0, 8.0])
def test_a_perfect_policy_has_the_figure_zero(beta: float) -> None:
    made = tree(3, beta=beta)
    observed = Observed(10, beta, made.eps)
    for trajectory in made.trajectories():
        observed.add(trajectory)
        pf, ref = zip(*[(turn.log_pf, turn.log_ref) for turn in trajectory.turns], strict=True)
        observed.credit(trajectory.id, pf, ref, made.log_z)
    assert observed.end_step() == pytest.approx(0, abs=1e-20)


def test_an_untrained_policy_has_the_same_figure_at_every_beta() -> None:
    """pi = pi_ref: residual log Z - beta log R~ with log Z their mean, so that beta cancels."""
    figures = []
    for beta in (1.0, 4.0, 8.0):
        observed = Observed(10, beta)
        log_z = beta * np.mean(np.log([1.1, 0.1]))
        for n, reward in enumerate((1.0, 0.0)):
            observed.add(tried(f"{n}", reward=reward))
            observed.credit(f"{n}", [-1.0, -1.0], [-1.0, -1.0], float(log_z))
        figures.append(observed.end_step())
    assert figures == pytest.approx([(np.log(11) / 2) ** 2] * 3)


def test_without_credit_the_figure_is_the_share_of_failure() -> None:
    observed = Observed(10)
    for n, reward in enumerate((1.0, 0.0, 0.4)):
        observed.add(tried(f"{n}", reward=reward))
    observed.credit("0", [0.0, 0.0], [0.0, 0.0], 0.0)
    assert observed.end_step() == pytest.approx((0.0 + 1.0 + 0.6) / 3), "credit of some is credit of none"
    assert not observed.has_credit()


def test_an_empty_step_is_none() -> None:
    observed = Observed(2)
    assert observed.end_step() is None and observed.evidence() == ([], [])
    observed.add(tried("a"))
    observed.end_step()
    assert observed.end_step() is None
    assert [t.id for t in observed.evidence()[0]] == ["a"], "it pushes nothing out of the window"


def test_the_window_is_of_steps() -> None:
    observed = Observed(3)
    for step in range(5):
        for n in range(2):
            observed.add(tried(f"{step}.{n}"))
        observed.end_step()
    observed.add(tried("open"))
    assert [t.id for t in observed.evidence()[0]] == ["2.0", "2.1", "3.0", "3.1", "4.0", "4.1"]
    observed.clear()
    assert observed.evidence() == ([], []) and observed.pending == 1, "the open step stays"


def test_ids_are_of_one_step() -> None:
    observed = Observed(3)
    observed.add(tried("a"))
    with pytest.raises(ValueError, match="'a'"):
        observed.add(tried("a"))
    observed.end_step()
    observed.add(tried("a"))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("b", [0.0], [0.0], 0.0), "no trajectory 'b'"),
        (("a", [0.0], [0.0], 0.0), "2 turns"),
        (("a", [0.0, 0.0], [0.0], 0.0), "shape|length"),
        (("a", [0.0, np.nan], [0.0, 0.0], 0.0), "finite|nan"),
        (("a", [0.0, -np.inf], [0.0, 0.0], 0.0), "finite|inf"),
        (("a", [0.0, 0.0], [0.0, 0.0], np.nan), "log Z"),
        (("a", [0.0, 0.0], [0.0, 0.0], np.inf), "log Z"),
    ],
)
def test_credit_that_does_not_fit_is_refused(arguments: Any, match: str) -> None:
    observed = Observed(3)
    observed.add(tried("a"))
    with pytest.raises(ValueError, match=match):
        observed.credit(*arguments)
    observed.end_step()
    assert not observed.has_credit(), "nothing of it was taken"
    with pytest.raises(ValueError, match="no trajectory 'a'"):
        observed.credit("a", [0.0, 0.0], [0.0, 0.0], 0.0)


def test_evidence_is_credit_if_all_have_it_and_outcomes_if_not() -> None:
    observed = Observed(5)
    for n, reward in enumerate((1.0, 0.0)):
        observed.add(tried(f"{n}", reward=reward))
        observed.credit(f"{n}", [-1.0, -2.0], [-3.0, -1.0], 0.0)
    observed.end_step()
    trajectories, credits = observed.evidence()
    assert [c.log_i.tolist() for c in credits] == [[2.0, -1.0]] * 2
    observed.add(tried("2", reward=1.0))
    observed.end_step()
    trajectories, credits = observed.evidence()
    expected = contrast_credits(trajectories, observed.beta, observed.eps)
    assert [c.log_i.tolist() for c in credits] == [c.log_i.tolist() for c in expected]


def credited(observed: Observed, id: str, turns: int, log_z: float, rng: np.random.Generator, **fields: Any) -> None:
    observed.add(tried(id, turns, **fields))
    observed.credit(id, rng.normal(size=turns) - 3, rng.normal(size=turns) - 3, log_z)


@pytest.mark.parametrize(("beta", "eps"), [(0.5, 0.1), (8.0, 0.1), (8.0, 0.5)])
def test_earned_credit_adds_up_to_the_outcome(beta: float, eps: float) -> None:
    """Beta log R~ - log Z of every trajectory, whatever the policy gives; the turns share what is missing."""
    rng, observed, log_z = np.random.default_rng(0), Observed(10, beta, eps), 1.5
    for n, reward in enumerate((1.0, 0.0, 0.4)):
        for turns in (1, 2, 5):
            credited(observed, f"{n}/{turns}", turns, log_z, rng, reward=reward)
    observed.end_step()
    trajectories, credits = observed.earned()
    assert [t.id for t in trajectories] == [t.id for t in observed.evidence()[0]] and len(trajectories) == 9
    for trajectory, credit, given in zip(trajectories, credits, observed.evidence()[1], strict=True):
        assert credit.total == pytest.approx(beta * np.log(trajectory.reward + eps) - log_z)
        added = credit.log_i - given.log_i
        assert added == pytest.approx([(credit.total - given.total) / len(trajectory)] * len(trajectory))
        assert credit.log_ref.tolist() == given.log_ref.tolist()


def test_earned_credit_by_hand() -> None:
    """The residuals of the first test, 1.5 - 2 ln 1.1 and -0.5 - 2 ln 0.1, are taken off in halves and as a whole."""
    observed = Observed(10, beta=2.0, eps=0.1)
    observed.add(tried("a", reward=1.0))
    observed.add(tried("b", 1, reward=0.0))
    observed.credit("a", [-1.0, -2.0], [-2.0, -2.5], 0.0)
    observed.credit("b", [-3.0], [-2.0], 0.5)
    observed.end_step()
    a, b = observed.earned()[1]
    assert a.log_i == pytest.approx([1.0 - 0.75 + np.log(1.1), 0.5 - 0.75 + np.log(1.1)])
    assert b.log_i == pytest.approx([2 * np.log(0.1) - 0.5])


@pytest.mark.parametrize("beta", [0.5, 2.0, 8.0])
def test_a_perfect_policy_has_earned_what_it_gives(beta: float) -> None:
    made = tree(3, beta=beta)
    observed = Observed(10, beta, made.eps)
    for trajectory in made.trajectories():
        observed.add(trajectory)
        pf, ref = zip(*[(turn.log_pf, turn.log_ref) for turn in trajectory.turns], strict=True)
        observed.credit(trajectory.id, pf, ref, made.log_z)
    observed.end_step()
    for earned, given in zip(observed.earned()[1], observed.evidence()[1], strict=True):
        assert earned.log_i == pytest.approx(given.log_i, abs=1e-12)


def test_what_was_earned_is_of_the_latest_step() -> None:
    rng, observed = np.random.default_rng(1), Observed(10)
    assert observed.earned() == ([], [])
    observed.add(tried("early"))
    observed.end_step()
    credited(observed, "late", 3, 0.0, rng, reward=1.0)
    observed.end_step()
    (trajectory,), (credit,) = observed.earned()
    assert trajectory.id == "late" and credit.total == pytest.approx(8 * np.log(1.1)), "though an earlier one has none"


def test_without_credit_outcomes_are_what_was_earned() -> None:
    rng, observed = np.random.default_rng(2), Observed(10)
    credited(observed, "first", 2, 0.0, rng, reward=1.0)
    observed.end_step()
    for n, reward in enumerate((1.0, 0.0)):
        observed.add(tried(f"{n}", 2 + n, reward=reward))
    observed.credit("1", [0.0] * 3, [-1.0] * 3, 0.0)
    observed.end_step()
    (trajectories, credits), (same, expected) = observed.earned(), observed.evidence(last=1)
    assert trajectories == same and [t.id for t in trajectories] == ["0", "1"], "credit of some is credit of none"
    assert [c.log_i.tolist() for c in credits] == [c.log_i.tolist() for c in expected]
    by_outcome = contrast_credits(trajectories, observed.beta, observed.eps)
    assert [c.log_i.tolist() for c in credits] == [c.log_i.tolist() for c in by_outcome]


@pytest.mark.parametrize("credited", [True, False])
def test_a_restored_state_goes_on_equally(credited: bool) -> None:
    def more(observed: Observed, step: int) -> float | None:
        for n in range(3):
            observed.add(tried(f"{n}", reward=float((n + step) % 2)))
            if credited:
                observed.credit(f"{n}", [-0.1 * n, -1 / 3], [-1.0, -2.0], step / 7)
        return observed.end_step()

    one, other = Observed(3), Observed(3)
    for step in range(4):
        more(one, step)
    one.add(tried("open"))
    other.add(tried("stale"))
    other.load(json.loads(json.dumps(one.state())))
    assert other.pending == 0, "an open step is not kept"
    one.load(other.state())
    for step in range(4, 7):
        assert more(one, step) == more(other, step)
        (first, credits), (again, others) = one.evidence(), other.evidence()
        assert first == again
        assert [(c.log_pf.tolist(), c.log_ref.tolist()) for c in credits] == [
            (c.log_pf.tolist(), c.log_ref.tolist()) for c in others
        ]
    assert one.state() == other.state()
