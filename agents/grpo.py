"""GRPO: group-relative policy optimisation (Shao et al., arXiv 2402.03300), on the same loop and policy as TTB.

A rollout's advantage is its reward against its group's mean, by default in units of the group's standard deviation. The
gradient steps of an update go over the same rollouts again and again, or with ``--replay-groups`` over kept ones; the
clipped ratio to the policy that sampled them, however long ago, weighs each decision and keeps those steps small, and a
KL penalty keeps the policy near the reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from skillflow_gym.agents import objectives as o
from skillflow_gym.agents.args import TrainArgs, one_line_errors, parse
from skillflow_gym.agents.trainer import Batch, Loss, train
from skillflow_gym.policy import TrainablePolicy


@dataclass
class Args(TrainArgs):
    """Train a policy with GRPO."""

    gradient_steps: int = 4
    """Gradient steps per update, each on all of its rollouts: the epochs."""
    std: bool = True
    """Divide the advantage by the group's standard deviation; --no-std for Dr. GRPO's."""
    clip: float = 0.2
    """How far the ratio of a decision's probabilities may go from 1."""
    kl: float = 0.01
    """Weight of the KL penalty (k3) to the reference policy."""


class GRPO:
    """The objective of ``Args``."""

    name = "grpo"
    needs_hindsight = False
    off_policy = False
    weighs = True
    compares = True
    dropout = False
    hindsight_lr = 0.0

    def __init__(self, args: Args) -> None:
        self.args = args
        self.modules: dict[str, tuple[nn.Module, float]] = {}

    def loss(self, policy: TrainablePolicy, batch: Batch) -> Loss:
        """The clipped loss and the penalty, with the KL and the share of clipped decisions as figures."""
        args = self.args
        log_pf, mask = policy.log_prob(batch.trajectories)  # [N, T]
        log_ref, _ = policy.log_prob(batch.trajectories, "reference")  # [N, T]
        advantage = o.group_advantage(batch.reward, batch.groups, args.std)  # [N]
        kl = o.k3_penalty(log_pf, log_ref.detach(), mask)
        loss = o.clipped_loss(log_pf, batch.log_then, mask, advantage, args.clip) + args.kl * kl
        return Loss(loss, {"losses/kl": kl.item(), "losses/clipped": clipped(log_pf, batch.log_then, mask, args.clip)})


def clipped(log_pf: Tensor, log_then: Tensor, mask: Tensor, clip: float) -> float:
    """Share of the decisions whose ratio has left 1 +- clip."""
    with torch.no_grad():
        ratio = (log_pf - log_then)[mask].exp()
        return float(((ratio - 1).abs() > clip).float().mean())


def main() -> None:
    """Run from the command line."""
    with one_line_errors():
        args = parse(Args)
        train(args, lambda: GRPO(args))


if __name__ == "__main__":
    main()
