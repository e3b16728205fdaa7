"""Skills that evolve: when the library changes, where the evidence is, what becomes of a skill, and who writes."""

from skillflow_gym.evolution.evolver import Evolver
from skillflow_gym.evolution.settings import Settings

__all__ = ["Evolver", "Settings"]
