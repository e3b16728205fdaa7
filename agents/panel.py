"""The test panel of a run: random, first-proposal and untrained policies before training, the trained one after."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from skillflow_gym.agents.args import TrainArgs
from skillflow_gym.agents.policies.load import Trained
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.evaluate import evaluate
from skillflow_gym.policy import FirstProposalPolicy, Policy, UniformPolicy
from skillflow_gym.rollout import Collector
from skillflow_gym.skills import SkillLibrary
from skillflow_gym.stats import paired_bootstrap
from skillflow_gym.tasks import Task, TaskSet
from skillflow_gym.trajectory import Trajectory

NAMES = {
    "random": "random",
    "first": "first proposal",
    "before": "untrained",
    "after": "trained",
    "greedy": "trained, greedy",
}


class Panel:
    """Evaluates policies on the same tasks with the same seeds; what is evaluated once is kept in the run's folder."""

    def __init__(
        self, run: RunFolder, tasks: Sequence[Task], make_env: Callable[[], gym.Env[Any, Any]], args: TrainArgs
    ) -> None:
        self._run, self._tasks, self._args = run, tasks, args
        self._collector = Collector(make_env, args.deadline, args.threads)

    def before(self, policy: Trained, console: Console) -> None:
        """Evaluate what training starts from, unless that is done."""
        self._evaluate("random", UniformPolicy(), self._args.eval_rollouts, console)
        self._evaluate("first", FirstProposalPolicy(), 1, console)
        if policy.updates == 0:
            self._evaluate("before", policy, self._args.eval_rollouts, console)

    def after(self, policy: Trained, console: Console, library: SkillLibrary | None) -> None:
        """Evaluate what training ended with, the skills of ``library`` (if it is not None) included."""
        self._collector.library = library
        self._evaluate("after", policy, self._args.eval_rollouts, console)
        self._evaluate("greedy", policy.as_greedy(), 1, console)
        self._collector.close()

    def summarise(self, console: Console, train: TaskSet) -> None:
        """Print the table, the paired difference, and where everything is."""
        results = {name: found for name in NAMES if (found := self._run.evaluation(name)) is not None}
        # An evaluation that nothing was scored in has no figures but success.
        figures = list(dict.fromkeys(figure for result in results.values() for figure in result["per_task"]))
        # Where a figure is the success itself, as exact match is in question answering, one column says both.
        figures = [f for f in figures if f == "success" or any(_differs(result, f) for result in results.values())]
        k = self._args.eval_rollouts
        title = f"test panel: {len(self._tasks)} tasks, {k} rollouts each (greedy: 1)"
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ["policy", *figures, *([f"pass@{k}"] if k > 1 else []), "steps", "unscored"]:
            table.add_column(name, justify="left" if name == "policy" else "right", no_wrap=True)
        for name, result in results.items():
            summary = result["summary"]
            cells = [_interval(summary.get(figure)) for figure in figures]
            if k > 1:
                cells.append(_interval(summary.get(f"pass@{k}")))
            steps = summary["steps_per_success"]
            cells += ["-" if steps is None else f"{steps:.2f}", f"{summary['unscored']:.1%}"]
            table.add_row(NAMES[name], *cells)
        console.print(table)
        before, after = results["before"]["per_task"]["success"], results["after"]["per_task"]["success"]
        pairs = [(a, b) for a, b in zip(after, before, strict=True) if a is not None and b is not None]
        gained = paired_bootstrap([a for a, _ in pairs], [b for _, b in pairs]) if pairs else "unknown, no task scored"
        path = shlex.quote(str(self._run.path))
        for line in (
            "random and first proposal choose among the same proposals; steps: of a success; below a mean: 95%",
            f"success gained over untrained: {gained} (paired bootstrap over tasks, 95%)",
            f"source {self._args.source}; trained on {len(train)} tasks of {train.split} ({train.sha256[:16]})",
            f"panel: {len(self._tasks)} tasks of test, sha256 {results['after']['summary']['panel_sha256']}",
            f"run folder: {path} (config.yaml, metrics.jsonl, evaluations/, trajectories/, checkpoints/)",
            f"curves: tensorboard --logdir {path}",
            f"again: {self.command()}",
        ):
            console.print(line, soft_wrap=True, highlight=False, markup=False)

    def command(self) -> str:
        """The command line that repeats the evaluation after training."""
        args = self._args
        if self._collector.library:  # it has evolved
            args = replace(args, library=str(self._run.path))
        options = {
            "policy": self._run.path,
            "tasks": args.eval_tasks,
            "rollouts": args.eval_rollouts,
            "seed": args.seed,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return shlex.join(["skillflow", "eval", *args.options(), *words])

    def _evaluate(self, name: str, policy: Policy, k: int, console: Console) -> None:
        if self._run.evaluation(name) is not None:
            return
        columns = (TextColumn(f"evaluating: {NAMES[name]}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            bar = progress.add_task("", total=len(self._tasks) * k)
            evaluation = evaluate(
                policy,
                self._collector,
                self._tasks,
                k,
                self._args.seed,
                on_batch=lambda finished, _: progress.update(bar, completed=finished),
            )
        figures = ["success", *next((list(t.score) for t in evaluation.trajectories if not t.unscored), [])]
        per_task = {figure: _known(evaluation.per_task(partial(_figure, figure))) for figure in figures}
        content = {"summary": evaluation.summary(), "task_ids": [t.id for t in self._tasks], "per_task": per_task}
        self._run.write_text(f"evaluations/{name}.json", json.dumps(content))


def _differs(result: dict[str, Any], figure: str) -> bool:
    return bool(result["per_task"].get(figure) != result["per_task"]["success"])


def _figure(name: str, trajectory: Trajectory) -> float:
    return float(trajectory.success) if name == "success" else trajectory.score[name]


def _known(values: NDArray[np.float64]) -> list[float | None]:
    """JSON has no NaN: a task without a scored rollout is null."""
    return [None if np.isnan(value) else round(float(value), 6) for value in values]


def _interval(values: list[float | None] | None) -> str:
    """The interval goes below the mean, so that the table fits 80 columns."""
    if values is None or values[0] is None:
        return "-"
    mean, low, high = values
    return f"{mean:.3f}\n{low:.3f}-{high:.3f}"
