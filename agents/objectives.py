"""The training objectives as pure functions: trajectory balance on tempered rewards (TTB) and policy gradients.

Shapes: ``N`` trajectories, ``T`` decisions each, padded. ``mask`` is true where a decision was made; what stands at the
other positions is never read, and no gradient reaches it. ``groups`` names each trajectory's task: two trajectories
with the same integer are rollouts of the same task. All log-probabilities are in nats.

    Delta(tau) = log Z(q) + sum_t [log pi(a_t|H_{t-1}) - log rho(a_t|H_{t-1})] - beta log(R(tau) + eps)
    L_TTB      = mean over tau of w(tau) (Delta(tau) / T(tau))^2

Source: SkillFlow (arXiv 2605.14089), Eq. 13; trajectory balance is Malkin et al. (arXiv 2201.13259).
docs/objectives.md says which policy makes the loss zero under each anchor, and what was measured.

Episodes without a score (``info["unscored"]``) must be dropped before: a reward here is always an outcome.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor

Anchor: TypeAlias = Literal["reference", "tree", "hindsight"]
"""rho, what the policy is measured against: a frozen reference policy, 1 (``log_rho`` is 0), or a learned P_phi."""

LogZ: TypeAlias = Literal["vargrad", "head"]
"""Where log Z comes from: the task's own group (`vargrad_log_z`) or a learned output per task."""

Edge: TypeAlias = Literal["sum", "per_token"]
"""How the tokens of an action make its log-probability, see `edge_log_probs`."""


def log_reward(reward: Tensor, eps: float = 0.1) -> Tensor:
    """Tempered reward log R~ = log(R + eps), [N], for rewards in [0, 1].

    ``eps`` bounds how much worse a failure can be: at most log((1 + eps) / eps) nats, times beta in the loss.

    Raises:
        ValueError: a reward outside [0, 1] (NaN too), or ``eps`` not positive.
    """
    if not eps > 0:
        raise ValueError(f"eps must be positive, since log(R + eps) is needed at R = 0; got {eps}")
    if not bool(((reward >= 0) & (reward <= 1)).all()):
        raise ValueError(f"rewards must lie in [0, 1]; got {reward.tolist()}. Drop unscored episodes first")
    return torch.log(reward + eps)  # [N]


def edge_log_probs(log_prob: Tensor, tokens: Tensor, mask: Tensor, mode: Edge = "sum") -> Tensor:
    """Log-probability of each action, [N, T], from the sum over its tokens, [N, T], and their number, [N, T].

    ``sum`` leaves it alone: the probability of the action sampled. ``per_token`` is the paper's Def. B.2, the mean over
    the tokens. A geometric mean does not sum to one over actions, so log Z is then no log-partition function, and the
    optimum is R~^(K beta) for actions of K tokens instead of R~^beta.

    Raises:
        ValueError: an unknown mode, or a decision without tokens under ``per_token``.
    """
    if mode == "sum":
        return log_prob  # [N, T]
    if mode != "per_token":
        raise ValueError(f'mode must be "sum" or "per_token"; got {mode!r}')
    if bool((mask & (tokens < 1)).any()):
        raise ValueError("a mean over tokens needs at least one token in every decision; use 'sum' otherwise")
    # Padding may hold zero tokens, and 0 * (1 / 0) would send NaN backwards even through torch.where.
    return log_prob / tokens.clamp(min=1)  # [N, T]


def path_lengths(mask: Tensor) -> Tensor:
    """T(tau), the number of decisions of each trajectory, [N], from ``mask``, [N, T].

    Raises:
        ValueError: ``mask`` is not boolean [N, T], or a trajectory has no decision.
    """
    if mask.dtype != torch.bool or mask.dim() != 2:
        raise ValueError(f"mask must be a boolean tensor [N, T]; got {mask.dtype} {list(mask.shape)}")
    lengths = mask.sum(dim=1)  # [N]
    if bool((lengths == 0).any()):
        empty = torch.nonzero(lengths == 0).flatten().tolist()
        raise ValueError(f"trajectories {empty} have no decision, so nothing to learn from; drop them first")
    return lengths


