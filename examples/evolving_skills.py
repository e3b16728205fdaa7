"""Evolution without our trainer: a learner of one's own on an environment whose skill library evolves.

A table of one number per pattern of action ("search: {name in the task}") learns by REINFORCE on TriviaQA's mini tasks,
eight episodes of a task at a time. After each group it tells the evolver its log-probabilities; between episodes the
evolver writes skills from the steps that earned successes, and the next episodes see them.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import gymnasium as gym
import numpy as np

import skillflow_gym  # noqa: F401, registers the environments
from skillflow_gym.episode import Episode
from skillflow_gym.evolution import Evolver, Settings
from skillflow_gym.evolution.authors.template import TemplateAuthor
from skillflow_gym.flow.credit import Credit, vargrad_log_z
from skillflow_gym.policy import Decision
from skillflow_gym.skills.pattern import pattern
from skillflow_gym.wrappers import EvolvingLibrary

GROUP, BETA = 8, 4.0


def main() -> None:
    """Train, and print how success and the library changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=240, help="groups of eight episodes of one task")
    groups = parser.parse_args().groups
    evolver = Evolver(TemplateAuthor(), Settings(when="periodic", period=10, zeta=0.5, gate_tasks=0), beta=BETA)
    env = EvolvingLibrary(gym.make("SkillFlow/TriviaQA-v0", source="mini", split="train"), evolver, 8 * GROUP)
    rng, weights, successes = np.random.default_rng(0), defaultdict[str, float](float), []
    for number in range(groups):
        group, gradients = [], []
        task = None
        for k in range(GROUP):
            episode = Episode(env, seed=1000 * number + k, task_id=task)
            gradient = defaultdict[str, float](float)
            while not episode.done:
                patterns = [pattern(action, episode.context) for action in episode.context.proposals]
                p = np.exp([weights[name] for name in patterns])
                p /= p.sum()
                chosen = int(rng.choice(len(p), p=p))
                gradient[patterns[chosen]] += 1
                for name, probability in zip(patterns, p, strict=True):
                    gradient[name] -= probability
                action = episode.context.proposals[chosen]
                episode.step(Decision(action, float(np.log(p[chosen])), -float(np.log(len(p))), chosen))
            group.append(episode.trajectory(id=env.trajectory.id))
            gradients.append(gradient)
            task = group[0].task_id
        rewards = np.array([trajectory.reward for trajectory in group])
        log_z = vargrad_log_z(group, beta=BETA)
        for trajectory, gradient, advantage in zip(group, gradients, rewards - rewards.mean(), strict=True):
            credit = Credit.of(trajectory)
            evolver.credit(trajectory.id, credit.log_pf, credit.log_ref, log_z)
            for name, slope in gradient.items():
                weights[name] += 0.5 * advantage * slope
        successes.append(rewards.mean())
    env.close()
    first, second = np.mean(successes[: groups // 2]), np.mean(successes[groups // 2 :])
    print(f"success, first half {first:.3f}, second half {second:.3f}; {evolver.phase} phases")
    print(evolver.library.catalogue)


if __name__ == "__main__":
    main()
