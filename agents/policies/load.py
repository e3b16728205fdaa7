"""The policies that can be trained: made for a run, or loaded from one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from skillflow_gym.agents.policies.lm import LanguageModel
from skillflow_gym.agents.policies.lm_args import PREFIX, LMArgs
from skillflow_gym.agents.policies.scorer import Scorer, features_for
from skillflow_gym.agents.processes import ALONE, Processes
from skillflow_gym.agents.runs import RunError, RunFolder

if TYPE_CHECKING:
    from skillflow_gym.agents.args import TrainArgs

Trained: TypeAlias = Scorer | LanguageModel


def make_policy(args: TrainArgs, family: str, hindsight: bool, processes: Processes = ALONE) -> Trained:
    """The untrained policy that ``args`` name, for a benchmark of ``family``; a language model is of ``processes``.

    Raises:
        ValueError: there is none of that name; or as ``LanguageModel.load``.
    """
    if args.policy.startswith(PREFIX):
        lm = args.lm if processes.sharding is None else replace(args.lm, device="cpu")  # no GPU has room for all of it
        policy = LanguageModel.load(args.policy.removeprefix(PREFIX), lm, hindsight, args.seed)
        policy.join(processes)
        return policy
    if args.policy != "scorer":
        raise ValueError(f"--policy {args.policy!r} is none: expected scorer, or {PREFIX} and the folder of a model")
    skills = args.evolve.on or bool(args.library)
    return Scorer(seed=args.seed, hindsight=hindsight, skills=skills, features=features_for(family))


def load_run(folder: str, trained: bool = True) -> Trained:
    """The policy of the newest checkpoint of the run in ``folder``, or with ``trained=False`` what it began as.

    Raises:
        RunError: the folder is no run, or has no checkpoint yet.
        ValueError: its language model cannot be loaded.
    """
    run = RunFolder(folder)
    args = run.config()["args"]
    found = run.load_checkpoint()
    if found is None:
        raise RunError(f"{folder} has no checkpoint yet: let it run for a while")
    state = found[1]["policy"]
    policy: Trained
    if args.get("policy", "").startswith(PREFIX):
        hindsight = "phi" in state["adapters"]
        policy = LanguageModel.load(
            args["policy"].removeprefix(PREFIX), LMArgs(**args["lm"]), hindsight, args.get("seed", 0)
        )
    else:
        kind = {"skills": state["skills"], "features": state["features"]}
        policy = Scorer(seed=args.get("seed", 0), hindsight=state["phi"] is not None, **kind)
    if trained:
        policy.load_state_dict(state)
    return policy
