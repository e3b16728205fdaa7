"""The losses against numbers worked by hand, their gradients against finite differences, and their errors."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from skillflow_gym.agents import objectives
from skillflow_gym.agents.objectives import Edge
from tests.agents.tabular import Enumerated, tree


def f64(*values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


# Two trajectories: probabilities 1/2 then 1/4 against a reference of 1/4 and 1/2; and 1/8 against 1/2, then padding.
LOG_PF = f64([1 / 2, 1 / 4], [1 / 8, 1]).log()
LOG_REF = f64([1 / 4, 1 / 2], [1 / 2, 1]).log()
MASK = torch.tensor([[True, True], [True, False]])
ONE_TASK = torch.tensor([5, 5])


# ---------------------------------------------------------------------------------------------- numbers worked by hand


def test_log_reward_of_failure_half_and_success() -> None:
    expected = [-2.302585092994046, -0.5108256237659907, 0.09531017980432493]  # ln 0.1, ln 0.6, ln 1.1
    assert objectives.log_reward(f64(0, 0.5, 1)).tolist() == pytest.approx(expected)
    assert objectives.log_reward(torch.tensor([0, 1]), eps=1.0).tolist() == pytest.approx([0.0, math.log(2)])


def test_path_log_ratio() -> None:
    # ln(1/2 * 1/4) - ln(1/4 * 1/2) = 0 and ln(1/8) - ln(1/2) = -2 ln 2
    assert objectives.path_log_ratio(LOG_PF, LOG_REF, MASK).tolist() == pytest.approx([0, -2 * math.log(2)])
    assert objectives.path_lengths(MASK).tolist() == [2, 1]


def test_residual() -> None:
    log_r = f64(1, 1 / 2).log()
    residual = objectives.ttb_residual(LOG_PF, LOG_REF, MASK, log_r, f64(0.25, 0.25), beta=3.0)
    # 0.25 + 0 - 0 and 0.25 - 2 ln 2 + 3 ln 2
    assert residual.tolist() == pytest.approx([0.25, 0.25 + math.log(2)])


def test_loss_is_the_weighted_sum_over_the_number_of_trajectories() -> None:
    loss = objectives.ttb_loss(f64(6, 1), torch.tensor([3, 1]), f64(1, 0.1))
    assert loss.item() == pytest.approx((1 * 4 + 0.1 * 1) / 2)


def test_vargrad_is_the_mean_of_its_own_group() -> None:
    log_ratio, log_r = f64(1, 3, 10, 20), f64(2, 2, 0, 5)
    # beta 2: 4 - 1 = 3 and 4 - 3 = 1 in task 7; 0 - 10 = -10 and 10 - 20 = -10 in task 2
    log_z = objectives.vargrad_log_z(log_ratio, log_r, torch.tensor([7, 7, 2, 2]), beta=2.0)
    assert log_z.tolist() == pytest.approx([2, 2, -10, -10])
    interleaved = objectives.vargrad_log_z(log_ratio, log_r, torch.tensor([7, 2, 7, 2]), beta=2.0)
    assert interleaved.tolist() == pytest.approx([-3.5, -4.5, -3.5, -4.5])  # (3 - 10) / 2 and (1 - 10) / 2


def test_contrast_weights() -> None:
    reward = f64(0, 1, 0, 0, 0.5, 0.5, 1)
    groups = torch.tensor([3, 3, 1, 1, 3, 8, 9])  # 3 differs; 1 fails as a whole; 8 and 9 have one trajectory each
    weights = objectives.contrast_weights(reward, groups, 0.1)
    assert weights.tolist() == [1, 1, 0.1, 0.1, 1, 0.1, 0.1]
    assert objectives.contrast_weights(torch.tensor([0, 0]), ONE_TASK, 0.5).tolist() == [0.5, 0.5]


def test_replay_weights() -> None:
    reward = f64(1, 0, 0, 0.5, 0, 0)
    groups = torch.tensor([0, 0, 0, 0, 5, 5])
    now, then = f64(-9, -2, -1, -1, -4, -3), f64(-1, -1, -2, -3, -3, -3)
    weights = objectives.replay_weights(now.requires_grad_(), then, reward, groups)
    # better than the mean of 3/8; e times rarer now; likelier now; better; the others are of a group of equals
    assert weights.tolist() == pytest.approx([1, math.exp(-1), 1, 1, math.exp(-1), 1])
    assert not weights.requires_grad
    assert objectives.replay_weights(then, then, reward, groups).tolist() == [1] * 6


def test_importance_weights() -> None:
    now = f64(-2, -1, -3).requires_grad_()
    weights = objectives.importance_weights(now, f64(-1, -2, -3))  # e times rarer now, likelier, the same
    assert weights.tolist() == pytest.approx([math.exp(-1), 1, 1]) and not weights.requires_grad


def test_leave_one_out_advantage() -> None:
    advantage = objectives.leave_one_out_advantage(f64(1, 0, 0.5, 1, 0.25), torch.tensor([0, 0, 0, 4, 4]))
    assert advantage.tolist() == pytest.approx([0.75, -0.75, 0, 0.75, -0.75])  # 1 - 1/4, 0 - 3/4, 1/2 - 1/2; 1 - 1/4


def test_reinforce_loss() -> None:
    # advantages 1 and -1 times log-probabilities -1 - 2 and -0.5; the 9 is padding
    log_pf, reward = f64([-1, -2], [-0.5, 9]), f64(1, 0)
    loss = objectives.reinforce_loss(log_pf, MASK, reward, ONE_TASK, f64(1, 1))
    assert loss.item() == pytest.approx((3 - 0.5) / 2)
    loss = objectives.reinforce_loss(log_pf, MASK, reward, ONE_TASK, f64(1 / 4, 1 / 2))
    assert loss.item() == pytest.approx((3 / 4 - 0.5 / 2) / 2)


def test_edges_per_token_and_sum() -> None:
    tokens = torch.tensor([[4, 2], [3, 0]])
    summed = f64([-8, -3], [-6, 0])
    assert torch.equal(objectives.edge_log_probs(summed, tokens, MASK), summed)
    assert objectives.edge_log_probs(summed, tokens, MASK, "per_token")[MASK].tolist() == [-2, -1.5, -2]


# ----------------------------------------------------------------------------------------------- gradients and padding


def random_problem() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Policy and hindsight log-probabilities [6, 3] of unequal lengths, mask, rewards, and the tasks of two groups."""
    generator = torch.Generator().manual_seed(0)
    log_pf = -torch.rand((6, 3), dtype=torch.float64, generator=generator) - 0.1
    log_phi = -torch.rand((6, 3), dtype=torch.float64, generator=generator) - 0.1
    mask = torch.arange(3) < torch.tensor([3, 1, 2, 2, 3, 1])[:, None]
    return log_pf, log_phi, mask, f64(1, 0, 0.5, 0, 0, 0), torch.tensor([0, 0, 0, 1, 1, 1])


