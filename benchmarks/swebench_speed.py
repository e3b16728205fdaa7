"""How fast SWEBench's mini tasks are, how far proposals lead, and what the uniform policy earns.

``python benchmarks/swebench_speed.py --episodes 40``
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from statistics import mean, median

import numpy as np
import tyro

from skillflow_gym import Action, ActionKind
from skillflow_gym.envs.mini import swebench as mini
from skillflow_gym.envs.mini.swebench.packages import files
from skillflow_gym.envs.swebench.env import SWEBenchEnv
from skillflow_gym.episode import Episode
from skillflow_gym.policy import Decision


@dataclass
class Args:
    """Measure the mini tasks of SWEBench."""

    split: str = "train"
    """Whose tasks."""
    episodes: int = 40
    """Episodes of the uniform policy, and tasks that are graded."""
    seed: int = 0
    """Of the uniform policy."""


def timed(times: dict[str, list[tuple[float, float]]], name: str, begun: tuple[float, float]) -> None:
    """Keep wall-clock and this process's processor time since ``begun``."""
    times[name].append((time.perf_counter() - begun[0], time.process_time() - begun[1]))


def now() -> tuple[float, float]:
    """Wall-clock and processor time."""
    return time.perf_counter(), time.process_time()


def grade(env: SWEBenchEnv, count: int, times: dict[str, list[tuple[float, float]]]) -> None:
    """Reset, apply the gold patch, accept."""
    for task in env.taskset[:count]:
        begun = now()
        env.reset(options={"task_id": task.id})
        timed(times, "reset", begun)
        *edits, accept = env.gold_actions(task)
        for edit in edits:
            begun = now()
            env.step(edit)
            timed(times, "edit by a diff", begun)
        begun = now()
        assert env.step(accept)[1] == 1.0, task.id
        timed(times, "grading", begun)


def reachable(env: SWEBenchEnv, one: mini.Planted, task_id: str) -> int:
    """The rank of the repair among the proposals once the file was viewed; -1 where it is not among them."""
    base, clean = one.base()[one.path], files(one.package)[one.path]
    episode = Episode(env, task_id=task_id)
    for text in ("list: ", f"view: {one.path}"):
        if Action.act(text) not in episode.context.proposals:
            return -1
        episode.step(Decision(Action.act(text), 0.0, 0.0))
    for rank, action in enumerate(episode.context.proposals):
        if action.argument.startswith(f"edit: {one.path}\n"):
            old, new = action.argument.split("SEARCH\n")[1].removesuffix("\n>>>>>>> REPLACE").split("\n=======\n")
            if base.count(f"{old}\n") == 1 and base.replace(f"{old}\n", f"{new}\n") == clean:
                return rank
    return -1


def uniform(env: SWEBenchEnv, args: Args, times: dict[str, list[tuple[float, float]]]) -> tuple[float, float, float]:
    """Success rate, steps and proposals a step of the uniform policy."""
    rng = np.random.default_rng(args.seed)
    wins, steps, sizes = [], [], []
    for number in range(args.episodes):
        episode = Episode(env, task_id=env.taskset[number % len(env.taskset)].id, seed=number)
        while not episode.done:
            proposals = episode.context.proposals
            sizes.append(len(proposals))
            action = proposals[int(rng.integers(len(proposals)))]
            name = action.argument.partition(":")[0] if action.kind is ActionKind.ACT else action.kind.name.lower()
            begun = now()
            episode.step(Decision(action, 0.0, 0.0))
            timed(times, f"uniform {name}", begun)
        wins.append(episode.trajectory().success)
        steps.append(len(episode.trajectory()))
    return mean(wins), mean(steps), mean(sizes)


def main() -> None:
    """Print the figures."""
    args = tyro.cli(Args)
    begun = time.perf_counter()
    env = SWEBenchEnv("SWEBench", source="mini", split=args.split)
    print(f"{len(env.taskset)} tasks made in {time.perf_counter() - begun:.2f} s")
    ranks = [reachable(env, one, task.id) for one, task in zip(mini.split(args.split), env.taskset, strict=True)]
    found = [rank for rank in ranks if rank >= 0]
    print(f"repair among the proposals: {len(found) / len(ranks):.2f} of the tasks, median rank {median(found):.0f}")
    times: dict[str, list[tuple[float, float]]] = defaultdict(list)
    grade(env, args.episodes, times)
    success, steps, sizes = uniform(env, args, times)
    print(f"uniform policy: success {success:.3f}, {steps:.1f} steps, {sizes:.0f} proposals a step")
    print(f"{'':24} {'n':>5} {'median ms':>10} {'p95 ms':>8} {'own CPU ms':>11}")
    for name, pairs in times.items():
        wall, cpu = np.array(pairs).T * 1000
        print(f"{name:24} {len(pairs):5} {np.median(wall):10.1f} {np.percentile(wall, 95):8.1f} {cpu.mean():11.1f}")
    env.close()


if __name__ == "__main__":
    main()
