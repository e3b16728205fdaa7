"""Trajectories with known log-probabilities: written by hand, and all of a tree at zero residual."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from skillflow_gym import Action, Trajectory, Turn

Step = tuple[Action, float | None, float | None]
"""An action with its log pi and its log pi_ref, in nats."""


def rollout(*steps: Step, id: str = "t", task_id: str = "q", skills: str = "", **fields: Any) -> Trajectory:
    """A scored trajectory of ``steps`` in whose catalogue stand ``skills``, names with spaces between."""
    turns = tuple(Turn(action, f"o{t}", log_pf=pf, log_ref=ref) for t, (action, pf, ref) in enumerate(steps, start=1))
    catalogue = "\n".join(f"- {name}: how to {name}" for name in skills.split())
    return Trajectory(id, "task", turns, catalogue=catalogue, task_id=task_id, terminated=True, **fields)


def reading(name: str, *values: float, act: float = 0.0, **fields: Any) -> Trajectory:
    """A trajectory that reads the skill ``name`` once per value of X, after a first ``act`` that earned credit ``act``.

    log pi_ref is -5 at every turn, so log pi = log I - 5.
    """
    credits = np.diff([act, *values])
    steps: list[Step] = [(Action.act("look"), act - 5.0, -5.0)]
    steps += [(Action.skill(name), float(credit) - 5.0, -5.0) for credit in credits]
    return rollout(*steps, **{"skills": name, **fields})


@dataclass(frozen=True)
class Tree:
    """All B x B trajectories of two decisions among B actions, taken by the policy whose residual is zero.

    The soft values are worked out backwards from the rewards, without the definitions under test.
    """

    rewards: Any  # [B, B]
    log_ref: Any  # [B] and [B, B]: of the first and of the second decision
    beta: float
    eps: float

    @property
    def log_end(self) -> Any:
        """beta log R~ of each trajectory, [B, B]."""
        return self.beta * np.log(self.rewards + self.eps)

    @property
    def log_middle(self) -> Any:
        """Log of the mean of R~^beta under pi_ref after each first action, [B]."""
        return np.log(np.sum(np.exp(self.log_ref[1] + self.log_end), axis=1))

    @property
    def log_z(self) -> float:
        """Log of the mean of R~^beta under pi_ref."""
        return float(np.log(np.sum(np.exp(self.log_ref[0] + self.log_middle))))

    def trajectories(self) -> list[Trajectory]:
        """Trajectory (i, j) at i * B + j."""
        first = self.log_ref[0] + self.log_middle - self.log_z  # [B]
        second = self.log_ref[1] + self.log_end - self.log_middle[:, None]  # [B, B]
        return [
            rollout(
                (Action.act(f"{i}"), float(first[i]), float(self.log_ref[0][i])),
                (Action.act(f"{j}"), float(second[i, j]), float(self.log_ref[1][i, j])),
                id=f"{i}{j}",
                reward=float(self.rewards[i, j]),
            )
            for i, j in itertools.product(range(len(self.rewards)), repeat=2)
        ]


def tree(seed: int, branching: int = 3, beta: float = 2.0, eps: float = 0.1) -> Tree:
    """A tree of random rewards under a random reference policy."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=branching), rng.normal(size=(branching, branching))
    log_ref = (first - np.log(np.exp(first).sum()), second - np.log(np.exp(second).sum(axis=1, keepdims=True)))
    return Tree(rng.uniform(size=(branching, branching)), log_ref, beta, eps)