@pytest.mark.parametrize("edge", ["sum", "per_token"])
def test_ttb_gradient_for_policy_hindsight_and_head(edge: Edge) -> None:
    log_pf, log_phi, mask, reward, groups = random_problem()
    tokens = torch.tensor([[3, 1, 5]]).expand(6, 3)
    weights = objectives.contrast_weights(reward, groups, 0.1)

    def loss(log_pf: Tensor, log_phi: Tensor, head: Tensor) -> Tensor:
        pf, rho = (objectives.edge_log_probs(x, tokens, mask, edge) for x in (log_pf, log_phi))
        residual = objectives.ttb_residual(pf, rho, mask, objectives.log_reward(reward), head[groups], beta=2.0)
        return objectives.ttb_loss(residual, objectives.path_lengths(mask), weights)

    inputs = [x.clone().requires_grad_() for x in (log_pf, log_phi, f64(0.3, -0.7))]
    assert torch.autograd.gradcheck(loss, inputs)  # central differences in float64
    gradients = torch.autograd.grad(loss(*inputs), inputs)
    assert all(float(g.abs().max()) > 1e-3 for g in gradients)
    assert torch.equal(gradients[0], -gradients[1])  # rho enters with the opposite sign


def vargrad_loss(log_pf: Tensor, mask: Tensor, reward: Tensor, groups: Tensor, log_z: Tensor | None = None) -> Tensor:
    """TTB against the `tree` anchor, with log Z from the group unless it is given."""
    log_rho, log_r = torch.zeros_like(log_pf), objectives.log_reward(reward)
    if log_z is None:
        ratio = objectives.path_log_ratio(log_pf, log_rho, mask)
        log_z = objectives.vargrad_log_z(ratio, log_r, groups, beta=2.0)
    residual = objectives.ttb_residual(log_pf, log_rho, mask, log_r, log_z, beta=2.0)
    return objectives.ttb_loss(residual, objectives.path_lengths(mask), torch.ones_like(reward))


