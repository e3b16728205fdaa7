"""What evolving the skill library is worth: TTB with and without it on equal rollouts, ablations, and a transfer.

python benchmarks/evolution.py [--envs HotpotQA TriviaQA MuSiQue NQ-Open] [--seeds 5] [--ablation-seeds 3] [--jobs 2]

Trains what is not trained yet under runs/evolution/, --jobs runs at a time, and prints a Markdown table. All arms of a
set and seed share the seed of everything; a run with evolution makes fewer updates, since the rollouts of the gate are
taken off its budget. Success and F1 are of the first tasks of test, paths of the first tasks of train, which repeat.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from skillflow_gym.actions import ActionKind
from skillflow_gym.agents.policies.load import load_run
from skillflow_gym.core import SkillEnv
from skillflow_gym.episode import suite_env
from skillflow_gym.evaluate import evaluate
from skillflow_gym.flow.paths import PathFinder
from skillflow_gym.rollout import Collector
from skillflow_gym.skills import SkillLibrary
from skillflow_gym.skills.load import load_library

ENVS = ("HotpotQA", "TriviaQA", "MuSiQue", "NQ-Open")
EVOLVE = ("--evolve", "--evolve.window", "5", "--evolve.flat-windows", "1")
ARMS: dict[str, Sequence[str]] = {
    "without": (),
    "with": EVOLVE,
    "when: periodic": (*EVOLVE, "--evolve.when", "periodic", "--evolve.period", "15"),
    "where: random": (*EVOLVE, "--evolve.where", "random"),
    "what: random": (*EVOLVE, "--evolve.what", "random"),
}
"""Arm -> flags; the last three each turn one signal off."""
FROM, TO, TRANSFER = "HotpotQA", "MuSiQue", "library of HotpotQA"
"""The transfer: a fresh policy on ``TO`` with the frozen library that evolved on ``FROM``."""


@dataclass(frozen=True)
class Run:
    """One training run."""

    env: str
    arm: str
    seed: int

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return (
            Path("runs") / "evolution" / f"{self.env}-{self.arm.replace(': ', '-').replace(' ', '-')}-seed{self.seed}"
        )

    def train(self, steps: int, tasks: int) -> None:
        """Train it, or go on where it was stopped."""
        if (self.folder / "evaluations" / "greedy.json").is_file():
            return
        flags = ARMS.get(self.arm, ("--library", str(Run(FROM, "with", self.seed).folder)))
        command = [sys.executable, "-m", "skillflow_gym.agents.ttb"]
        if self.folder.is_dir():
            command += ["--resume", str(self.folder)]
        else:
            command += ["--env", f"{self.env}-v0", "--source", "mini", "--steps", str(steps), "--seed", str(self.seed)]
            command += ["--eval-tasks", str(tasks), "--run", str(self.folder), *flags]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{result.stderr}")

    def panel(self, figure: str) -> NDArray[np.float64]:
        """``figure`` of each task of the panel, [tasks]."""
        content = json.loads((self.folder / "evaluations" / "after.json").read_text())
        return np.array(content["per_task"][figure], dtype=np.float64)

    def figures(self, tasks: int, samples: int) -> dict[str, float]:
        """What is measured on train tasks after training, and what training cost; kept once it is known."""
        kept = self.folder / "evaluations" / "train.json"
        if kept.is_file():
            return dict(json.loads(kept.read_text()))
        make_env = partial(gym.make, f"SkillFlow/{self.env}-v0", source="mini", split="train", disable_env_checker=True)
        source = self.folder if (self.folder / "skills").is_dir() else Run(FROM, "with", self.seed).folder
        library = None if self.arm == "without" else load_library(str(source))
        collector, finder = Collector(make_env, library=library), PathFinder(partial(_reading, make_env, library))
        core = collector.make_env().unwrapped
        assert isinstance(core, SkillEnv)
        found = evaluate(load_run(str(self.folder)), collector, core.taskset[:tasks], samples, seed=1).trajectories
        read = [any(turn.action.kind is ActionKind.SKILL for turn in t.turns) for t in found]
        timing = [json.loads(line) for line in (self.folder / "timing.jsonl").read_text().splitlines()]
        last = json.loads((self.folder / "metrics.jsonl").read_text().splitlines()[-1])
        figures = {
            "paths": float(np.mean(list(finder.count(found).values()))),
            "steps": float(np.mean([len(t) for t in found])),
            "tokens": float(np.mean([sum(turn.usage.get("tokens", 0) for turn in t.turns) for t in found])),
            "reads": float(np.mean(read)),
            "skills": float(len(library or ())),
            "updates": float(last["step"]),
            "gate": float(last.get("evolution/rollouts", 0)),
            "seconds": float(
                sum(sum(v for k, v in row.items() if k in ("collect", "update", "evolve")) for row in timing)
            ),
        }
        collector.close()
        finder.close()
        kept.write_text(json.dumps(figures))
        return figures


def _reading(make_env: Callable[[], gym.Env[Any, Any]], library: SkillLibrary | None) -> gym.Env[Any, Any]:
    """An environment in which the skills of ``library`` can be read: replays must be able to."""
    env = make_env()
    if library is not None:
        suite_env(env).library = library
    return env


def difference(
    arm: Sequence[Run], base: Sequence[Run], figure: str, resamples: int = 10_000
) -> tuple[float, float, float]:
    """The mean difference and its 95% interval; seeds are resampled, and tasks within."""
    values = np.array([a.panel(figure) - b.panel(figure) for a, b in zip(arm, base, strict=True)])  # [seeds, tasks]
    rng = np.random.default_rng(0)
    means = np.empty(resamples)
    for i in range(resamples):
        seeds = rng.integers(len(values), size=len(values))
        tasks = rng.integers(values.shape[1], size=values.shape[1])
        means[i] = values[np.ix_(seeds, tasks)].mean()
    low, high = np.quantile(means, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def rows(envs: Sequence[str], arms: Sequence[str], seeds: int, args: argparse.Namespace) -> Iterator[list[Any]]:
    """The cells of each set and arm: means over seeds, and the paired difference in success."""
    for env in envs:
        for arm in arms:
            runs, base = [Run(env, arm, s) for s in range(seeds)], [Run(env, "without", s) for s in range(seeds)]
            success, f1 = ([float(run.panel(figure).mean()) for run in runs] for figure in ("success", "f1"))
            figures = [run.figures(args.train_tasks, args.samples) for run in runs]
            mean = {name: np.mean([each[name] for each in figures]) for name in figures[0]}
            gain = "" if arm == "without" else "{:+.3f} [{:+.3f}, {:+.3f}]".format(*difference(runs, base, "success"))
            yield [
                *(env, arm, f"{np.mean(success):.3f}", gain, f"{np.mean(f1):.3f}", f"{mean['paths']:.2f}"),
                *(f"{mean['steps']:.2f}", f"{mean['tokens']:.0f}", f"{mean['reads']:.2f}", f"{mean['skills']:.1f}"),
                *(f"{mean['updates']:.0f}", f"{mean['gate']:.0f}", f"{mean['seconds']:.0f}"),
                ", ".join(f"{value:.3f}" for value in success),
            ]


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--envs", nargs="+", default=list(ENVS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ablation-seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=110, help="budget, in updates")
    parser.add_argument("--tasks", type=int, default=100, help="size of the test panel")
    parser.add_argument("--train-tasks", type=int, default=50)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    plans = [([*ARMS][:2], args.seeds), ([*ARMS][2:], args.ablation_seeds)]
    runs = [Run(env, arm, seed) for arms, seeds in plans for seed in range(seeds) for env in args.envs for arm in arms]
    stages = [runs, [Run(TO, TRANSFER, seed) for seed in range(args.seeds) if {FROM, TO} <= set(args.envs)]]
    for stage in stages:
        with ThreadPoolExecutor(args.jobs) as pool:
            done = pool.map(lambda run: run.train(args.steps, args.tasks), stage)
            for _ in track(done, description="training", total=len(stage)):
                pass
    names = (
        "set | arm | success | gained | F1 | paths | steps | tokens | reads | skills | updates | gate | seconds | seeds"
    )
    print(f"| {names} |\n|{'---|' * (names.count('|') + 1)}")
    for envs, arms, seeds in (
        (args.envs, plans[0][0], args.seeds),
        (args.envs if args.ablation_seeds else [], plans[1][0], args.ablation_seeds),
        ([TO] if stages[1] else [], [TRANSFER], args.seeds),
    ):
        for cells in rows(envs, arms, seeds, args):
            print(f"| {' | '.join(map(str, cells))} |")


if __name__ == "__main__":
    main()
