"""REINFORCE with a leave-one-out baseline (Kool et al., 2019): the same loop, rollouts and policy as TTB.

With ``--kl`` a penalty keeps the policy near the reference, as in GRPO.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    compares = True
    dropout = True
    hindsight_lr = 0.0

    def __init__(self, args: Args) -> None:
        self.args = args
        self.modules: dict[str, tuple[nn.Module, float]] = {}

    def loss(self, policy: TrainablePolicy, batch: Batch) -> Loss:
        """The surrogate loss."""
        log_pf, mask = policy.log_prob(batch.trajectories)  # [N, T]
        loss = o.reinforce_loss(log_pf, mask, batch.reward, batch.groups)
        if not self.args.kl:
            return Loss(loss, {})
        log_ref, _ = policy.log_prob(batch.trajectories, "reference")  # [N, T]
        kl = o.k3_penalty(log_pf, log_ref.detach(), mask)
        return Loss(loss + self.args.kl * kl, {"losses/kl": kl.item()})


def main() -> None:
    """Run from the command line."""
    with one_line_errors():
        args = parse(Args)
        if args.gradient_steps > 1:  # after the first one, the rollouts are no longer the policy's own
            raise ValueError("reinforce is on-policy: leave --gradient-steps at 1")
        train(args, lambda: Reinforce(args))


if __name__ == "__main__":
    main()