def test_vargrad_gradient_is_the_full_one_for_equal_lengths() -> None:
    """Detaching log Z then changes nothing: differences of the whole loss, log Z included, give the same gradient."""
    log_pf, _, mask, reward, groups = random_problem()
    full = torch.ones_like(mask)
    assert torch.autograd.gradcheck(lambda x: vargrad_loss(x, full, reward, groups), log_pf.clone().requires_grad_())


def test_vargrad_is_a_constant_for_unequal_lengths() -> None:
    """The gradient is the one of the loss with log Z frozen, and differs from the one of the whole loss."""
    log_pf, _, mask, reward, groups = random_problem()
    x = log_pf.clone().requires_grad_()
    ratio = objectives.path_log_ratio(x, torch.zeros_like(x), mask)
    frozen = objectives.vargrad_log_z(ratio, objectives.log_reward(reward), groups, beta=2.0)
    assert not frozen.requires_grad

    def with_frozen(x: Tensor) -> Tensor:
        return vargrad_loss(x, mask, reward, groups, frozen)

    assert torch.autograd.gradcheck(with_frozen, x)
    (gradient,) = torch.autograd.grad(vargrad_loss(x, mask, reward, groups), x)
    (expected,) = torch.autograd.grad(with_frozen(x), x)
    assert torch.equal(gradient, expected)
    whole = torch.autograd.gradcheck(lambda x: vargrad_loss(x, mask, reward, groups), x, raise_exception=False)
    assert not whole


def test_reinforce_gradient_against_finite_differences() -> None:
    log_pf, _, mask, reward, groups = random_problem()
    groups[3] = 0
    x = log_pf.clone().requires_grad_()
    weights = f64(1, 0.5, 0.25, 1, 0, 0.75)
    assert torch.autograd.gradcheck(lambda x: objectives.reinforce_loss(x, mask, reward, groups, weights), x)


def test_importance_weights_are_constants_of_the_loss() -> None:
    """Differences of the loss with the weights frozen give the gradient; of the loss with them, another one."""
    log_pf, _, mask, reward, groups = random_problem()
    groups[3] = 0
    then = f64(-1.5, -0.2, -0.4, -0.1, -0.5, -3)

    def weigh(x: Tensor) -> Tensor:
        return objectives.importance_weights(torch.where(mask, x, 0.0).sum(dim=1), then)

    def loss(x: Tensor, weights: Tensor) -> Tensor:
        return objectives.reinforce_loss(x, mask, reward, groups, weights)

    x, frozen = log_pf.clone().requires_grad_(), weigh(log_pf)
    assert 0 < float(frozen.min()) < 0.9 and float(frozen.max()) == 1
    assert torch.autograd.gradcheck(lambda x: loss(x, frozen), x)
    (gradient,) = torch.autograd.grad(loss(x, weigh(x)), x)
    (expected,) = torch.autograd.grad(loss(x, frozen), x)
    assert torch.equal(gradient, expected)
    assert not torch.autograd.gradcheck(lambda x: loss(x, weigh(x)), x, raise_exception=False)


