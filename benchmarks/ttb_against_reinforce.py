"""TTB against REINFORCE on the same tasks, rollouts per update and policy: success and distinct successful paths.

python benchmarks/ttb_against_reinforce.py [--seeds 3] [--steps 700] [--env HotpotQA-v0]

Trains what is not trained yet under runs/versus/, then plays equal samples on the first tasks of train, which both
have seen again and again, and of test, which neither has seen. REINFORCE takes one gradient step per update, since its
rollouts must be its own; TTB also learns from kept groups. Both see the same number of rollouts.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial
from pathlib import Path

import gymnasium as gym
import numpy as np
from rich.console import Console
from rich.table import Table

from skillflow_gym.agents.policies.load import load_run
from skillflow_gym.core import SkillEnv
from skillflow_gym.evaluate import evaluate
from skillflow_gym.flow.paths import PathFinder
from skillflow_gym.registration import stanza
from skillflow_gym.rollout import Collector

AGENTS = {"ttb": [], "reinforce": ["--rollouts", "12"]}


def measure(run: Path, env_id: str, split: str, tasks: int, samples: int) -> tuple[float, float, float]:
    """Success of a sample, pass@k, and distinct successful paths per task."""
    make_env = partial(gym.make, env_id, source="mini", split=split, disable_env_checker=True)
    collector, finder = Collector(make_env), PathFinder(make_env)
    core = collector.make_env().unwrapped
    assert isinstance(core, SkillEnv)
    result = evaluate(load_run(str(run)), collector, core.taskset[:tasks], samples, seed=1)
    counts = finder.count(result.trajectories)
    collector.close()
    finder.close()
    return result.success().mean, result.pass_at(samples).mean, float(np.mean(list(counts.values())))


def main() -> None:
    """Train and print the table: mean over seeds, and each seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="HotpotQA-v0")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--samples", type=int, default=16)
    args = parser.parse_args()
    benchmark = stanza(args.env)
    table = Table(title=f"{benchmark.env_id}, source mini, {args.tasks} tasks, {args.samples} samples each")
    for column in ("agent", "panel", "success", "pass@k", "distinct paths", "success by seed"):
        table.add_column(column)
    for agent, flags in AGENTS.items():
        folders = []
        for seed in range(args.seeds):
            folder = Path("runs") / "versus" / f"{benchmark.name}-{agent}-{args.steps}-seed{seed}"
            folders.append(folder)
            if not (folder / "evaluations" / "greedy.json").is_file():
                more = ["--resume", str(folder)] if folder.is_dir() else ["--run", str(folder)]
                common = ["--env", args.env, "--source", "mini", "--seed", str(seed), "--steps", str(args.steps)]
                subprocess.run(
                    [sys.executable, "-m", f"skillflow_gym.agents.{agent}", *common, *flags, *more], check=True
                )
        for split in ("train", "test"):
            figures = np.array([measure(f, benchmark.env_id, split, args.tasks, args.samples) for f in folders])
            means, seeds = figures.mean(axis=0), ", ".join(f"{value:.3f}" for value in figures[:, 0])
            table.add_row(agent, split, *(f"{mean:.3f}" for mean in means), seeds)
    Console().print(table)


if __name__ == "__main__":
    main()
