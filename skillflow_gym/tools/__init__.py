"""What an Executor may call. A tool is a typed function of one text; its JSON schema comes from its signature."""

from skillflow_gym.tools.toolbox import Tool, Toolbox

__all__ = ["Tool", "Toolbox"]
