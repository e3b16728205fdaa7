"""Compare agents: the same panel, executor and budget of training rollouts for all; a table with intervals.

    python -m agents.compare --env HotpotQA-v0 --source mini --agents "ttb, ttb --preset paper, reinforce, random"

A variant of an agent is its name with its flags. Every run is a process of its own, and as many run beside each other
as cores and memory allow. A comparison that was killed goes on where it was, with the same command. docs/baselines.md
explains the figures.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

import skillflow_gym
from skillflow_gym.agents import compare_tables as tables
from skillflow_gym.agents.args import one_line_errors, parse
from skillflow_gym.agents.compare_cell import Spec
from skillflow_gym.agents.compare_plan import Cell, benchmarks, cells, contenders
from skillflow_gym.agents.compare_processes import Machine, run_all
from skillflow_gym.agents.runs import RunFolder
from skillflow_gym.cli.common import EnvArgs, UsageError, console, find
from skillflow_gym.files import replacing

PROBE = 2
"""Updates of the short run that tells the wall time, and tasks of its panels."""


@dataclass
class Args(EnvArgs):
    """Compare agents on the same panel with the same budget."""

    env: str = "HotpotQA-v0"
    """Benchmarks, with commas."""
    suite: Literal["", "iid", "ood", "all"] = ""
    """Instead of --env: all built benchmarks of the paper's in-distribution half, the other half, or both."""
    transfer: bool = False
    """Train on the in-distribution benchmarks in turn, freeze, and evaluate on all; else train on each by itself."""
    agents: str = "ttb,reinforce,grpo,flowsteer,ppo,random"
    """Agents with commas; a variant has its flags behind its name, as in: ttb, ttb --preset paper, grpo --no-std."""
    baseline: str = ""
    """The agent that the others are measured against, as it stands in --agents; empty for reinforce, else the last."""
    seeds: int = 5
    """Runs of each agent on each benchmark: seeds 0, 1, ..."""
    episodes: int = 67_200
    """Training rollouts of each run, whatever an agent makes of them."""
    tasks: int = 100
    """Size of each panel: the first tasks of test, and of train; 0 for all."""
    rollouts: int = 16
    """Rollouts per task of a panel, at least 5 for pass@5."""
    processes: int = 0
    """Runs beside each other; 0 for as many as cores and free memory allow."""
    limit: float = 240.0
    """Minutes that a run may take; then it has failed."""
    deadline: float = 0.0
    """Seconds per episode, after which it is unscored; 0 for none."""
    threads: int = 0
    """Threads that step the environments of a run; 0 for as many as the benchmark needs, mostly none."""
    out: str = ""
    """Folder of the comparison; empty for runs/compare-<benchmarks>."""

    def __post_init__(self) -> None:
        """Refuse what no comparison can be made of.

        Raises:
            ValueError: a number is too small.
        """
        least = {"seeds": 1, "episodes": 1, "tasks": 0, "rollouts": 5, "processes": 0, "deadline": 0, "threads": 0}
        for name, smallest in least.items():
            if not getattr(self, name) >= smallest:
                raise ValueError(f"--{name} must be at least {smallest}, got {getattr(self, name)}")
        if not self.limit > 0:
            raise ValueError(f"--limit must be positive, got {self.limit}")
        self.more_arguments()


