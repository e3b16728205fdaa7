"""The losses of GRPO, FlowSteer and their penalties: hand numbers, finite differences, and expectations enumerated."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from skillflow_gym.agents import objectives
from tests.agents.tabular import Enumerated, bandit, tree
from tests.agents.test_objectives import LOG_PF, LOG_REF, MASK, ONE_TASK, f64, random_problem

# ---------------------------------------------------------------------------------------------- numbers worked by hand


def test_group_advantage() -> None:
    reward, groups = f64(1, 0, 0.5, 0.5, 0, 0), torch.tensor([7, 7, 7, 7, 2, 2])
    centred = [0.5, -0.5, 0, 0, 0, 0]
    assert objectives.group_advantage(reward, groups, std=False).tolist() == pytest.approx(centred)
    deviation = math.sqrt((0.25 + 0.25) / 4)
    expected = [a / (deviation + 0.01) for a in centred]
    assert objectives.group_advantage(reward, groups, eps=0.01).tolist() == pytest.approx(expected)
    # deviations 0.5 and 0.002: the second counts as 0.01
    reward, groups = f64(1, 0, 0.504, 0.5), torch.tensor([1, 1, 0, 0])
    floored = objectives.group_advantage(reward, groups, eps=0.0, least=0.01)
    assert floored.tolist() == pytest.approx([1, -1, 0.2, -0.2])


def test_policy_gradient_loss() -> None:
    # means -1.5 and -0.5 of the log-probabilities, advantages 2 and -1; the 9 is padding
    loss = objectives.policy_gradient_loss(f64([-1, -2], [-0.5, 9]), MASK, f64(2, -1))
    assert loss.item() == pytest.approx((3 - 0.5) / 2)


def test_clipped_loss() -> None:
    log_then = f64([0.5, 0.5], [0.5, 1]).log()
    ratio = f64([1.1, 1.5], [0.7, 99])
    log_pf = log_then + ratio.log()
    # A = 2: 1.1 stays and 1.5 counts as 1.2. A = -1: 0.7 counts as 0.8, and as -0.8 that is the smaller one.
    loss = objectives.clipped_loss(log_pf, log_then, MASK, f64(2, -1), clip=0.2)
    assert loss.item() == pytest.approx(-((2 * (1.1 + 1.2) / 2) + (-1 * 0.8)) / 2)
    # The other way round nothing is clipped: there is still something to lose.
    loss = objectives.clipped_loss(log_pf, log_then, MASK, f64(-2, 1), clip=0.2)
    assert loss.item() == pytest.approx(-((-2 * (1.1 + 1.5) / 2) + 0.7) / 2)


def test_what_is_clipped_has_no_gradient() -> None:
    log_then = f64([0.5, 0.5], [0.5, 1]).log()
    x = (log_then + f64([1.1, 1.5], [0.7, 1]).log()).requires_grad_()
    (gradient,) = torch.autograd.grad(objectives.clipped_loss(x, log_then, MASK, f64(2, -1)), x)
    # -(1/N) (1/T) A r where the ratio is within the range
    assert gradient.flatten().tolist() == pytest.approx([-2 * 1.1 / 2 / 2, 0, 0, 0])


def test_k3_penalty() -> None:
    # pi_ref / pi: 1/2 and 2 in the first trajectory, 4 in the second
    k3 = [1 / 2 - 1 + math.log(2), 2 - 1 - math.log(2), 4 - 1 - math.log(4)]
    assert objectives.k3_penalty(LOG_PF, LOG_REF, MASK).item() == pytest.approx(((k3[0] + k3[1]) / 2 + k3[2]) / 2)
    assert objectives.k3_penalty(LOG_PF, LOG_PF, MASK).item() == 0


def test_entropy_loss() -> None:
    loss = objectives.entropy_loss(f64([-1, -2], [-3, 9]), MASK)
    assert loss.item() == pytest.approx(((1 + 4) / 2 / 2 + 9 / 2) / 2)


def test_gated_reward() -> None:
    structure = f64(0, 0.6, 0.2 + 0.2 + 0.2 + 0.4, 1.0, 2.0)
    reward = objectives.gated_reward(f64(1, 1, 1, 0, 0.5), structure)
    assert reward.tolist() == pytest.approx([-1, -0.4, 1, 0, 0.5])
    rounded = objectives.gated_reward(torch.tensor([1.0]), torch.tensor([0.9999999]))
    assert rounded.item() == pytest.approx(1)


# --------------------------------------------------------------------------------------------------- finite differences


def losses() -> dict[str, Callable[[Tensor], Tensor]]:
    """Every loss as a function of log_pf, [6, 3], away from the corners of the clipped one."""
    log_pf, log_ref, mask, reward, groups = random_problem()
    advantage = objectives.group_advantage(reward, groups)
    log_then = log_pf + f64([0.1, -0.3, 0.05]).expand(6, 3)
    return {
        "policy gradient": lambda x: objectives.policy_gradient_loss(x, mask, advantage),
        "clipped": lambda x: objectives.clipped_loss(x, log_then, mask, advantage),
        "k3": lambda x: objectives.k3_penalty(x, log_ref, mask),
        "entropy": lambda x: objectives.entropy_loss(x, mask),
    }


@pytest.mark.parametrize("name", losses())
def test_gradient_against_finite_differences(name: str) -> None:
    loss, x = losses()[name], random_problem()[0].clone().requires_grad_()
    assert torch.autograd.gradcheck(loss, x)
    (gradient,) = torch.autograd.grad(loss(x), x)
    assert float(gradient.abs().max()) > 1e-3


@pytest.mark.parametrize("name", losses())
@pytest.mark.parametrize("garbage", [math.nan, math.inf, -math.inf, 1e300])
def test_padding_is_never_read(name: str, garbage: float) -> None:
    loss, (log_pf, _, mask, _, _) = losses()[name], random_problem()

    def gradient(fill: float) -> list[Tensor]:
        x = torch.where(mask, log_pf, fill).requires_grad_()
        value = loss(x)
        return [value.detach(), *torch.autograd.grad(value, x)]

    clean, dirty = gradient(-1.0), gradient(garbage)
    assert all(torch.equal(a, b) for a, b in zip(clean, dirty, strict=True))
    assert float(dirty[1][~mask].abs().max()) == 0


# ------------------------------------------------------------------------------------ expectations, by full enumeration


def expected_gradient(env: Enumerated, logits: Tensor, loss: Callable[[Tensor, Tensor], Tensor], size: int) -> Tensor:
    """Mean gradient over every group of ``size`` rollouts, weighed by its probability under the policy.

    ``loss`` gets the group's log-probabilities, [size, T], and its trajectories, [size].
    """
    probabilities = env.log_probs(logits).sum(dim=1).exp().detach()
    total = torch.zeros_like(logits)
    for group in itertools.product(range(len(env.rewards)), repeat=size):
        index = torch.tensor(group)
        (gradient,) = torch.autograd.grad(loss(env.log_probs(logits)[index], index), logits)
        total += probabilities[index].prod() * gradient
    return total


def small_tree() -> tuple[Enumerated, Tensor]:
    env = tree(depth=2, branching=3)
    return env, env.logits(seed=3).requires_grad_()


def grpo(env: Enumerated, std: bool) -> Callable[[Tensor, Tensor], Tensor]:
    """The clipped loss of a group of one task, on-policy."""

    def loss(log_pf: Tensor, index: Tensor) -> Tensor:
        groups = torch.zeros(len(index), dtype=torch.long)
        advantage = objectives.group_advantage(env.rewards[index], groups, std, eps=1e-9)
        return objectives.clipped_loss(log_pf, log_pf.detach(), env.mask[index], advantage)

    return loss


@pytest.mark.parametrize("size", [2, 3])
def test_grpo_without_deviation_is_the_policy_gradient_in_expectation(size: int) -> None:
    """Up to (size - 1) / size, since a rollout is in its own baseline, and 1 / T, the mean over decisions."""
    env, logits = small_tree()
    (exact,) = torch.autograd.grad((env.log_probs(logits).sum(dim=1).exp() * env.rewards).sum(), logits)
    assert float(exact.abs().max()) > 0.01
    found = expected_gradient(env, logits, grpo(env, std=False), size)
    torch.testing.assert_close(found, -exact * (size - 1) / size / 2)


def test_grpo_with_deviation_follows_ranks_in_pairs() -> None:
    """In a pair every advantage is 1 or -1, so it maximises the chance to beat the policy, not the reward."""
    env, logits = small_tree()
    probabilities = env.log_probs(logits).sum(dim=1).exp()
    ahead = torch.sign(env.rewards[:, None] - env.rewards[None, :])  # [N, N]
    chance = (probabilities[:, None] * probabilities.detach()[None, :] * ahead).sum()
    (exact,) = torch.autograd.grad(chance, logits)
    found = expected_gradient(env, logits, grpo(env, std=True), 2)
    torch.testing.assert_close(found, -exact / 2, rtol=1e-6, atol=1e-8)
    reward = expected_gradient(env, logits, grpo(env, std=False), 2)
    cosine = float(torch.cosine_similarity(found.flatten(), reward.flatten(), dim=0))
    assert cosine < 0.999, "the two differ where rewards are graded"


def per_decision(env: Enumerated, logits: Tensor, value: Callable[[Tensor], Tensor]) -> Tensor:
    """The mean over decisions, visited as the policy does, of ``value`` of their log-probabilities [.., A]; [] ."""
    visits = env.log_probs(logits).sum(dim=1).exp().detach()  # [N]
    each = value(torch.log_softmax(logits, dim=-1))[env.histories]  # [N, T]
    return (visits * each.mean(dim=1)).sum()


@pytest.mark.parametrize("make", [bandit, lambda: tree(depth=2, branching=3)])
def test_entropy_loss_has_the_gradient_of_minus_the_entropy(make: Callable[[], Enumerated]) -> None:
    env = make()
    logits = env.logits(seed=1).requires_grad_()
    entropy = per_decision(env, logits, lambda log_p: -(log_p.exp() * log_p).sum(dim=-1))
    (exact,) = torch.autograd.grad(entropy, logits)
    found = expected_gradient(env, logits, lambda x, index: objectives.entropy_loss(x, env.mask[index]), 1)
    assert float(exact.abs().max()) > 0.01
    torch.testing.assert_close(found, -exact)


@pytest.mark.parametrize("make", [bandit, lambda: tree(depth=2, branching=3)])
def test_k3_is_the_divergence_in_value_and_the_reverse_one_in_gradient(make: Callable[[], Enumerated]) -> None:
    env = make()
    logits, reference = env.logits(seed=1).requires_grad_(), env.logits(seed=2)
    log_ref, table = env.log_probs(reference), torch.log_softmax(reference, dim=-1)

    def k3(log_pf: Tensor, index: Tensor) -> Tensor:
        return objectives.k3_penalty(log_pf, log_ref[index], env.mask[index])

    probabilities = env.log_probs(logits).sum(dim=1).exp()
    each = [k3(env.log_probs(logits)[[i]], torch.tensor([i])) for i in range(len(env.rewards))]
    value = (probabilities * torch.stack(each)).sum()
    divergence = per_decision(env, logits, lambda log_p: (log_p.exp() * (log_p - table)).sum(dim=-1))
    assert value.item() == pytest.approx(divergence.item())

    (forward,) = torch.autograd.grad(divergence, logits)
    other = per_decision(env, logits, lambda log_p: (table.exp() * (table - log_p)).sum(dim=-1))
    (reverse,) = torch.autograd.grad(other, logits)
    found = expected_gradient(env, logits, k3, 1)
    torch.testing.assert_close(found, reverse)
    assert float((found - forward).abs().max()) > 0.01, "so it is not the gradient of KL(pi || pi_ref)"


# -------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("clip", [0.0, -0.1, math.nan])
def test_a_clip_range_that_is_not_positive_is_refused(clip: float) -> None:
    with pytest.raises(ValueError, match="clip range must be positive"):
        objectives.clipped_loss(LOG_PF, LOG_REF, MASK, f64(1, 1), clip)


def test_empty_trajectories_and_impossible_actions_are_refused() -> None:
    empty = torch.tensor([[True, True], [False, False]])
    with pytest.raises(ValueError, match=r"trajectories \[1\] have no decision"):
        objectives.policy_gradient_loss(LOG_PF, empty, f64(1, 1))
    impossible = torch.where(torch.tensor([[True, False], [False, False]]), -math.inf, LOG_REF)
    for loss in (
        lambda: objectives.clipped_loss(LOG_PF, impossible, MASK, f64(1, 1)),
        lambda: objectives.k3_penalty(LOG_PF, impossible, MASK),
    ):
        with pytest.raises(ValueError, match="not finite"):
            loss()


def test_equal_rewards_teach_nothing_however_small_eps_is() -> None:
    advantage = objectives.group_advantage(f64(0.3, 0.3), ONE_TASK, eps=1e-12)
    assert advantage.tolist() == [0, 0]
