"""Environment steps per second with the scorer, search and proposals included, against a loop over one environment.

python benchmarks/collect.py [--rollouts 4096]
"""

from __future__ import annotations

import argparse
import gc
import time
from functools import partial

import gymnasium as gym
import torch

from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.core import SkillEnv
from skillflow_gym.episode import Episode
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.tasks import TaskSet


def jobs(tasks: TaskSet, count: int, group: int, seed: int) -> list[Job]:
    """Rollouts in groups of one task, as training makes them."""
    return [Job(f"{i}", tasks[i // group % len(tasks)].id, f"{i // group}", (seed, i)) for i in range(count)]


def lockstep(make_env: partial[gym.Env], tasks: TaskSet, count: int) -> float:
    """Steps per second of the Collector, 128 episodes at a time."""
    collector, policy, steps, seconds = Collector(make_env), Scorer(), 0, 0.0
    work = jobs(tasks, count, 16, 0)
    collector.collect(policy, work[:128])  # indexes the corpus
    for start in range(128, count, 128):
        collection = collector.collect(policy, work[start : start + 128])
        steps, seconds = steps + collection.env_steps, seconds + collection.seconds
    collector.close()
    return steps / seconds


def one_by_one(make_env: partial[gym.Env], tasks: TaskSet, count: int) -> float:
    """Steps per second of the obvious alternative: one environment, one decision at a time."""
    env, policy, steps = make_env(), Scorer(), 0
    start = time.perf_counter()
    for job in jobs(tasks, count, 16, 1):
        rng = job.rng()
        episode = Episode(env, seed=int(rng.integers(2**31)), task_id=job.task_id)
        while not episode.done:
            episode.step(policy.act([episode.context], [rng])[0])
            steps += 1
    return steps / (time.perf_counter() - start)


def main() -> None:
    """Print both rates and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=4096)
    count = parser.parse_args().rollouts
    torch.set_num_threads(1)
    make_env = partial(gym.make, "SkillFlow/HotpotQA-v0", source="mini", split="train", disable_env_checker=True)
    core = make_env().unwrapped
    assert isinstance(core, SkillEnv)
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)  # as in training
    ours, plain = lockstep(make_env, core.taskset, count), one_by_one(make_env, core.taskset, count // 8)
    print(f"collector {ours:.0f} env steps/s (goal: at least 1,000), one by one {plain:.0f}, ratio {ours / plain:.2f}")


if __name__ == "__main__":
    main()
