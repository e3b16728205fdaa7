"""What the mini tasks are worth: random, first-proposal and an oracle over the same proposals.

python benchmarks/baselines.py [--env HotpotQA-v0] [--split test]

The oracle knows the gold answer and looks ahead: it tries sequences of searches, shortest first, in the real
environment, until the answer is among the proposals, and accepts it. What it cannot reach, no policy over these
proposals can within its budget.
"""

from __future__ import annotations

import argparse
from functools import partial

import gymnasium as gym
import numpy as np

from skillflow_gym import Action, ActionKind, Task
from skillflow_gym.core import SkillEnv
from skillflow_gym.episode import Episode
from skillflow_gym.evaluate import evaluate
from skillflow_gym.policy import Decision, FirstProposalPolicy, UniformPolicy
from skillflow_gym.registration import stanza
from skillflow_gym.rollout import Collector
from skillflow_gym.stats import bootstrap


def oracle(env: SkillEnv, task: Task, depth: int, width: int) -> bool:
    """Whether at most ``depth`` searches, ``width`` sequences tried per depth, make the gold answer a proposal."""
    frontier: list[tuple[Action, ...]] = [()]
    rng = np.random.default_rng(0)
    for _ in range(depth + 1):
        longer: list[tuple[Action, ...]] = []
        for sequence in frontier:
            episode = Episode(env, seed=0, task_id=task.id)
            for action in sequence:
                episode.step(Decision(action, 0.0, 0.0))
            for action in episode.context.proposals:
                if action.kind is ActionKind.ACCEPT and env.score(action.argument).success:
                    episode.step(Decision(action, 0.0, 0.0))
                    return episode.trajectory().success
                if action.kind is ActionKind.ACT:
                    longer.append((*sequence, action))
        frontier = [longer[i] for i in rng.permutation(len(longer))[:width]]
    return False


def main() -> None:
    """Print success with intervals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="HotpotQA-v0")
    parser.add_argument("--split", default="test")
    parser.add_argument("--source", default="mini")
    args = parser.parse_args()
    make_env = partial(gym.make, stanza(args.env).env_id, source=args.source, split=args.split)
    collector = Collector(make_env)
    core = collector.make_env().unwrapped
    assert isinstance(core, SkillEnv)
    tasks = core.taskset[:200]
    for policy in (UniformPolicy(), FirstProposalPolicy()):
        print(f"{policy.version:16} {evaluate(policy, collector, tasks, 4).success()}")
    print(f"{'oracle':16} {bootstrap([float(oracle(core, task, 3, 60)) for task in tasks])}")
    collector.close()


if __name__ == "__main__":
    main()