def test_reinforce_gradient_is_the_policy_gradient_in_expectation() -> None:
    """Every pair of trajectories of a depth-2 tree, weighed by its probability, gives exactly -grad E[R]."""
    env = tree(depth=2, branching=3)
    logits = env.logits(seed=3).requires_grad_()
    probabilities = env.log_probs(logits).sum(dim=1).exp()  # [9]
    (exact,) = torch.autograd.grad((probabilities * env.rewards).sum(), logits)
    assert float(exact.abs().max()) > 0.01
    torch.testing.assert_close(expected_reinforce(env, logits, logits), -exact)


def expected_reinforce(env: Enumerated, logits: Tensor, sampler: Tensor) -> Tensor:
    """The mean gradient over every pair of trajectories, weighed by its probability under the policy ``sampler``."""
    log_then = env.log_probs(sampler).sum(dim=1).detach()  # [9]
    expected = torch.zeros_like(logits)
    for pair in itertools.product(range(len(env.rewards)), repeat=2):
        index = torch.tensor(pair)
        log_pf = env.log_probs(logits)[index]
        weights = objectives.importance_weights(log_pf.sum(dim=1), log_then[index])
        loss = objectives.reinforce_loss(log_pf, env.mask[index], env.rewards[index], ONE_TASK, weights)
        (gradient,) = torch.autograd.grad(loss, logits)
        expected += log_then[index].sum().exp() * gradient
    return expected


def test_reinforce_of_what_another_policy_sampled_is_the_policy_gradient_where_nothing_is_cut() -> None:
    """Exactly the sum over tau of min(pi, pi_then) times advantage and score, the baseline being the sampler's."""
    env = tree(depth=2, branching=3)
    logits = env.logits(seed=3).requires_grad_()
    sampler = env.logits(seed=3) + 0.3 * env.logits(seed=4)
    then = env.log_probs(sampler).sum(dim=1).exp()  # [9]
    now = env.log_probs(logits).sum(dim=1).exp().detach()  # [9]
    advantage = env.rewards - (then * env.rewards).sum()  # the baseline is an independent rollout of the sampler

    def scores(weights: Tensor) -> Tensor:
        return torch.autograd.grad((weights * advantage * env.log_probs(logits).sum(dim=1)).sum(), logits)[0]

    kept = torch.minimum(now, then)
    assert 0.5 < float(kept.sum()) < 0.99, "some is cut"
    found = expected_reinforce(env, logits, sampler)
    torch.testing.assert_close(found, -scores(kept))
    policy_gradient = scores(now)
    assert float((found + policy_gradient).norm()) < float((scores(then) - policy_gradient).norm()), "nearer than bare"


@pytest.mark.parametrize("garbage", [math.nan, math.inf, -math.inf, 1e300])
def test_padding_is_never_read(garbage: float) -> None:
    log_pf, log_phi, mask, reward, groups = random_problem()
    tokens = torch.where(mask, 3, 0)

    def gradients(fill: float) -> list[Tensor]:
        inputs = [torch.where(mask, x, fill).requires_grad_() for x in (log_pf, log_phi)]
        pf, rho = (objectives.edge_log_probs(x, tokens, mask, "per_token") for x in inputs)
        ratio = objectives.path_log_ratio(pf, rho, mask)
        log_r = objectives.log_reward(reward)
        log_z = objectives.vargrad_log_z(ratio, log_r, groups, 1.0)
        residual = objectives.ttb_residual(pf, rho, mask, log_r, log_z)
        loss = objectives.ttb_loss(residual, objectives.path_lengths(mask), torch.ones_like(reward))
        loss = loss + objectives.reinforce_loss(inputs[0], mask, reward, groups, torch.ones_like(reward))
        return [loss.detach(), *torch.autograd.grad(loss, inputs)]

    clean, dirty = gradients(-1.0), gradients(garbage)
    assert all(torch.equal(a, b) for a, b in zip(clean, dirty, strict=True))
    assert all(float(g[~mask].abs().max()) == 0 for g in dirty[1:])


