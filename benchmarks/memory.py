"""Resident memory over many episodes: it must be flat once the caches are full.

python benchmarks/memory.py [--episodes 10000]
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import gymnasium as gym

from skillflow_gym.agents.policies.scorer import Scorer
from skillflow_gym.core import SkillEnv
from skillflow_gym.rollout import Collector, Job


def resident() -> float:
    """Resident memory of this process in MiB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def main() -> None:
    """Print memory along the way and the growth over the second half."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=10_000)
    episodes = parser.parse_args().episodes
    collector = Collector(partial(gym.make, "SkillFlow/HotpotQA-v0", source="mini", split="train"))
    core = collector.make_env().unwrapped
    assert isinstance(core, SkillEnv)
    policy, seen = Scorer(), []
    for start in range(0, episodes, 100):
        tasks = core.taskset
        collector.collect(policy, [Job(f"{i}", tasks[i % len(tasks)].id, "", (i,)) for i in range(start, start + 100)])
        seen.append(resident())
        if (start + 100) % (episodes // 10) == 0:
            print(f"{start + 100:6d} episodes: {seen[-1]:.0f} MiB")
    print(f"growth over the second half: {seen[-1] - seen[len(seen) // 2]:.1f} MiB")


if __name__ == "__main__":
    main()
