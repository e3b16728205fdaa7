"""TTB: a GFlowNet policy trained by Tempered Trajectory Balance (SkillFlow, arXiv 2605.14089).

The loss is the mean over trajectories of (Delta / T)^2 with

    Delta = log Z(q) + sum_t [log pi(a_t|H_{t-1}) - log rho(a_t|H_{t-1})] - beta log(R + eps)

See docs/objectives.md for the anchors rho and what each makes the policy converge to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from skillflow_gym.agents import objectives as o
from skillflow_gym.agents.args import TrainArgs, one_line_errors, parse
from skillflow_gym.agents.policies.log_z import LogZHead
from skillflow_gym.agents.trainer import Batch, Loss, train
from skillflow_gym.cli.common import find
from skillflow_gym.policy import TrainablePolicy


@dataclass
class Args(TrainArgs):
    """Train a policy with Tempered Trajectory Balance."""

    rollouts: int = 12
    """Rollouts per task and update: the group."""
    replay_groups: int = 300
    """Groups of past rollouts that are kept for more gradient steps; 0 for on-policy training."""
    gradient_steps: int = 8
    """Gradient steps per update: the first on its own groups, the others on kept ones."""
    learning_rate: float = 1.5e-3
    """Of AdamW at the start; it falls linearly to a tenth over the run."""
    preset: Literal["", "paper"] = ""
    """paper: the paper's anchor, estimators and numbers; other flags override it."""
    anchor: o.Anchor = "reference"
    """rho: the frozen reference policy, 1 (tree), or the jointly learned P_phi of the paper (hindsight)."""
    log_z: o.LogZ = "vargrad"
    """log Z from the task's own group, or from a learned head."""
    edge: o.Edge = "sum"
    """log pi of an action: the sum over its tokens (exact), or their mean (the paper's)."""
    beta: float = 0.0
    """Inverse temperature at the end of its schedule; 0 for 8, or 32 where the benchmark's reward is graded."""
    beta_start: float = 0.0
    """Inverse temperature at the start; it rises linearly to beta over the first half of the updates. 0 for 4 or 8."""
    eps: float = 0.1
    """Added to the reward inside the logarithm."""
    contrast_weight: float = 0.1
    """Weight of groups whose rewards are all equal."""
    log_z_lr: float = 10.0
    """The head's learning rate, as a factor on the policy's."""
    hindsight_lr: float = 0.5
    """P_phi's learning rate, as a factor on the policy's."""


PAPER: dict[str, Any] = {
    "preset": "paper",
    "anchor": "hindsight",
    "log_z": "head",
    "edge": "per_token",
    "beta": 1.0,
    "beta_start": 1.0,
    "eps": 0.1,
    "contrast_weight": 1.0,
    "tasks_per_step": 7,
    "rollouts": 4,
    "replay_groups": 0,
    "gradient_steps": 1,
    "learning_rate": 1e-4,
    "hindsight_lr": 0.5,
    "log_z_lr": 1.5,
    "max_grad_norm": 3.0,
}
PRESETS = {"paper": PAPER}


def schedule(args: Args) -> tuple[float, float]:
    """The inverse temperature at the start and at the end.

    The optimum is pi_ref(tau) R~^beta: each further action costs a factor pi_ref of about one in ten proposals. A
    success among failures outweighs that at once, (1.1 / 0.1)^8. A reward of 1 among 0.7s needs more:
    (1.1 / 0.8)^8 = 13 is less than two actions cost, (1.1 / 0.8)^32 is not. docs/training.md has the measurement.
    """
    start, end = (8.0, 32.0) if find(args.env).graded else (4.0, 8.0)
    return args.beta_start or min(start, args.beta or end), args.beta or end


class TTB:
    """The objective of ``Args``."""

    name = "ttb"
    off_policy = True
    weighs = False
    compares = True
    dropout = True

    def __init__(self, args: Args) -> None:
        self.args = args
        self.beta_start, self.beta = schedule(args)
        self.needs_hindsight = args.anchor == "hindsight"
        self.hindsight_lr = args.hindsight_lr
        self.modules: dict[str, tuple[nn.Module, float]] = {}
        self.head = LogZHead() if args.log_z == "head" else None
        if self.head is not None:
            self.modules["log_z"] = (self.head, args.log_z_lr)

    def loss(self, policy: TrainablePolicy, batch: Batch) -> Loss:
        """The TTB loss, with the residual, log Z and beta as figures."""
        args = self.args
        log_pf, mask = policy.log_prob(batch.trajectories)  # [N, T]
        log_rho = self._anchor(policy, batch, log_pf)  # [N, T]
        tokens, log_then = torch.ones(mask.shape), torch.zeros(mask.shape)  # [N, T]
        for n, trajectory in enumerate(batch.trajectories):
            for t, turn in enumerate(trajectory.turns):
                tokens[n, t] = sum(turn.action_mask) or 1
                log_then[n, t] = turn.log_pf or 0.0
        pf = o.edge_log_probs(log_pf, tokens, mask, args.edge)
        rho = o.edge_log_probs(log_rho, tokens, mask, args.edge)
        log_r = o.log_reward(batch.reward, args.eps)  # [N]
        beta = self.beta_start + (self.beta - self.beta_start) * min(1.0, 2 * batch.progress)
        if self.head is not None:
            log_z = self.head([t.task for t in batch.trajectories])
        else:
            log_z = o.vargrad_log_z(o.path_log_ratio(pf, rho, mask), log_r, batch.groups, beta)
        residual = o.ttb_residual(pf, rho, mask, log_r, log_z, beta)  # [N]
        weights = o.contrast_weights(batch.reward, batch.groups, args.contrast_weight)
        now = torch.where(mask, log_pf, 0.0).sum(dim=1)
        kept = o.replay_weights(now, log_then.sum(dim=1), batch.reward, batch.groups)
        loss = o.ttb_loss(residual, o.path_lengths(mask), weights * kept)
        with torch.no_grad():
            figures = {
                "flow/residual": float(residual.abs().mean()),
                "flow/log_z": float(log_z.mean()),
                "flow/beta": beta,
                "flow/contrast": float((o.contrast_weights(batch.reward, batch.groups, 0.0)).mean()),
            }
        return Loss(loss, figures)

    def _anchor(self, policy: TrainablePolicy, batch: Batch, log_pf: Tensor) -> Tensor:
        if self.args.anchor == "tree":
            return torch.zeros_like(log_pf)
        return policy.log_prob(batch.trajectories, self.args.anchor)[0]


def main() -> None:
    """Run from the command line."""
    with one_line_errors():
        args = parse(Args, PRESETS)
        train(args, lambda: TTB(args))


if __name__ == "__main__":
    main()
