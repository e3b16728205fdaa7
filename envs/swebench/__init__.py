"""SWE-bench: repositories, issues, and patches that make failing tests pass."""

from skillflow_gym.envs.swebench.env import SWEBenchEnv

__all__ = ["SWEBenchEnv"]
