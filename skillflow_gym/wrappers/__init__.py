"""Wrappers for the suite's environments: one idea each; all but EvolvingLibrary survive ``env.spec`` and ``make()``."""

from skillflow_gym.wrappers.discrete_action import DiscreteAction
from skillflow_gym.wrappers.embed_observation import EmbedObservation
from skillflow_gym.wrappers.evolving_library import EvolvingLibrary
from skillflow_gym.wrappers.record_trajectory import RecordTrajectory
from skillflow_gym.wrappers.text_action import TextAction
from skillflow_gym.wrappers.tool_call_action import ToolCallAction

__all__ = ["DiscreteAction", "EmbedObservation", "EvolvingLibrary", "RecordTrajectory", "TextAction", "ToolCallAction"]
