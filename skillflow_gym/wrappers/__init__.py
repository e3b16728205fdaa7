"""Wrappers for the suite's environments: one idea each; all survive ``env.spec`` and ``spec.make()``."""

from skillflow_gym.wrappers.record_trajectory import RecordTrajectory
from skillflow_gym.wrappers.text_action import TextAction
from skillflow_gym.wrappers.tool_call_action import ToolCallAction

__all__ = ["RecordTrajectory", "TextAction", "ToolCallAction"]
