"""``skillflow eval``: a policy on a panel of tasks, with intervals, and with all that names the panel."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isnan
from pathlib import Path

import gymnasium as gym
import numpy as np
from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import skillflow_gym
from skillflow_gym.cli.common import EnvArgs, UsageError, console, errors, find, loaded, missing, plain, usage_errors
from skillflow_gym.evaluate import Evaluation, evaluate
from skillflow_gym.files import replacing
from skillflow_gym.policy import FirstProposalPolicy, Policy, UniformPolicy
from skillflow_gym.rollout import Collector
from skillflow_gym.skills.load import library_of_run
from skillflow_gym.stats import Interval
from skillflow_gym.tasks import panel_sha256
from skillflow_gym.trajectory import write_trajectories


@dataclass
class Args(EnvArgs):
    """Evaluate a policy on a panel of tasks."""

    library: str = ""
    """Folder of skills; by default those that the run of the policy saw. none for no skills."""
    split: str = "test"
    """train, validation or test."""
    policy: str = "uniform"
    """uniform or first (over the benchmark's proposals), or the folder of a training run."""
    tasks: int = 100
    """Size of the panel: the first tasks of the split; 0 for all."""
    rollouts: int = 4
    """Rollouts per task."""
    seed: int = 0
    """Seeds every rollout."""
    out: str = ""
    """JSON file to write; the rollouts go beside it as NAME.trajectories.jsonl. Killed, the same command goes on."""


def run(args: Args) -> int:
    """Evaluate, print the table, write the files."""
    benchmark, policy, out = find(args.env), load_policy(args.policy), Path(args.out)
    args = replace(args, library=_library(args))
    for name, least in (("tasks", 0), ("rollouts", 1), ("seed", 0)):
        if (value := getattr(args, name)) < least:
            raise UsageError(f"--{name} must be at least {least}, got {value}")
    if args.out:
        with usage_errors():
            out.parent.mkdir(parents=True, exist_ok=True)
        if out.is_dir():
            raise UsageError(f"--out {args.out} is a folder: give the name of a file")
    collector = Collector(lambda: args.make_env(args.split))
    first = args.make_env(args.split)
    try:
        core = loaded(first)
        panel = core.taskset[: args.tasks or None]
        journal = _journal(out, args, policy, panel_sha256(panel)) if args.out else None
        evaluation = _evaluate(policy, collector, panel, args, journal)
    finally:
        first.close()
        collector.close()
    facts = {
        "env": benchmark.env_id,
        "policy": args.policy,
        "library": args.library or "none",
        "source": core.taskset.source,
        "split": core.split,
        "tasks": len(panel),
        "rollouts per task": args.rollouts,
        "seed": args.seed,
        "panel sha256": evaluation.sha256,
    }
    _show(evaluation, facts)
    if args.out:
        with usage_errors():
            _write(out, args, evaluation, core.taskset.source)
        if journal is not None:
            journal.unlink(missing_ok=True)
    return 0


def _library(args: Args) -> str:
    """The library that ``args`` name, or the policy's own: without the skills that it learned to use it is another."""
    if args.library == "none":
        return ""
    return args.library or (library_of_run(Path(args.policy)) if Path(args.policy).is_dir() else "")


def _journal(out: Path, args: Args, policy: Policy, panel: str) -> Path:
    """Where the rollouts are kept until all are made; another policy, panel or argument has another file."""
    key = json.dumps([asdict(args), policy.version, panel])
    return out.with_name(f"{out.stem}.{hashlib.sha256(key.encode()).hexdigest()[:12]}.partial.jsonl")


def load_policy(name: str) -> Policy:
    """The policy that ``--policy`` names.

    Raises:
        UsageError: there is none of that name.
    """
    policies: dict[str, Callable[[], Policy]] = {"uniform": UniformPolicy, "first": FirstProposalPolicy}
    if name in policies:
        return policies[name]()
    if not Path(name).is_dir():
        raise UsageError(f"policy {name!r} does not exist: choose {', '.join(policies)}, or the folder of a run")
    try:
        from skillflow_gym.agents.load import load_agent
    except ModuleNotFoundError as error:
        raise missing(error) from error
    with usage_errors():
        return load_agent(name)


def _evaluate(
    policy: Policy, collector: Collector, panel: Sequence[skillflow_gym.Task], args: Args, journal: Path | None
) -> Evaluation:
    columns = (TextColumn("rollouts"), BarColumn(), MofNCompleteColumn(), "left", TimeRemainingColumn())
    err = errors()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        bar = progress.add_task("", total=len(panel) * args.rollouts)
        return evaluate(
            policy,
            collector,
            panel,
            args.rollouts,
            args.seed,
            on_batch=lambda finished, _: progress.update(bar, completed=finished),
            journal=journal,
        )


def _show(evaluation: Evaluation, facts: dict[str, object]) -> None:
    figures = Table(box=box.SIMPLE_HEAD)
    figures.add_column("figure")
    figures.add_column("value", justify="right", style="bold")
    figures.add_column("95% interval over tasks", justify="right")
    names = next((list(t.score) for t in evaluation.trajectories if not t.unscored), [])
    rows: list[tuple[str, Interval]] = [("success", evaluation.success())]
    rows += [(name, evaluation.metric(name)) for name in names]
    if evaluation.k > 1:
        rows.append((f"pass@{evaluation.k}", evaluation.pass_at(evaluation.k)))
    for name, interval in rows:
        figures.add_row(name, f"{interval.mean:.3f}", f"[{interval.low:.3f}, {interval.high:.3f}]")
    steps = evaluation.steps_per_success()
    figures.add_row("steps per success", "-" if isnan(steps) else f"{steps:.2f}", "")
    unscored = evaluation.unscored
    figures.add_row("unscored", f"{unscored:.1%}", "", style="red" if unscored > 0.01 else "")
    about = Table.grid(padding=(0, 2))
    for name, fact in facts.items():
        about.add_row(f"  [dim]{name}[/]", plain(str(fact)))
    out = console()
    out.print(figures)
    if kinds := evaluation.by_kind():
        out.print(_kind_table(kinds))
    out.print(about)


def _kind_table(kinds: Mapping[str, Evaluation]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("kind of task")
    for heading in ("tasks", "success", "reward"):
        table.add_column(heading, justify="right")
    for kind, part in kinds.items():
        table.add_row(plain(kind), str(len(part.tasks)), f"{part.success().mean:.3f}", f"{part.reward().mean:.3f}")
    return table


def _write(path: Path, args: Args, evaluation: Evaluation, source: str) -> None:
    """The figures as JSON and the rollouts as JSONL; each file appears whole or not at all."""
    trajectories = path.with_name(f"{path.stem}.trajectories.jsonl")
    write_trajectories(trajectories, evaluation.trajectories)
    versions = {
        "python": platform.python_version(),
        "skillflow_gym": skillflow_gym.__version__,
        "gymnasium": gym.__version__,
        "numpy": np.__version__,
    }
    content = {
        "args": asdict(args),
        "source": source,
        "results": evaluation.summary(),
        "by_kind": {kind: part.summary() for kind, part in evaluation.by_kind().items()},
        "task_ids": [task.id for task in evaluation.tasks],
        "trajectories": trajectories.name,
        "versions": versions,
    }
    with replacing(path) as file:
        file.write((json.dumps(content, indent=2) + "\n").encode())
    console().print(f"\n  written: {path}, {trajectories}", soft_wrap=True, markup=False)
