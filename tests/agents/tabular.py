"""Environments small enough to enumerate, tabular policies on them, and one training loop over their trajectories.

Everything is float64 and exact: a policy's trajectory probabilities are computed, never counted.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from skillflow_gym.agents import objectives
from skillflow_gym.agents.objectives import Anchor, Edge, LogZ

EPS = 0.1

Batch = Callable[[Tensor, torch.Generator], tuple[Tensor, Tensor]]
"""From the policy's log-probability of every trajectory, [N]: which trajectories to train on, [B], and their groups."""


@dataclass(frozen=True)
class Enumerated:
    """All N trajectories of an environment in which every one takes T decisions among A actions."""

    actions: Tensor  # [N, T]
    histories: Tensor  # [N, T] which history each decision is taken in
    observations: Tensor  # [N, T] what is seen after each decision
    outcomes: Tensor  # [N]
    rewards: Tensor  # [N]

    @property
    def mask(self) -> Tensor:
        """Every decision is made, [N, T]."""
        return torch.ones_like(self.actions, dtype=torch.bool)

    @property
    def log_r(self) -> Tensor:
        """log R~, [N]."""
        return objectives.log_reward(self.rewards, EPS)

    def logits(self, seed: int | None = None) -> Tensor:
        """Logits of a tabular policy, [histories, A]: uniform, or normal with a seed."""
        shape = (int(self.histories.max()) + 1, int(self.actions.max()) + 1)
        if seed is None:
            return torch.zeros(shape, dtype=torch.float64)
        return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))

    def log_probs(self, logits: Tensor) -> Tensor:
        """log pi(a_t|H_{t-1}) along every trajectory, [N, T]."""
        return torch.log_softmax(logits, dim=-1)[self.histories, self.actions]

    def hindsight_logits(self) -> Tensor:
        """Logits of a uniform P_phi(a_t|H_{t-1}, o_t), [histories, observations, A]."""
        histories, actions = self.logits().shape
        return torch.zeros((histories, int(self.observations.max()) + 1, actions), dtype=torch.float64)

    def hindsight_log_probs(self, logits: Tensor) -> Tensor:
        """log P_phi(a_t|H_{t-1}, o_t) along every trajectory, [N, T]."""
        return torch.log_softmax(logits, dim=-1)[self.histories, self.observations, self.actions]

    def target(self, log_rho: Tensor, beta: float) -> tuple[Tensor, Tensor]:
        """Enumerated rho(tau) R~^beta / Z, [N], and log Z."""
        log_weight = log_rho.sum(dim=1) + beta * self.log_r
        log_z = torch.logsumexp(log_weight, dim=0)
        return torch.exp(log_weight - log_z), log_z

    def by_outcome(self, probabilities: Tensor) -> Tensor:
        """Mass of each outcome, [outcomes], from the mass of each trajectory, [N]."""
        return torch.bincount(self.outcomes, weights=probabilities)


def bandit() -> Enumerated:
    """One decision among 8 actions; R~ = 1.1, 1.1, 0.6, 0.6, 0.1, 0.1, 0.1, 0.1. The observation says nothing."""
    actions = torch.arange(8)[:, None]
    rewards = torch.tensor([1, 1, 0.5, 0.5, 0, 0, 0, 0], dtype=torch.float64)
    return Enumerated(actions, torch.zeros_like(actions), torch.zeros_like(actions), torch.arange(8), rewards)


def tree(depth: int = 3, branching: int = 6) -> Enumerated:
    """A decision tree whose leaves merge into 7 outcomes, the sum of the actions modulo 7, of rewards 1, 1, 0.5, 0 ...

    The observation is 0 on the way and 1 + outcome at the end.
    """
    paths = list(itertools.product(range(branching), repeat=depth))
    rows = {prefix: row for row, prefix in enumerate(sorted({path[:t] for path in paths for t in range(depth)}))}
    actions = torch.tensor(paths)
    outcomes = actions.sum(dim=1) % 7
    observations = torch.zeros_like(actions)
    observations[:, -1] = 1 + outcomes
    rewards = torch.tensor([1, 1, 0.5, 0, 0, 0, 0], dtype=torch.float64)[outcomes]
    histories = torch.tensor([[rows[path[:t]] for t in range(depth)] for path in paths])
    return Enumerated(actions, histories, observations, outcomes, rewards)