class Comparison:
    """A comparison and its folder."""

    def __init__(self, args: Args, out: Console) -> None:
        """Plan the runs, and make or reopen the folder.

        Raises:
            ValueError: an argument is wrong, or the folder holds another comparison.
        """
        self.args, self.console = args, out
        self.contenders = contenders(args.agents)
        self.about = benchmarks(args.env, args.suite)
        self.cells = cells(self.contenders, self.about, args.seeds, args.transfer)
        if args.transfer:
            self._check_transfer()
        self.baseline = self._baseline()
        names = args.suite or "+".join(s.name for s in self.about.values())
        self.folder = Path(args.out or f"runs/compare-{names}{'-transfer' * args.transfer}")
        self.steps = {c.label: c.steps(args.episodes) if c.trained else 0 for c in self.contenders}
        self._open()

    def _check_transfer(self) -> None:
        for c in self.contenders:
            if c.trained and not any(f.name == "also" for f in fields(c.module.Args)):
                raise UsageError(f"{c.label} trains on one benchmark only: leave it out of --transfer")

    def _baseline(self) -> str:
        labels = [c.label for c in self.contenders]
        if not self.args.baseline:
            return "reinforce" if "reinforce" in labels else labels[-1]
        (wanted,) = contenders(self.args.baseline)[:1]
        if wanted.label not in labels:
            raise UsageError(f"--baseline {wanted.label!r} is none of the agents: {', '.join(labels)}")
        return wanted.label

    def _open(self) -> None:
        """Write what is compared, or check that the folder holds the same."""
        free = ("processes", "limit", "out", "baseline")  # what changes no result
        config = {name: value for name, value in asdict(self.args).items() if name not in free}
        config |= {"agents": [c.label for c in self.contenders], "steps": self.steps}
        config["versions"] = {"skillflow-gym": skillflow_gym.__version__, "python": platform.python_version()}
        config["versions"] |= {"torch": str(torch.__version__), "numpy": np.__version__}
        self.config, file = config, self.folder / "compare.json"
        if file.is_file():
            stored = json.loads(file.read_text(encoding="utf-8"))
            if changed := sorted(name for name in config if stored.get(name) != config[name]):
                raise UsageError(
                    f"{self.folder} holds a comparison with other {', '.join(changed)}: give another --out"
                )
            return
        if self.folder.is_dir() and any(self.folder.iterdir()):
            raise UsageError(f"{self.folder} holds something else: give another --out")
        self.write("compare.json", json.dumps(config, indent=2) + "\n")

    def spec(self, cell: Cell) -> Spec:
        """What the process of ``cell`` does."""
        args, contender = self.args, cell.contender
        env = {f.name: getattr(args, f.name) for f in fields(EnvArgs)} | {"env": ",".join(cell.train)}
        return Spec(
            contender.agent,
            contender.flags,
            env,
            cell.evaluate,
            cell.seed,
            self.steps[contender.label],
            args.tasks,
            args.rollouts,
            args.deadline,
            args.threads,
        )

    def run(self) -> int:
        """Run what is not done, write and print the table; 1 if it does not hold, else 0."""
        pending = [cell for cell in self.cells if not (self.folder / cell.folder / "rows.jsonl").is_file()]
        title = f"{len(self.contenders)} agents, {len(self.about)} benchmarks, {self.args.seeds} seeds"
        self.console.print(
            f"{title}: {len(self.cells)} runs, {len(pending)} to do\nfolder: {self.folder}", soft_wrap=True
        )
        if pending:
            machine = self._budget(pending)
            columns = (
                TextColumn("runs"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
            )
            live = self.console.is_terminal
            with Progress(*columns, console=self.console, transient=True, disable=not live) as progress:
                bar = progress.add_task("", total=len(pending))
                jobs = {cell.folder: self.spec(cell) for cell in pending}
                for name, outcome in run_all(jobs, self.folder, machine, self.args.limit * 60):
                    progress.advance(bar)
                    said = outcome.problem or f"{outcome.seconds / 60:.1f} min"
                    self.console.print(f"{name.removeprefix('cells/')}: {said}", soft_wrap=True, markup=False)
        return self._report()

    def _budget(self, pending: Sequence[Cell]) -> Machine:
        """Say how long it will take before it begins, from a short run on every benchmark."""
        peak, seconds = 0.0, {}
        for cell in {(c.contender, c.train): c for c in pending if c.contender.trained}.values():
            if cell.train in seconds:
                continue  # somebody's short run has told
            probe = replace(self.spec(cell), steps=PROBE, tasks=PROBE)
            place = cell.folder.replace("cells", "probe", 1)
            ((_, outcome),) = run_all({place: probe}, self.folder, Machine(1), self.args.limit * 60)
            if outcome.problem:
                continue  # as its runs will show
            times = json.loads((self.folder / place / "times.json").read_text(encoding="utf-8"))
            peak, seconds[cell.train] = max(peak, times["peak_mb"]), self._estimate(cell, place, times)
        machine = Machine.here(self.args.processes, peak)
        at_most = len(pending) * self.args.limit / machine.processes / 60
        known = [seconds.get(c.train, 0.0) if c.contender.trained else 0.0 for c in pending]
        about = f"about {sum(known) / machine.processes / 3600:.1f} h, " if any(known) else ""
        memory = f", {peak:.0f} MB each" if peak else ""
        self.console.print(f"wall budget: {about}at most {at_most:.1f} h; {machine.processes} processes{memory}")
        return machine

    def _estimate(self, cell: Cell, place: str, times: dict[str, float]) -> float:
        """Seconds of a run: its updates as in the short one, its panels in proportion, and its start."""
        rows = RunFolder(self.folder / place / "run").rows("timing.jsonl")
        # A row of PPO is no update.
        update = sum(float(row["collect"]) + float(row["update"]) for row in rows) / PROBE
        panels = times["evaluate"] + times["paths"]
        start = times["seconds"] - panels - PROBE * update
        return start + self.steps[cell.contender.label] * update + panels * (self.args.tasks or 1000) / PROBE

    def _report(self) -> int:
        rows, times = self._collect()
        self.write("results.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        self.write("times.jsonl", "".join(json.dumps(row) + "\n" for row in times))
        results = tables.Results(rows)
        entries = results.table(self.baseline)
        text = tables.markdown(entries, self.baseline)
        gaps = {agent: results.gap(agent) for agent in results.agents}
        if not all(np.isnan(gap) for gap in gaps.values()):
            text += "\nSuccess in distribution minus out of it: "
            text += ", ".join(f"{agent} {gap:+.3f}" for agent, gap in gaps.items()) + ".\n"
        for name, panels in self._panels().items():
            told = [f"{panel} {p['tasks']} tasks, sha256 {p['sha256']}" for panel, p in panels.items()]
            text += f"\n{name}, source {panels['test']['source']}: {'; '.join(told)}.\n"
        problems = tables.void(entries)
        if problems:
            text += f"\n**This comparison does not hold:** {'; '.join(problems)}.\n"
        about = {"baseline": self.baseline, "panels": self._panels(), "problems": problems, **self.config}
        about |= {"scopes": dict(results.scopes()), "columns": tables.headings(self.baseline)}
        about["gaps"] = {agent: None if np.isnan(gap) else round(gap, 6) for agent, gap in gaps.items()}
        self.write("table.md", text)
        self.write("table.csv", tables.as_csv(entries))
        self.write("table.json", tables.as_json(entries, about))
        self.console.print(Markdown(text) if self.console.is_terminal else text, soft_wrap=True, markup=False)
        for contender in self.contenders:
            spent = [row["seconds"] for row in times if row["agent"] == contender.label]
            if spent:
                self.console.print(f"{contender.label}: {np.mean(spent) / 60:.1f} min a run", markup=False)
        self.console.print(f"written: {self.folder}/table.md, .csv, .json, results.jsonl, times.jsonl", soft_wrap=True)
        return 1 if problems else 0

    def _collect(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The rows of all runs in the order of the plan, and their times."""
        rows, times = [], []
        for cell in sorted(self.cells, key=lambda c: ([*self.contenders].index(c.contender), c.train, c.seed)):
            name: dict[str, Any] = {"agent": cell.contender.label, "seed": cell.seed}
            run = RunFolder(self.folder / cell.folder)
            found = run.rows("rows.jsonl")
            rows += [{**name, "failed": False, **row} for row in found]
            if found:
                text = (run.path / "times.json").read_text(encoding="utf-8")
                times.append({**name, "train_on": cell.train, **json.loads(text)})
            else:
                rows += [{**name, "failed": True, "env": find(env).name} for env in cell.evaluate]
        return rows, times

    def _panels(self) -> dict[str, Any]:
        """Each benchmark's panels, which every run must have played.

        Raises:
            ValueError: two runs played different ones.
        """
        panels: dict[str, Any] = {}
        for cell in self.cells:
            file = self.folder / cell.folder / "panels.json"
            if file.is_file():
                for name, found in json.loads(file.read_text(encoding="utf-8")).items():
                    if panels.setdefault(name, found) != found:
                        raise UsageError(f"{cell.folder} played another panel of {name}: its data changed; start anew")
        return panels

    def write(self, name: str, text: str) -> None:
        """Write a file of the comparison, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.folder / name) as file:
            file.write(text.encode())


def main() -> None:
    """Run from the command line."""
    with one_line_errors():
        code = Comparison(parse(Args), console()).run()
    sys.exit(code)


if __name__ == "__main__":
    main()