def path_log_ratio(log_pf: Tensor, log_rho: Tensor, mask: Tensor) -> Tensor:
    """sum_t [log pi(a_t|H_{t-1}) - log rho(a_t|H_{t-1})], [N], from ``log_pf``, ``log_rho`` and ``mask``, all [N, T].

    Each term is log I(t), the credit of decision t; with the ``reference`` anchor and a zero residual they add up to
    beta log R~ - log Z.

    Raises:
        ValueError: shapes that differ, a trajectory without decisions, or a decision whose log I(t) is not finite.
    """
    if not log_pf.shape == log_rho.shape == mask.shape:
        raise ValueError(
            "log_pf, log_rho and mask must have the same shape [N, T]; "
            f"got {list(log_pf.shape)}, {list(log_rho.shape)} and {list(mask.shape)}"
        )
    path_lengths(mask)  # for its errors
    log_ratio = torch.where(mask, log_pf - log_rho, 0.0)  # [N, T]
    if not bool(torch.isfinite(log_ratio).all()):
        raise ValueError("log pi - log rho is not finite: pi or rho gives an action that was taken no probability")
    return log_ratio.sum(dim=1)  # [N]


def vargrad_log_z(log_ratio: Tensor, log_r: Tensor, groups: Tensor, beta: float) -> Tensor:
    """Estimate log Z(q) from the task's own rollouts, [N]: the group's mean of beta log R~ - sum_t [log pi - log rho].

    This is the value that makes the group's residuals sum to zero (VarGrad, Richter et al., arXiv 2010.10436; for
    trajectory balance: Zhang et al., arXiv 2302.05446). It is detached. When the group's trajectories are equally long
    that changes no gradient, because the gradient through log Z is proportional to the sum of the residuals. When they
    are not, the factor 1/T^2 would let log Z pull on the policy; as a constant it only centres, like a learned head.

    Raises:
        ValueError: a group of one, whose residual would always be zero.
    """
    same = _same_group(groups)  # [N, N]
    if bool((same.sum(dim=1) < 2).any()):
        raise ValueError("log Z from the group needs at least 2 trajectories a task; collect more, or learn a head")
    estimate = (beta * log_r - log_ratio).detach()  # [N]
    return _group_mean(estimate, same)  # [N]


def ttb_residual(
    log_pf: Tensor, log_rho: Tensor, mask: Tensor, log_r: Tensor, log_z: Tensor, beta: float = 1.0
) -> Tensor:
    """Delta(tau) = log Z(q) + sum_t [log pi - log rho] - beta log R~(tau), [N], in nats.

    Args:
        log_pf: log pi(a_t|H_{t-1}) of the actions taken, [N, T].
        log_rho: log rho(a_t|H_{t-1}), [N, T]: see `Anchor`. Gradients reach it, so pass a frozen anchor detached.
        mask: true where a decision was made, [N, T].
        log_r: `log_reward` of the outcomes, [N].
        log_z: log Z of each trajectory's task, [N].
        beta: inverse temperature; the optimum weighs outcomes by R~^beta.

    Raises:
        ValueError: as `path_log_ratio`.
    """
    return log_z + path_log_ratio(log_pf, log_rho, mask) - beta * log_r  # [N]


