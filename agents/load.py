"""The policy of any agent's run, whatever trained it."""

from __future__ import annotations

import importlib
from typing import Any

from skillflow_gym.agents.policies.load import load_run
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.policy import Policy
from skillflow_gym.registration import registry


def load_agent(folder: str, trained: bool = True) -> Policy:
    """The policy of the newest checkpoint of the run in ``folder``, or with ``trained=False`` what it began as.

    An agent whose policies are not those of the shared trainer has a ``load_policy`` of its own.

    Raises:
        RunError: the folder is no run, or has no checkpoint yet.
        ValueError: what it needs cannot be loaded.
    """
    agent = registry()["agents"].get(RunFolder(folder).config()["agent"])
    module: Any = importlib.import_module(agent["module"]) if agent else None
    policy: Policy = getattr(module, "load_policy", load_run)(folder, trained)
    return policy