def everything(log_p: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Every trajectory once, as one group."""
    return torch.arange(len(log_p)), torch.zeros(len(log_p), dtype=torch.long)


def shuffled(size: int) -> Batch:
    """Every trajectory once, in random groups of ``size``: groups with and without reward contrast, never the same."""

    def draw(log_p: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        return torch.randperm(len(log_p), generator=generator), torch.arange(len(log_p)) // size

    return draw


def on_policy(size: int) -> Batch:
    """One group of ``size`` trajectories sampled from the policy itself."""

    def draw(log_p: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        sample = torch.multinomial(log_p.exp(), size, replacement=True, generator=generator)
        return sample, torch.zeros(size, dtype=torch.long)

    return draw


@dataclass(frozen=True)
class Trained:
    """What a run ends with, for every trajectory of the environment."""

    log_pf: Tensor  # [N, T]
    log_rho: Tensor  # [N, T]
    log_z: Tensor  # [] of the head (0 under vargrad, which keeps none)
    loss: float  # of the last batch

    @property
    def probabilities(self) -> Tensor:
        """pi(tau), [N]."""
        return self.log_pf.sum(dim=1).exp()


def train(
    env: Enumerated,
    *,
    anchor: Anchor = "tree",
    log_z: LogZ = "vargrad",
    beta: float = 1.0,
    edge: Edge = "sum",
    tokens: Tensor | None = None,
    weight: float = 1.0,
    batch: Batch = everything,
    reference: Tensor | None = None,
    log_then: Tensor | None = None,
    steps: int = 400,
    lr: float = 0.2,
) -> Trained:
    """Minimise the TTB loss with Adam, its rate falling linearly to zero; log Z learns ten times as fast as the policy.

    ``tokens`` is the number of tokens of each action, [N, T] (default 1 each); ``reference`` the logits of pi_ref;
    ``log_then`` the log-probability with which each trajectory was once sampled, [N], for the weights of a replay.
    """
    theta, phi, head = env.logits(), env.hindsight_logits(), torch.zeros((), dtype=torch.float64)
    for parameter in (theta, phi, head):
        parameter.requires_grad_()
    parameters: list[dict[str, Any]] = [{"params": [theta, phi]}, {"params": [head], "lr": 10 * lr}]
    optimiser = torch.optim.Adam(parameters, lr=lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    generator = torch.Generator().manual_seed(0)
    log_ref = env.log_probs(env.logits() if reference is None else reference)
    tokens = torch.ones_like(env.actions) if tokens is None else tokens
    anchors: dict[Anchor, Callable[[], Tensor]] = {
        "reference": lambda: log_ref,
        "tree": lambda: torch.zeros_like(log_ref),
        "hindsight": lambda: env.hindsight_log_probs(phi),
    }
    mask, log_r, loss = env.mask, env.log_r, torch.zeros(())
    for _ in range(steps):
        log_pf, log_rho = env.log_probs(theta), anchors[anchor]()
        index, groups = batch(log_pf.detach().sum(dim=1), generator)
        edge_pf = objectives.edge_log_probs(log_pf[index], tokens[index], mask[index], edge)
        edge_rho = objectives.edge_log_probs(log_rho[index], tokens[index], mask[index], edge)
        ratio = objectives.path_log_ratio(edge_pf, edge_rho, mask[index])
        z = head.expand(len(index)) if log_z == "head" else objectives.vargrad_log_z(ratio, log_r[index], groups, beta)
        residual = objectives.ttb_residual(edge_pf, edge_rho, mask[index], log_r[index], z, beta)
        weights = objectives.contrast_weights(env.rewards[index], groups, weight)
        if log_then is not None:
            log_now = log_pf[index].sum(dim=1)
            weights = weights * objectives.replay_weights(log_now, log_then[index], env.rewards[index], groups)
        loss = objectives.ttb_loss(residual, objectives.path_lengths(mask[index]), weights)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return Trained(env.log_probs(theta), anchors[anchor](), head.detach(), loss.item())


def total_variation(p: Tensor, q: Tensor) -> float:
    """Half the L1 distance of two distributions."""
    return 0.5 * float((p - q).abs().sum())
