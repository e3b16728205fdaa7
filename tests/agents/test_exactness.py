"""What the objectives converge to, on environments small enough to enumerate.

Every run is full-batch over all trajectories unless it says otherwise, so it ends at the loss's own minimum and a
distance from the target is a property of the objective, not of sampling.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from skillflow_gym.agents import objectives
from skillflow_gym.agents.objectives import Anchor, LogZ
from tests.agents.tabular import Batch, Enumerated, bandit, on_policy, shuffled, total_variation, train, tree

ENVIRONMENTS = {"bandit": bandit(), "tree": tree()}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The tensors are tiny: more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=ENVIRONMENTS)
def env(request: pytest.FixtureRequest) -> Enumerated:
    return ENVIRONMENTS[request.param]


def zeros(env: Enumerated) -> Tensor:
    """log rho of the `tree` anchor, [N, T]."""
    return torch.zeros(env.actions.shape, dtype=torch.float64)


def test_the_tree_is_the_one_described() -> None:
    env = tree()
    assert env.actions.shape == (216, 3)
    assert env.logits().shape == (1 + 6 + 36, 6)
    assert len({tuple(path) for path in env.actions.tolist()}) == 216
    uniform = env.log_probs(env.logits()).sum(dim=1).exp()
    torch.testing.assert_close(uniform, torch.full((216,), 1 / 216, dtype=torch.float64))
    assert float(env.log_probs(env.logits(seed=1)).sum(dim=1).exp().sum()) == pytest.approx(1)
    assert env.by_outcome(uniform).shape == (7,)


@pytest.mark.parametrize("log_z", ["vargrad", "head"])
@pytest.mark.parametrize("beta", [1.0, 4.0])
@pytest.mark.parametrize("anchor", ["tree", "reference"])
def test_policy_reaches_the_enumerated_target(env: Enumerated, anchor: Anchor, beta: float, log_z: LogZ) -> None:
    reference = env.logits(seed=1)  # far from uniform
    log_rho = env.log_probs(reference) if anchor == "reference" else zeros(env)
    target, log_partition = env.target(log_rho, beta)
    trained = train(env, anchor=anchor, log_z=log_z, beta=beta, reference=reference)
    assert total_variation(trained.probabilities, target) < 0.02
    if log_z == "head":
        assert float(trained.log_z) == pytest.approx(float(log_partition), abs=0.02)

    # Outcomes: rho's mass of each outcome, tilted by its reward. Every trajectory of an outcome has the same reward.
    rho = torch.bincount(env.outcomes, weights=log_rho.sum(dim=1).exp())
    reward = torch.bincount(env.outcomes, weights=env.rewards) / torch.bincount(env.outcomes)
    outcomes = rho * (reward + 0.1) ** beta
    assert total_variation(env.by_outcome(trained.probabilities), outcomes / outcomes.sum()) < 0.005


def test_reference_and_tree_have_different_targets(env: Enumerated) -> None:
    """So that the test above could not pass with the anchors exchanged."""
    log_ref = env.log_probs(env.logits(seed=1))
    for beta in (1.0, 4.0):
        assert total_variation(env.target(log_ref, beta)[0], env.target(zeros(env), beta)[0]) > 0.1


def test_on_policy_batches_reach_the_target() -> None:
    """Groups of 32 sampled from the policy, log Z from the group: the noise vanishes with the residual."""
    env = tree()
    trained = train(env, batch=on_policy(32), steps=1000, lr=0.05)
    assert total_variation(trained.probabilities, env.target(zeros(env), 1.0)[0]) < 0.02


def test_credit_adds_up_to_the_reward() -> None:
    """`reference`: sum_t log I(t) = beta log R~ - log Z for every trajectory, with the enumerated log Z."""
    env, beta, reference = tree(), 2.0, tree().logits(seed=1)
    trained = train(env, anchor="reference", beta=beta, reference=reference)
    log_i = trained.log_pf - env.log_probs(reference)  # [N, T]
    _, log_z = env.target(env.log_probs(reference), beta)
    error = log_i.sum(dim=1) - (beta * env.log_r - log_z)
    assert float(error.abs().max()) < 0.02
    assert float(log_i.max()) > 0.5 > -0.5 > float(log_i.min())  # it does single decisions out, both ways


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_kept_rollouts_lead_to_the_same_target(env: Enumerated, beta: float) -> None:
    """Only rollouts of the uniform policy, failures weighed by how far the present one would still make them."""
    uniform = env.log_probs(env.logits()).sum(dim=1)
    trained = train(env, beta=beta, log_then=uniform, batch=shuffled(8))
    assert total_variation(trained.probabilities, env.target(zeros(env), beta)[0]) < 0.02
    weights = objectives.replay_weights(
        trained.log_pf.sum(dim=1), uniform, env.rewards, torch.zeros(len(uniform), dtype=torch.long)
    )
    assert float(weights.min()) < 0.5  # they are felt


# ----------------------------------------------------------------------------------------------- the contrast weight


def sorted_groups(size: int) -> Batch:
    """Every trajectory of the tree once, in fixed groups of like reward: hardly any has contrast."""
    order = torch.argsort(tree().rewards, stable=True)

    def draw(log_p: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return order, torch.arange(len(order)) // size

    return draw


def test_contrast_weight_leaves_the_zero_of_the_loss() -> None:
    env = tree()
    target, log_z = env.target(zeros(env), 1.0)
    index, groups = sorted_groups(4)(torch.zeros(216), torch.Generator())
    assert 0 < int((objectives.contrast_weights(env.rewards[index], groups, 0.0) == 1).sum()) < 20

    trained = train(env, log_z="head", weight=0.1, batch=sorted_groups(4))
    assert total_variation(trained.probabilities, target) < 0.02
    assert float(trained.log_z) == pytest.approx(float(log_z), abs=0.02)
    # Left out altogether, these groups teach nothing: the weight is felt, it only does not move the optimum.
    assert total_variation(train(env, log_z="head", weight=0.0, batch=sorted_groups(4)).probabilities, target) > 0.1


def test_contrast_weight_with_log_z_from_small_groups() -> None:
    env = tree()
    trained = train(env, weight=0.1, batch=shuffled(4))
    assert total_variation(trained.probabilities, env.target(zeros(env), 1.0)[0]) < 0.02


# ------------------------------------------------------------------------------- what the paper's choices converge to


@pytest.mark.parametrize("anchor", ["tree", "reference"])
def test_per_token_edges_collapse_onto_the_best(env: Enumerated, anchor: Anchor) -> None:
    """With K tokens an action the optimum is rho R~^(K beta), not rho R~^beta."""
    k, beta = 10, 1.0
    reference = env.logits(seed=1)
    log_rho = env.log_probs(reference) if anchor == "reference" else zeros(env)
    tokens = torch.full_like(env.actions, k)
    trained = train(env, anchor=anchor, beta=beta, edge="per_token", tokens=tokens, reference=reference, steps=800)
    collapsed, _ = env.target(log_rho, k * beta)
    best = env.rewards == 1
    assert float(trained.probabilities[best].sum()) == pytest.approx(float(collapsed[best].sum()), abs=0.005)
    assert float(collapsed[best].sum()) > 0.99
    assert total_variation(trained.probabilities, collapsed) < 0.02
    assert total_variation(trained.probabilities, env.target(log_rho, beta)[0]) > 0.3


def test_per_token_edges_prefer_short_actions() -> None:
    """Unequal K: pi(a) = (R~^beta / z)^K(a), so of two actions that earn the same the shorter one takes nearly all."""
    env = bandit()
    tokens = torch.tensor([1, 6, 1, 6, 1, 6, 1, 6])[:, None]
    trained = train(env, edge="per_token", tokens=tokens, log_z="head", steps=600)
    low, high = 0.0, 10.0  # bisect for the log z at which the probabilities sum to one
    for _ in range(60):
        middle = (low + high) / 2
        predicted = torch.exp(tokens[:, 0] * (env.log_r - middle))
        low, high = (middle, high) if float(predicted.sum()) > 1 else (low, middle)
    assert total_variation(trained.probabilities, predicted) < 0.02
    assert float(trained.log_z) == pytest.approx(middle, abs=0.02)
    assert float(trained.probabilities[0]) > 10 * float(trained.probabilities[1])


@pytest.mark.parametrize("log_z", ["vargrad", "head"])
def test_a_learned_hindsight_anchor_absorbs_the_loss(env: Enumerated, log_z: LogZ) -> None:
    """P_phi learned jointly: the loss is gone, and the policy is still far from R~ / Z."""
    target, log_partition = env.target(zeros(env), 1.0)
    trained = train(env, anchor="hindsight", log_z=log_z)
    assert trained.loss < 1e-6
    assert total_variation(trained.probabilities, target) > 0.1
    if log_z == "head":
        assert abs(float(trained.log_z) - float(log_partition)) > 1


def test_hindsight_absorbs_the_loss_on_policy_too() -> None:
    env = tree()
    trained = train(env, anchor="hindsight", log_z="head", batch=on_policy(32), steps=1000, lr=0.05)
    assert trained.loss < 1e-6
    assert total_variation(trained.probabilities, env.target(zeros(env), 1.0)[0]) > 0.1
