"""The numbers of evolution; the fields are also the flags of the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class Settings:
    """When, where and what evolves, and what a new skill must pass."""

    when: Literal["plateau", "periodic"] = "plateau"
    """plateau: when the residual has stopped falling; periodic: every `period` updates (the ablation)."""
    where: Literal["credit", "random"] = "credit"
    """credit: skills are written from the steps that earned the success; random: from as many others (the ablation)."""
    what: Literal["flow", "random"] = "flow"
    """flow: the flow through a skill decides whether it stays; random: chance does (the ablation)."""
    window: int = 10
    """W: updates per window of the plateau, ignored after a change, and looked back on for evidence."""
    rho: float = 0.05
    """Relative decrease of the residual below which a window is flat."""
    flat_windows: int = 2
    """M: flat windows in a row that make a plateau."""
    period: int = 30
    """Updates between phases, if periodic."""
    zeta: float = 1.0
    """log I(t) from which on a step is a trigger, in nats."""
    below_phases: int = 2
    """K: phases in a row below average after which a skill may be pruned."""
    max_gap: float = 1.0
    """Jensen gap up to which a skill counts as even, in nats."""
    min_visits: int = 10
    """Readings of a skill without which nothing is said of it."""
    capacity: int = 16
    """Most skills in the library."""
    new_skills: int = 2
    """Most candidates for new skills in one phase."""
    merge_at: float = 0.8
    """Similarity from which on one of two skills goes."""
    gate_tasks: int = 16
    """Held-out train tasks on which a candidate is tried; 0 opens the gate to all."""
    gate_rollouts: int = 4
    """Rollouts per task of the gate, with and without the candidate."""
    gate_rule: Literal["no-harm", "benefit"] = "no-harm"
    """no-harm: refuse what is shown to do harm; benefit: refuse what is not shown to help."""

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense.

        Raises:
            ValueError: a number is too small; the message names the flag.
        """
        least = {"window": 1, "flat_windows": 1, "period": 1, "below_phases": 1, "min_visits": 1, "capacity": 1}
        least |= {"gate_rollouts": 1, "gate_tasks": 0, "new_skills": 0}
        for name, value in least.items():
            if getattr(self, name) < value:
                flag = name.replace("_", "-")
                raise ValueError(f"--evolve.{flag} must be at least {value}, got {getattr(self, name)}")
        if not self.rho > 0 or not 0 < self.merge_at <= 1 or not self.max_gap >= 0:
            raise ValueError("--evolve.rho must be above 0, --evolve.merge-at in (0, 1], --evolve.max-gap at least 0")
