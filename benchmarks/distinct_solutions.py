"""How many different programs or patches solve a task, in files of rollouts that ``skillflow eval --out`` wrote.

python benchmarks/distinct_solutions.py NAME.trajectories.jsonl [...]

Two submissions are one if they hold the same text: of HumanEval the program (what was accepted, or was written last),
of SWEBench the edits that are in the workspace at the end, in any order.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable
from pathlib import Path

import numpy as np

from skillflow_gym.actions import ActionKind
from skillflow_gym.envs.swebench.history import read_history
from skillflow_gym.stats import bootstrap
from skillflow_gym.trajectory import Trajectory, read_trajectories


def submission(trajectory: Trajectory) -> Hashable:
    """What was graded."""
    turns = [
        (turn.action.argument, turn.observation) for turn in trajectory.turns if turn.action.kind is ActionKind.ACT
    ]
    if "SWEBench" in trajectory.env_spec:
        return frozenset(read_history(turns).edits)
    accepted = trajectory.turns[-1].action
    written = [text.partition(":")[2] for text, _ in turns if text.startswith("write:")]
    code = accepted.argument if accepted.kind is ActionKind.ACCEPT and accepted.argument else (written or [""])[-1]
    return code.strip()


def main(files: list[str]) -> None:
    """Print, per file, the mean number of different right submissions per task with its interval, and the most."""
    for file in files:
        found: dict[str, set[Hashable]] = {}
        trajectories = read_trajectories(Path(file))
        for trajectory in trajectories:
            right = found.setdefault(trajectory.task_id, set())
            if trajectory.success:
                right.add(submission(trajectory))
        counts = np.array([len(right) for right in found.values()], float)
        mean = bootstrap(counts)
        print(
            f"{file}: {len(counts)} tasks, {len(trajectories) // len(counts)} rollouts each: "
            f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}] different right submissions per task, at most "
            f"{counts.max():.0f}; {counts[counts > 0].mean() if counts.any() else 0:.2f} per solved task"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