def contrast_weights(reward: Tensor, groups: Tensor, weight: float) -> Tensor:
    """w(tau), [N]: 1 if the rewards of the trajectory's group differ, else ``weight``.

    A group whose rewards are all equal only asks the policy to be rho-like over what it sampled. At weight 1 this
    washes rare successes away; at 0 the policy stops exploring tasks it has not solved. The zero of the loss stays
    where it is, since there every residual is zero whatever its weight. Rewards are compared exactly.

    Raises:
        ValueError: ``weight`` outside [0, 1].
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"the contrast weight must lie in [0, 1]; got {weight}")
    differs = reward[:, None] != reward[None, :]  # [N, N]
    contrast = (differs & _same_group(groups)).any(dim=1)  # [N]
    dtype = torch.promote_types(reward.dtype, torch.get_default_dtype())  # rewards may be integers
    return torch.full(reward.shape, weight, dtype=dtype, device=reward.device).masked_fill(contrast, 1.0)  # [N]


def importance_weights(log_pf: Tensor, log_then: Tensor) -> Tensor:
    """min(1, pi(tau) / pi_then(tau)), [N]: how much a rollout counts that earlier parameters sampled; no gradient.

    One weight for the whole trajectory: the mean over pi_then of w(tau) f(tau) is the sum of min(pi, pi_then) f(tau),
    which falls short of the mean over pi only in what is likelier now than then. Cut at 1, a weight adds no variance
    (truncated importance sampling, Ionides, 2008; IMPALA, Espeholt et al., arXiv 1802.01561, cuts each decision's).

    Args:
        log_pf: log pi(tau) of each trajectory now, [N]; no gradient passes.
        log_then: log pi(tau) when it was sampled, [N].
    """
    return (log_pf.detach() - log_then).clamp(max=0.0).exp()  # [N]


def replay_weights(log_pf: Tensor, log_then: Tensor, reward: Tensor, groups: Tensor) -> Tensor:
    """How much a kept rollout still counts, [N]: 1 if it did better than its group's mean, else min(1, pi / pi_then).

    The residual of a failure that the policy has long left behind asks for an exact, tiny probability; learning those
    takes most of a network's effort and helps no decision. So failures count as far as the policy would still make
    them (`importance_weights`), and successes always. Of rollouts that the policy has just made all weights are 1. At
    zero residual they change nothing.

    Args:
        log_pf: log pi(tau) of each trajectory now, [N]; no gradient passes.
        log_then: log pi(tau) when it was sampled, [N].
        reward: the outcomes, [N].
        groups: the task of each trajectory, [N].
    """
    better = reward > _group_mean(reward, _same_group(groups))  # [N]
    return importance_weights(log_pf, log_then).masked_fill(better, 1.0)  # [N]


def ttb_loss(residual: Tensor, lengths: Tensor, weights: Tensor) -> Tensor:
    """L_TTB = (1/N) sum of w (Delta / T)^2, a scalar, from ``residual``, ``lengths`` and ``weights``, all [N].

    The sum is divided by N and not by the sum of the weights, so that a small weight makes its trajectory count less
    and no other count more: a batch of failures alone takes a small step.

    Raises:
        ValueError: no trajectory, or a length below 1.
    """
    if residual.numel() == 0:
        raise ValueError("a loss needs at least one trajectory")
    if bool((lengths < 1).any()):
        raise ValueError("every trajectory needs at least one decision, since the residual is divided by their number")
    return (weights * (residual / lengths) ** 2).mean()  # []


def leave_one_out_advantage(reward: Tensor, groups: Tensor) -> Tensor:
    """Reward minus the mean reward of the other trajectories of the same group, [N] (Kool et al., 2019; RLOO).

    Raises:
        ValueError: a group of one, which has no others.
    """
    same = _same_group(groups)  # [N, N]
    if bool((same.sum(dim=1) < 2).any()):
        raise ValueError("a leave-one-out baseline needs at least 2 trajectories a task; collect more")
    others = same & ~torch.eye(len(groups), dtype=torch.bool, device=groups.device)  # [N, N]
    return reward - _group_mean(reward, others)  # [N]


def reinforce_loss(log_pf: Tensor, mask: Tensor, reward: Tensor, groups: Tensor, weights: Tensor) -> Tensor:
    """REINFORCE surrogate, a scalar: its gradient is an unbiased estimate of minus the gradient of E[R].

    -(1/N) sum over tau of w(tau) A(tau) sum_t log pi(a_t|H_{t-1}), with A the leave-one-out advantage (Williams, 1992).
    Its value means nothing by itself. Unbiased it is for rollouts of the policy itself, whose weights are 1; of others
    the estimate is that of `importance_weights`.

    Args:
        log_pf: log pi(a_t|H_{t-1}) of the actions taken, [N, T].
        mask: true where a decision was made, [N, T].
        reward: the outcomes, [N].
        groups: the task of each trajectory, [N].
        weights: 1 for what the policy itself sampled, else `importance_weights`, [N]; no gradient.

    Raises:
        ValueError: as `path_log_ratio` and `leave_one_out_advantage`.
    """
    log_p = path_log_ratio(log_pf, torch.zeros_like(log_pf), mask)  # [N]
    return -(weights * leave_one_out_advantage(reward, groups) * log_p).mean()  # []


def group_advantage(reward: Tensor, groups: Tensor, std: bool = True, eps: float = 1e-4, least: float = 0.0) -> Tensor:
    """Reward minus the mean of the trajectory's group, [N]; with ``std`` over max(deviation of the group, least) + eps.

    GRPO's advantage (Shao et al., arXiv 2402.03300). Dividing makes every group count alike, however small its
    contrast, so the objective is no longer the expected reward; without, it is Dr. GRPO's (Liu et al., 2503.20783). The
    deviation is that of the group as a population. A group of equal rewards has advantage 0 either way.
    """
    same = _same_group(groups)  # [N, N]
    centred = reward - _group_mean(reward, same)  # [N]
    if not std:
        return centred
    return centred / (_group_mean(centred**2, same).sqrt().clamp(min=least) + eps)  # [N]


def policy_gradient_loss(log_pf: Tensor, mask: Tensor, advantage: Tensor) -> Tensor:
    """-(1/N) sum over tau of A(tau) (1/T) sum_t log pi(a_t|H_{t-1}), a scalar, for any ``advantage``, [N].

    Raises:
        ValueError: as `path_log_ratio`.
    """
    return -(advantage * step_mean(log_pf, mask)).mean()  # []


def clipped_loss(log_pf: Tensor, log_then: Tensor, mask: Tensor, advantage: Tensor, clip: float = 0.2) -> Tensor:
    """PPO's clipped surrogate, a scalar (Schulman et al., arXiv 1707.06347): a mean over each trajectory's decisions.

    -(1/N) sum over tau of (1/T) sum_t min(r_t A, min(max(r_t, 1 - clip), 1 + clip) A) with r_t = pi / pi_then: where
    the policy has already moved by more than ``clip`` in the direction that A asks for, nothing is left to gain. A
    decision is what is clipped: for a language model the whole action, not each token.

    Args:
        log_pf: log pi(a_t|H_{t-1}) of the actions taken, [N, T].
        log_then: the same when they were sampled, [N, T]; no gradient.
        mask: true where a decision was made, [N, T].
        advantage: A(tau), [N].
        clip: how far a ratio may go from 1.

    Raises:
        ValueError: ``clip`` is not positive; or as `path_log_ratio`.
    """
    if not clip > 0:
        raise ValueError(f"the clip range must be positive; got {clip}")
    path_log_ratio(log_pf, log_then, mask)  # for its errors
    ratio = torch.where(mask, log_pf - log_then, 0.0).exp()  # [N, T]
    gain = torch.minimum(ratio * advantage[:, None], ratio.clamp(1 - clip, 1 + clip) * advantage[:, None])  # [N, T]
    return -step_mean(gain, mask).mean()  # []


def k3_penalty(log_pf: Tensor, log_ref: Tensor, mask: Tensor) -> Tensor:
    """(1/N) sum over tau of (1/T) sum_t [pi_ref / pi - 1 - log(pi_ref / pi)], a scalar: GRPO's penalty.

    Each term is positive, and on-policy its mean is KL(pi || pi_ref) of the decision (Schulman's estimator k3). Its
    gradient is not that one's: in expectation it is the gradient of KL(pi_ref || pi), which keeps pi from giving up
    what pi_ref would do. No gradient may reach ``log_ref``.

    Raises:
        ValueError: as `path_log_ratio`.
    """
    path_log_ratio(log_pf, log_ref, mask)  # for its errors
    log_ratio = torch.where(mask, log_ref - log_pf, 0.0)  # [N, T]
    return step_mean(log_ratio.exp() - 1 - log_ratio, mask).mean()  # []


def entropy_loss(log_pf: Tensor, mask: Tensor) -> Tensor:
    """(1/N) sum over tau of (1/T) sum_t log pi(a_t|H_{t-1})^2 / 2, a scalar that lowers as the entropy rises.

    Its gradient is log pi grad log pi, on-policy an unbiased estimate of minus the gradient of the entropy of the
    decision, for policies that tell the probability of what they did and nothing else. Its value is no entropy.

    Raises:
        ValueError: as `path_log_ratio`.
    """
    return (step_mean(torch.where(mask, log_pf, 0.0) ** 2, mask) / 2).mean()  # []


def gated_reward(reward: Tensor, structure: Tensor) -> Tensor:
    """FlowSteer's reward -1 + min(1, S) + 1[S >= 1] R, [N], in [-1, 1]: the outcome counts once the structure is there.

    Source: FlowSteer (arXiv 2602.01664). ``structure`` S >= 0, [N], says how much of the required structure a
    trajectory has; agents/flowsteer.py says what that is here.
    """
    whole = structure >= 1 - 1e-6  # sums of shares such as 0.2 may fall short by a rounding
    return -1 + structure.clamp(max=1.0) + torch.where(whole, reward, 0.0)  # [N]


def step_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of ``values`` over the decisions of each trajectory, [N], from two [N, T].

    Raises:
        ValueError: as `path_log_ratio`.
    """
    total = path_log_ratio(values, torch.zeros_like(values), mask)  # [N]
    return total / path_lengths(mask)  # [N]


def _same_group(groups: Tensor) -> Tensor:
    """Which trajectories share a task, boolean [N, N]. A matrix product over it is deterministic on every device."""
    return groups[:, None] == groups[None, :]  # [N, N]


def _group_mean(values: Tensor, members: Tensor) -> Tensor:
    """Mean of ``values``, [N], over the members in each row of a boolean [N, N]; result [N]."""
    weights = members.to(values)
    return (weights @ values) / weights.sum(dim=1)  # [N]
