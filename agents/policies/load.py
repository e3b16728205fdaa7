"""The policy that a run has trained."""

from __future__ import annotations

from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.agents.runs import RunError, RunFolder


def load_run(folder: str) -> Scorer:
    """The policy of the newest checkpoint of the run in ``folder``.

    Raises:
        RunError: the folder is no run, or has no checkpoint yet.
    """
    run = RunFolder(folder)
    run.config()
    found = run.load_checkpoint()
    if found is None:
        raise RunError(f"{folder} has no checkpoint yet: let it run for a while")
    state = found[1]["policy"]
    policy = Scorer(hindsight=state["phi"] is not None, skills=state.get("skills", False))
    policy.load_state_dict(state)
    return policy
