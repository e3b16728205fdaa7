"""REINFORCE with a leave-one-out baseline (Kool et al., 2019): the same loop, rollouts and policy as TTB."""

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


class Reinforce:
    """The policy gradient of the outcome; a group's other rollouts are the baseline."""

    name = "reinforce"
    needs_hindsight = False
    off_policy = False
    hindsight_lr = 0.0

    def __init__(self) -> None:
        self.modules: dict[str, tuple[nn.Module, float]] = {}

    def loss(self, policy: TrainablePolicy, batch: Batch) -> Loss:
        """The surrogate loss."""
        log_pf, mask = policy.log_prob(batch.trajectories)  # [N, T]
        return Loss(o.reinforce_loss(log_pf, mask, batch.reward, batch.groups), {})


def main() -> None:
    """Run from the command line."""
    with one_line_errors():
        args = parse(Args)
        if args.gradient_steps > 1 or args.replay_groups:
            raise ValueError("REINFORCE is on-policy: leave --gradient-steps at 1 and --replay-groups at 0")
        train(args, Reinforce)


if __name__ == "__main__":
    main()