def test_groups_do_not_leak_into_each_other() -> None:
    """Shuffling, renaming and adding tasks leaves a task's own numbers alone."""
    _, _, _, reward, groups = random_problem()
    ratio = f64(1, 2, 3, 4, 5, 6)
    order = torch.tensor([4, 1, 5, 0, 3, 2])
    alone = objectives.vargrad_log_z(ratio[:3], reward[:3], groups[:3], 1.0)
    together = objectives.vargrad_log_z(ratio[order], reward[order], 100 - groups[order], 1.0)
    torch.testing.assert_close(together[order < 3], alone)
    advantage = objectives.leave_one_out_advantage(reward[order], 100 - groups[order])
    by_itself = objectives.leave_one_out_advantage(reward[:3], groups[:3])
    torch.testing.assert_close(advantage[order < 3], by_itself[[1, 0, 2]])


# -------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("reward", [-0.01, 1.01, math.nan])
def test_rewards_outside_the_unit_interval_are_refused(reward: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        objectives.log_reward(f64(0, reward))


@pytest.mark.parametrize("eps", [0.0, -0.1, math.nan])
def test_eps_must_be_positive(eps: float) -> None:
    with pytest.raises(ValueError, match="eps must be positive"):
        objectives.log_reward(f64(0, 1), eps)


def test_empty_trajectories_are_refused() -> None:
    mask = torch.tensor([[True, True], [False, False]])
    with pytest.raises(ValueError, match=r"trajectories \[1\] have no decision"):
        objectives.path_log_ratio(LOG_PF, LOG_REF, mask)
    with pytest.raises(ValueError, match=r"trajectories \[1\] have no decision"):
        objectives.reinforce_loss(LOG_PF, mask, f64(1, 0), ONE_TASK, f64(1, 1))
    with pytest.raises(ValueError, match="at least one decision"):
        objectives.ttb_loss(f64(1, 1), torch.tensor([2, 0]), f64(1, 1))
    with pytest.raises(ValueError, match="at least one trajectory"):
        objectives.ttb_loss(f64(), torch.tensor([]), f64())


def test_masks_must_be_boolean_and_shapes_equal() -> None:
    with pytest.raises(ValueError, match="boolean tensor"):
        objectives.path_lengths(MASK.long())
    with pytest.raises(ValueError, match="same shape"):
        objectives.path_log_ratio(LOG_PF, LOG_REF[:1], MASK)


def test_an_impossible_action_is_refused() -> None:
    impossible = torch.where(torch.tensor([[True, False], [False, False]]), -math.inf, LOG_REF)
    with pytest.raises(ValueError, match="not finite"):
        objectives.path_log_ratio(LOG_PF, impossible, MASK)


def test_groups_of_one_are_refused_where_others_are_needed() -> None:
    alone = torch.tensor([0, 1])
    with pytest.raises(ValueError, match="at least 2 trajectories a task"):
        objectives.vargrad_log_z(f64(0, 0), f64(0, 0), alone, 1.0)
    with pytest.raises(ValueError, match="at least 2 trajectories a task"):
        objectives.reinforce_loss(LOG_PF, MASK, f64(1, 0), alone, f64(1, 1))


def test_unknown_edges_and_actions_without_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="'mean'"):
        objectives.edge_log_probs(LOG_PF, torch.ones(2, 2), MASK, "mean")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one token"):
        objectives.edge_log_probs(LOG_PF, torch.tensor([[1, 0], [1, 0]]), MASK, "per_token")


@pytest.mark.parametrize("weight", [-0.1, 1.5, math.nan])
def test_contrast_weight_outside_the_unit_interval_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="contrast weight"):
        objectives.contrast_weights(f64(0, 1), ONE_TASK, weight)
