"""Seconds per update of a language model whose executor is slow, for rollouts that are made ahead and that are not.

python benchmarks/stale.py [--latency 0.1] [--stale 0 1 2]

A small random model opens the tests' vaults; the executor only waits and then does what it is told. Without
--stale an update takes the time of its rollouts and that of its gradient steps; with it, ideally the longer of the two.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.slow_executor import Sleeper
from skillflow_gym.agents.policies.lm_args import LMArgs
from skillflow_gym.agents.trainer import Trainer
from skillflow_gym.agents.ttb import TTB, Args
from skillflow_gym.episode import suite_env
from tests.agents import tiny_models
from tests.agents.test_lm_training import short_prompts
from tests.contract.outsider import registered


def slow(make_env: Any, latency: float) -> gym.Env[Any, Any]:
    """The environment with an executor that waits."""
    env: gym.Env[Any, Any] = make_env()
    suite_env(env).executor = Sleeper(latency)
    return env


def measure(folder: Path, stale: int, options: argparse.Namespace) -> tuple[float, float, float]:
    """Seconds of an update, of waiting for its rollouts, and of its gradient step; means without the first two."""
    small: dict[str, Any] = {"tasks_per_step": 2, "rollouts": 4, "replay_groups": 0, "gradient_steps": 1}
    panel = {"eval_tasks": 1, "eval_rollouts": 1, "paths_every": 0, "trajectories_every": 0}
    lm = LMArgs(decide="choose", rank=4, device="cpu")
    args = Args(
        env="Vaults",
        source="mini",
        policy=f"hf:{folder / 'model'}",
        lm=lm,
        steps=options.steps,
        step_limit=options.turns,
        stale=stale,
        run=str(folder / f"stale-{stale}"),
        **small,
        **panel,
    )
    trainer = Trainer(args, TTB(args), Console(quiet=True))
    collector = trainer.collector
    collector.make_env = partial(slow, collector.make_env, options.latency)
    start = time.perf_counter()
    trainer.train()
    rows = trainer.run.rows("timing.jsonl")[2:]
    print(f"--stale {stale}: the whole run {time.perf_counter() - start:.1f} s", flush=True)
    waited, computed = (sum(row[name] for row in rows) / len(rows) for name in ("collect", "update"))
    return waited + computed, waited, computed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.1, help="seconds of the executor")
    parser.add_argument("--stale", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--turns", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, registered(), tiny_models.one_thread():
        folder = Path(name)
        short_prompts(folder / "model")
        first = 0.0
        for stale in options.stale:
            total, waited, computed = measure(folder, stale, options)
            first = first or total
            parts = f"{waited:.2f} s waiting for rollouts, {computed:.2f} s computing"
            print(f"--stale {stale}: {total:.2f} s an update ({parts}): {first / total:.2f}x", flush=True)


if __name__ == "__main__":
    main()
