"""An agent of your own: anything with ``version`` and ``act`` can be evaluated like the built-in ones."""

from __future__ import annotations

from collections.abc import Sequence

import gymnasium as gym
import numpy as np

from skillflow_gym import ActionKind, Context
from skillflow_gym.evaluate import evaluate
from skillflow_gym.policy import Decision, UniformPolicy
from skillflow_gym.rollout import Collector


class SearchFirst:
    """Searches the question, then accepts at random something that was found."""

    version = "search-first"

    def act(self, contexts: Sequence[Context], rngs: Sequence[np.random.Generator]) -> list[Decision]:
        """One decision per context, all randomness from its generator."""
        decisions = []
        for context, rng in zip(contexts, rngs, strict=True):
            accepts = [i for i, action in enumerate(context.proposals) if action.kind is ActionKind.ACCEPT]
            question = f"search: {context.task}"
            found = [i for i, action in enumerate(context.proposals) if action.argument == question]
            choices = found if context.step == 0 and found else accepts
            index = int(rng.choice(choices))
            log_pf, log_ref = -np.log(len(choices)), -np.log(len(context.proposals))
            decisions.append(Decision(context.proposals[index], float(log_pf), float(log_ref), index))
        return decisions


def main() -> None:
    """Compare it with the uniform policy on the same panel."""
    collector = Collector(lambda: gym.make("SkillFlow/HotpotQA-v0", source="mini", split="test"))
    panel = collector.make_env().unwrapped.taskset[:50]
    for policy in (UniformPolicy(), SearchFirst()):
        result = evaluate(policy, collector, panel, k=4)
        print(f"{policy.version:14} success {result.success()}, panel {result.sha256[:12]}")
    collector.close()


if __name__ == "__main__":
    main()
