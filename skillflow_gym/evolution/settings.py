"""The numbers of evolution; the fields are also the flags of the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
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
    gate_tasks: int = 8
    """Held-out train tasks on which a candidate is tried; 0 opens the gate to all."""
    gate_rollouts: int = 4
    """Rollouts per task of the gate, with and without the candidate."""
    gate_rule: Literal["no-harm", "benefit"] = "no-harm"
    """no-harm: refuse what is shown to do harm; benefit: refuse what is not shown to help."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ValueError: a word that is none of the choices, a number that is none, too small or too large; the message
                names the flag.
        """
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{_flag(name)} must be one of {', '.join(choices)}, got {getattr(self, name)!r}")
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise ValueError(f"{_flag(name)} must be a whole number of at least {least}, got {value!r}")
        for name, (words, fits) in _NUMBERS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or not fits(value):
                raise ValueError(f"{_flag(name)} must be {words}, got {value!r}")


_CHOICES: Mapping[str, Sequence[str]] = {
    "when": ("plateau", "periodic"),
    "where": ("credit", "random"),
    "what": ("flow", "random"),
    "gate_rule": ("no-harm", "benefit"),
}
_LEAST: Mapping[str, int] = {
    **dict.fromkeys(("window", "flat_windows", "period", "below_phases", "min_visits", "capacity", "gate_rollouts"), 1),
    **dict.fromkeys(("gate_tasks", "new_skills"), 0),
}
_NUMBERS: Mapping[str, tuple[str, Callable[[float], bool]]] = {
    "rho": ("above 0 and below 1", lambda value: 0 < value < 1),
    "zeta": ("a finite number", lambda value: True),
    "max_gap": ("at least 0", lambda value: value >= 0),
    "merge_at": ("above 0 and at most 1", lambda value: 0 < value <= 1),
}


def _flag(name: str) -> str:
    return f"--evolve.{name.replace('_', '-')}"
