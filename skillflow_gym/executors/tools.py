"""The executor ``tools``: no language model; it runs instructions of the form ``name: argument``."""

from __future__ import annotations

from skillflow_gym.executors.result import Result
from skillflow_gym.tools import Toolbox


def run_tools(instruction: str, toolbox: Toolbox) -> Result:
    """Call the tool that the instruction names; if it names none, list the tools."""
    name, colon, argument = instruction.partition(":")
    tool = toolbox.get(name.strip().lower()) if colon else None
    if tool is None:
        return Result(f"No tool is named so. {toolbox.describe()}")
    return Result(tool(argument.strip()), calls=1)
