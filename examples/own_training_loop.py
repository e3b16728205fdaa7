"""An outsider's own training loop: Gymnasium, numpy and nothing else of this project.

A softmax over three numbers per proposal learns by REINFORCE which kinds of action pay on HotpotQA's mini tasks.
"""

from __future__ import annotations

import argparse

import gymnasium as gym
import numpy as np

import skillflow_gym
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision

NAMES = ("accepts", "accepts what the task names", "accepts yes or no")


def describe(context: skillflow_gym.Context) -> np.ndarray:
    """A number per proposal for each of ``NAMES``, [N, 3]."""
    rows = []
    for kind, argument in context.proposals:
        accepts = kind == skillflow_gym.ActionKind.ACCEPT
        rows.append([accepts, accepts and argument in context.task, accepts and argument in ("yes", "no")])
    return np.array(rows, dtype=float)


def main() -> None:
    """Train for a few episodes and print what was learned."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=3000, help="at least 2")
    episodes = parser.parse_args().episodes
    env = gym.make("SkillFlow/HotpotQA-v0", source="mini", split="train")
    rng = np.random.default_rng(0)
    weights, baseline, rewards = np.zeros(3), 0.0, []
    for number in range(episodes):
        episode, gradient = Episode(env, seed=number), np.zeros(3)
        while not episode.done:
            features = describe(episode.context)
            logits = features @ weights
            p = np.exp(logits - logits.max())
            p /= p.sum()
            chosen = int(rng.choice(len(p), p=p))
            gradient += features[chosen] - p @ features
            episode.step(Decision(episode.context.proposals[chosen], float(np.log(p[chosen])), -np.log(len(p)), chosen))
        reward = episode.trajectory().reward
        weights += 0.5 * (reward - baseline) * gradient
        baseline += 0.05 * (reward - baseline)
        rewards.append(reward)
    first, second = np.mean(rewards[: episodes // 2]), np.mean(rewards[episodes // 2 :])
    print(f"success, first half {first:.3f}, second half {second:.3f}")
    print("weights:", dict(zip(NAMES, weights.round(2).tolist(), strict=True)))
    env.close()


if __name__ == "__main__":
    main()
