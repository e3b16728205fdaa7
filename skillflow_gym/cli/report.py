"""``skillflow report``: one HTML file of runs and comparisons: tables, curves, the library's evolution, the flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import gymnasium as gym
from rich.progress import Progress
from tyro.conf import Positional, arg

from skillflow_gym.cli.common import EnvArgs, UsageError, console, errors, find, missing, usage_errors
from skillflow_gym.episode import suite_env
from skillflow_gym.flow.paths import PathFinder
from skillflow_gym.policy import Policy
from skillflow_gym.report import RunRecord, is_comparison, read_comparison, read_run, write_report
from skillflow_gym.report.flow_graph import FlowGraph, flow_graph
from skillflow_gym.rollout import Collector, Job
from skillflow_gym.skills.load import library_of_run
from skillflow_gym.trajectory import Trajectory

LOOKED_AT, FIRST_ROLLOUTS = 12, 8
"""Train tasks that are tried to find some worth showing, and rollouts of each."""


@dataclass
class Args:
    """Write the HTML report of training runs and comparisons."""

    runs: Positional[Annotated[tuple[str, ...], arg(metavar="RUN")]]
    """Folders of runs, those of the same benchmark and agent being seeds of one another; or of comparisons."""
    out: str = ""
    """The file; empty for report.html in the first folder."""
    flow_tasks: int = 2
    """Tasks of the flow view, from the first run's train split; 0 for no flow view."""
    rollouts: int = 64
    """Rollouts per task of the flow view, before training and after it."""


def run(args: Args) -> int:
    """Read the runs, sample what the flow view shows, write the file."""
    if not args.runs:
        raise UsageError("give the folder of at least one run, or of a comparison")
    if args.flow_tasks < 0 or args.rollouts < 1:
        raise UsageError("--flow-tasks must be at least 0 and --rollouts at least 1")
    with usage_errors():
        comparisons = [read_comparison(folder) for folder in args.runs if is_comparison(folder)]
        records = [read_run(folder) for folder in args.runs if not is_comparison(folder)]
        first = [*records, *(run for each in comparisons for run in each.runs)][:1]
        flows = _flows(first[0], args) if args.flow_tasks and first else {}
        out = Path(args.out or Path(args.runs[0]) / "report.html")
        write_report(out, records, flows, comparisons)
    console().print(f"{out} ({out.stat().st_size / 1e6:.1f} MB)", soft_wrap=True, highlight=False)
    return 0


def _flows(record: RunRecord, args: Args) -> dict[str, tuple[str, dict[str, FlowGraph]]]:
    """Rollouts of the run's policy as it began and as it is now, on train tasks that it solves in several ways."""
    if find(str(record.args["env"])).confidential and str(record.args["source"]) != "mini":
        errors().print("no flow view: the owners of this benchmark ask that its text is not written down")
        return {}
    try:
        from skillflow_gym.agents.load import load_agent
    except ModuleNotFoundError as error:
        raise missing(error) from error
    policies: dict[str, Policy] = {
        "before": load_agent(str(record.path), trained=False),
        "after": load_agent(str(record.path)),
    }
    given = {field.name: record.args[field.name] for field in fields(EnvArgs) if field.name in record.args}
    env_args = EnvArgs(**{**given, "library": library_of_run(record.path)})
    with (
        _collector(partial(env_args.make_env, "train")) as collector,
        Progress(console=errors(), transient=True) as bar,
    ):
        first = collector.make_env()
        tasks = suite_env(first).taskset
        first.close()
        shown = bar.add_task("sampling for the flow view", total=None)
        tried = {
            t.id: _sample(collector, policies["after"], t.id, FIRST_ROLLOUTS)
            for t in bar.track(tasks[:LOOKED_AT], task_id=shown)
        }
        flows = {}
        for task in _worth_showing(tried, collector.make_env)[: args.flow_tasks]:
            sampled = {name: _sample(collector, policy, task, args.rollouts) for name, policy in policies.items()}
            graphs = {name: flow_graph(rollouts) for name, rollouts in sampled.items() if rollouts}
            flows[task] = (tasks.by_id(task).prompt, graphs)
    return flows


@contextmanager
def _collector(make_env: Callable[[], gym.Env[Any, Any]]) -> Iterator[Collector]:
    collector = Collector(make_env)
    try:
        yield collector
    finally:
        collector.close()


def _sample(collector: Collector, policy: Policy, task: str, rollouts: int) -> list[Trajectory]:
    return collector.collect(policy, [Job(f"{task}/{k}", task, task, (k,)) for k in range(rollouts)]).scored


def _worth_showing(tried: dict[str, list[Trajectory]], make_env: Callable[[], gym.Env[Any, Any]]) -> list[str]:
    """The tasks with the most distinct successful paths first; among equals those that also fail."""
    finder = PathFinder(make_env)
    try:
        paths = finder.count([t for rollouts in tried.values() for t in rollouts])
    finally:
        finder.close()
    failed = {task: any(not t.success for t in rollouts) for task, rollouts in tried.items()}
    return sorted(tried, key=lambda task: (-paths.get(task, 0), not failed[task]))
