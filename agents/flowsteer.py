"""FlowSteer's objective (arXiv 2602.01664) on our actions: group-relative, with a reward gated by structure.

FlowSteer edits a workflow graph; the outcome counts only once the graph has a required structure. Here the trajectory
is the workflow, and ``structure`` says how its rules carry over. Two presets: ``paper``, what the paper writes, and
``released``, what its code does. Both are about the objective: learning rate and batch size are the suite's, since
FlowSteer's are for a language model of 8 billion parameters. docs/baselines.md holds both lists and the differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.agents import objectives as o
from skillflow_gym.agents.args import TrainArgs, one_line_errors, parse
from skillflow_gym.agents.grpo import clipped
from skillflow_gym.agents.trainer import Batch, Loss, train
from skillflow_gym.policy import TrainablePolicy
from skillflow_gym.text import words
from skillflow_gym.trajectory import Trajectory


@dataclass
class Args(TrainArgs):
    """Train a policy with FlowSteer's objective."""

    fewest_rollouts: ClassVar[int] = 1
    preset: Literal["paper", "released"] = "paper"
    """released: one rollout per task, compared within its benchmark; no ratio, KL or entropy; the advantage is over
    max(std, 0.01), not std + 0.01. Other flags override."""
    reward: Literal["gated", "terminal"] = "gated"
    """What is learned from: the outcome gated by structure, or the outcome alone. Evaluations show the outcome."""
    compare: Literal["task", "source"] = "task"
    """An advantage is relative to the rollouts of the same task, or to all of the same benchmark in the update."""
    gradient_steps: int = 4
    """Gradient steps per update, each on all of its rollouts."""
    clip: float = 0.2
    """How far the ratio of a decision's probabilities may go from 1; 0 for no ratio: the plain policy gradient."""
    kl: float = 0.005
    """Weight of the KL penalty (k3) to the reference policy."""
    entropy: float = 0.005
    """Weight of the entropy of decisions."""
    schedule: Literal["linear", "cosine"] = "cosine"
    """Of the learning rate: linearly down to a tenth; or up over ten updates and down to zero along a cosine."""

    def __post_init__(self) -> None:
        """Refuse what cannot be compared.

        Raises:
            ValueError: one rollout per task, compared with the others of its task; or as in ``TrainArgs``.
        """
        super().__post_init__()
        if self.compare == "task" and self.rollouts < 2:
            raise ValueError("--rollouts must be at least 2 where rollouts of the same task are compared")
        if not self.clip and self.gradient_steps > 1:
            raise ValueError("--clip 0 is on-policy: it needs --gradient-steps 1")


RELEASED: dict[str, Any] = {
    "preset": "released",
    "compare": "source",
    "tasks_per_step": 128,
    "rollouts": 1,
    "gradient_steps": 1,
    "clip": 0.0,
    "kl": 0.0,
    "entropy": 0.0,
}

PRESETS = {"released": RELEASED}

CHECKS = frozenset("check examine inspect inventory look lookup read review test verify".split())
"""First words of acts that look at something again rather than change or look for it."""


def structure(trajectory: Trajectory) -> float:
    """How much of FlowSteer's required structure a trajectory has, in [0, 1]; 1 opens the gate.

    In brackets what it is of a workflow graph:

    - 0.2 for an act that checks: its first word is one of ``CHECKS``, or it names what is accepted [a checker];
    - 0.2 for an end right after an act that worked: ``accept``, or the act that won [a formatted answer];
    - 0.2 for at least min(6, half the step limit) actions [at least 6 operators];
    - 0.4 for two different skills, or an action taken again after others [a parallel, conditional or loop].
    """
    actions = [turn.action for turn in trajectory.turns]
    if not actions:
        return 0.0
    last = actions[-1]
    answer = frozenset(words(last.argument)) if last.kind is ActionKind.ACCEPT else frozenset[str]()
    acts = [words(a.argument) for a in actions if a.kind is ActionKind.ACT]
    checks = any(act[:1] and (act[0] in CHECKS or (answer and answer <= set(act))) for act in acts)
    before = trajectory.turns[-2:][0] if last.kind is ActionKind.ACCEPT else trajectory.turns[-1]
    ends = trajectory.terminated and before.action.kind is ActionKind.ACT and not before.error
    enough = len(actions) >= min(6, ceil(trajectory.step_limit / 2))
    skills = {a.argument for a in actions if a.kind is ActionKind.SKILL}
    return 0.2 * checks + 0.2 * ends + 0.2 * enough + 0.4 * (len(skills) >= 2 or _returns(actions))


def _returns(actions: Sequence[Action]) -> bool:
    """Whether an action was taken again after another one."""
    return any(action in actions[: max(i - 1, 0)] and action != actions[i - 1] for i, action in enumerate(actions))


class FlowSteer:
    """The objective of ``Args``."""

    name = "flowsteer"
    needs_hindsight = False
    off_policy = False
    hindsight_lr = 0.0

    def __init__(self, args: Args) -> None:
        self.args = args
        self.compares = args.compare == "task"
        self.dropout, self.weighs = not args.clip, bool(args.clip)
        self.modules: dict[str, tuple[nn.Module, float]] = {}

    def loss(self, policy: TrainablePolicy, batch: Batch) -> Loss:
        """The loss, with the mean structure as a figure."""
        args = self.args
        log_pf, mask = policy.log_prob(batch.trajectories)  # [N, T]
        found = torch.tensor([structure(t) for t in batch.trajectories])  # [N]
        reward = o.gated_reward(batch.reward, found) if args.reward == "gated" else batch.reward
        groups = batch.groups if self.compares else _sources(batch.trajectories)
        eps, least = (0.0, 1e-2) if args.preset == "released" else (1e-2, 0.0)
        advantage = o.group_advantage(reward, groups, eps=eps, least=least)  # [N]
        figures = {"flow/structure": found.mean().item()}
        if args.clip:
            loss = o.clipped_loss(log_pf, batch.log_then, mask, advantage, args.clip)
            figures["losses/clipped"] = clipped(log_pf, batch.log_then, mask, args.clip)
        else:
            loss = o.policy_gradient_loss(log_pf, mask, advantage)
        if args.kl:
            log_ref, _ = policy.log_prob(batch.trajectories, "reference")  # [N, T]
            kl = o.k3_penalty(log_pf, log_ref.detach(), mask)
            loss = loss + args.kl * kl
            figures["losses/kl"] = kl.item()
        if args.entropy:
            loss = loss + args.entropy * o.entropy_loss(log_pf, mask)
        return Loss(loss, figures)


def _sources(trajectories: Sequence[Trajectory]) -> Tensor:
    """Which trajectories are of the same benchmark, [N] integers."""
    numbers: dict[str, int] = {}
    return torch.tensor([numbers.setdefault(t.env_spec, len(numbers)) for t in trajectories])


def main() -> None:
    """Run from the command line."""
    with one_line_errors():
        args = parse(Args, PRESETS)
        train(args, lambda: FlowSteer(args))


if __name__ == "__main__":
    main()
