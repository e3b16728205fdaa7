"""REINFORCE with a leave-one-out baseline (Kool et al., 2019): the same loop, rollouts and policy as TTB.

With ``--kl`` a penalty keeps the policy near the reference, as in GRPO. Rollouts that earlier parameters made, replayed
or ahead of time, count as far as the policy would still make them: min(1, pi / pi_then) of the whole trajectory.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from skillflow_gym.agents import objectives as o
from skillflow_gym.agents.args import TrainArgs, one_line_errors, parse
from skillflow_gym.agents.trainer import Batch, Loss, train
from skillflow_gym.policy import TrainablePolicy


@dataclass
class Args(TrainArgs):
    """Train a policy with REINFORCE."""

    kl: float = 0.0
    """Weight of a KL penalty (k3) to the reference policy."""


class Reinforce:
    """The policy gradient of the outcome; a group's other rollouts are the baseline."""

    name = "reinforce"
    needs_hindsight = False
    off_policy = False
    weighs = True
    compares = True
    hindsight_lr = 0.0

    def __init__(self, args: Args) -> None:
        self.args = args
        self.dropout = args.gradient_steps == 1
        self.modules: dict[str, tuple[nn.Module, float]] = {}

    def loss(self, policy: TrainablePolicy, batch: Batch) -> Loss:
        """The surrogate loss."""
        log_pf, mask = policy.log_prob(batch.trajectories)  # [N, T]
        weights = torch.ones_like(batch.reward)
        if batch.stale:
            now = torch.where(mask, log_pf, 0.0).sum(dim=1)
            weights = o.importance_weights(now, batch.log_then.sum(dim=1))
        loss = o.reinforce_loss(log_pf, mask, batch.reward, batch.groups, weights)
        if not self.args.kl:
            return Loss(loss, {})
        log_ref, _ = policy.log_prob(batch.trajectories, "reference")  # [N, T]
        kl = o.k3_penalty(log_pf, log_ref.detach(), mask)
        return Loss(loss + self.args.kl * kl, {"losses/kl": kl.item()})


def main() -> None:
    """Run from the command line."""
    with one_line_errors():
        args = parse(Args)
        train(args, lambda: Reinforce(args))


if __name__ == "__main__":
    main()
