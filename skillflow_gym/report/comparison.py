"""The folder of a comparison as the report shows it: its tables, pass@k for every k, and the runs that it made."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from skillflow_gym.report import dots, pass_at_k
from skillflow_gym.report.runs import ReportError, RunRecord, read_json, read_rows, read_run
from skillflow_gym.stats import Interval
from skillflow_gym.stats import pass_at_k as estimate

BEST_IS_HIGHEST = (
    "success iqm difference improvement pass@3 pass@5 greedy reward paths train_success train_paths"
).split()
UNKNOWN = "–"
MEANS = {"all": "all benchmarks", "iid": "in distribution", "ood": "out of distribution"}
"""Scopes that are means over benchmarks."""


@dataclass(frozen=True)
class ComparisonRecord:
    """A comparison's folder.

    Attributes:
        path: the folder.
        table: the content of table.json: arguments, panels, and the figures by scope and agent.
        rows: rows of results.jsonl, one per agent, benchmark, seed, panel and task.
        seconds: agent -> benchmark trained on -> wall-clock seconds of each run.
        runs: the training runs, named as in the tables, without their evaluations, which are no panel.
    """

    path: Path
    table: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    seconds: Mapping[str, Mapping[str, Sequence[float]]]
    runs: Sequence[RunRecord]

    @property
    def agents(self) -> list[str]:
        """All that were compared, in their order."""
        return list(dict.fromkeys(str(entry["agent"]) for entry in self.table["results"]))

    @property
    def scopes(self) -> dict[str, list[Mapping[str, Any]]]:
        """Benchmarks, and where there are several their means (all, iid, ood), which come first -> entries."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for entry in self.table["results"]:
            found.setdefault(str(entry["scope"]), []).append(entry)
        return dict(sorted(found.items(), key=lambda item: item[0] in self.envs))

    @property
    def envs(self) -> list[str]:
        """The benchmarks that agents were evaluated on."""
        return [scope for scope, envs in self.table["scopes"].items() if envs == [scope]]


def is_comparison(folder: Path | str) -> bool:
    """Whether ``folder`` is a comparison's, finished or not."""
    return (Path(folder) / "compare.json").is_file()


def read_comparison(folder: Path | str) -> ComparisonRecord:
    """Read a comparison's folder.

    Raises:
        ReportError: it has no table yet, or one that no comparison wrote.
    """
    path = Path(folder)
    if not (path / "table.json").is_file():
        raise ReportError(f"{path} has no table yet: run its comparison to the end, with the same command")
    table, rows = read_json(path / "table.json"), read_rows(path / "results.jsonl")
    if not rows or not {"results", "columns", "scopes"} <= set(table):
        raise ReportError(f"{path}/table.json was not written by a comparison of this version")
    seconds: dict[str, dict[str, list[float]]] = {}
    for row in read_rows(path / "times.jsonl"):
        env = _name(row["train_on"])
        seconds.setdefault(row["agent"], {}).setdefault(env, []).append(float(row["seconds"]))
    order = {name: n for n, name in enumerate([*table["scopes"], *(entry["agent"] for entry in table["results"])])}

    def place(run: RunRecord) -> tuple[int, int, int]:
        return order.get(run.env, len(order)), order.get(run.arm, len(order)), run.seed

    return ComparisonRecord(path, table, rows, seconds, sorted(_runs(path), key=place))


def _runs(path: Path) -> Iterator[RunRecord]:
    for file in path.glob("cells/*/*/seed*/spec.json"):
        if (file.parent / "run" / "config.yaml").is_file():
            spec = read_json(file)
            yield read_run(file.parent / "run", arm=shlex.join([spec["agent"], *spec["flags"]]))


def _name(train_on: Sequence[str]) -> str:
    return " + ".join(name.rsplit("/", 1)[-1].removesuffix("-v0") for name in train_on)


def view(record: ComparisonRecord, colours: Mapping[str, str]) -> dict[str, Any]:
    """What the template shows; ``colours`` gives every agent its class."""
    table = record.table
    counts = {"agents": len(record.agents), "benchmarks": len(record.envs), "seeds": table["seeds"]}
    known = _pass_at_every_k(record)
    return {
        "path": str(record.path),
        "counts": counts,
        "table": table,
        "problems": table["problems"],
        "gaps": {agent: f"{gap:+.3f}" for agent, gap in table.get("gaps", {}).items() if gap is not None},
        "agents": [(agent, colours[agent]) for agent in record.agents],
        "overview": _overview(record) if len(record.scopes) > 1 else None,
        "scopes": [
            {
                "name": MEANS.get(scope, scope),
                "dots": dots.draw([_dot(entry, colours) for entry in entries], "success"),
                "pass_at_k": pass_at_k.draw(
                    [_line(entry, colours, known[scope, str(entry["agent"])]) for entry in entries]
                ),
                "tables": [_table(record, columns, entries, scope) for columns in table["columns"]],
                "panels": table["panels"].get(scope, {}),
            }
            for scope, entries in record.scopes.items()
        ],
    }


def _interval(value: Sequence[float | None] | None) -> Interval:
    return Interval(*(float("nan") if v is None else float(v) for v in value or (None, None, None)))


def _dot(entry: Mapping[str, Any], colours: Mapping[str, str]) -> dots.Dot:
    agent = str(entry["agent"])
    return dots.Dot(agent, colours[agent], _interval(entry["success"]))


def _line(entry: Mapping[str, Any], colours: Mapping[str, str], values: Sequence[float]) -> pass_at_k.Line:
    agent = str(entry["agent"])
    measured = {1: "success", 3: "pass@3", 5: "pass@5"}
    return pass_at_k.Line(agent, colours[agent], values, {k: _interval(entry[f]) for k, f in measured.items()})


def _pass_at_every_k(record: ComparisonRecord) -> dict[tuple[str, str], list[float]]:
    """(scope, agent) -> unbiased pass@k for k = 1, 2, ...: means over tasks and runs, then over benchmarks."""
    known = cache(estimate)
    most = max((int(row["rollouts"]) for row in record.rows if not row["failed"]), default=0)
    counts: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in record.rows:
        if not row["failed"] and row["panel"] == "test":
            counts.setdefault((row["env"], row["agent"]), []).append((row["successes"], row["scored"]))
    of_env = {
        key: np.array([_mean([known(c, n, k) for c, n in found if n >= k]) for k in range(1, most + 1)])
        for key, found in counts.items()
    }
    of_scope = {}
    for scope, entries in record.scopes.items():
        envs = record.table["scopes"][scope]
        for agent in (str(entry["agent"]) for entry in entries):
            lines = [of_env[env, agent] for env in envs if (env, agent) in of_env]
            of_scope[scope, agent] = list(np.mean(lines, axis=0)) if lines else []
    return of_scope


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _overview(record: ComparisonRecord) -> dict[str, Any]:
    """Success of every agent on every benchmark."""
    scopes = record.scopes
    found = {(str(e["scope"]), str(e["agent"])): e for e in record.table["results"]}
    return {
        "scopes": [MEANS.get(scope, scope) for scope in scopes],
        "rows": [(agent, [_share(found[scope, agent]) for scope in scopes]) for agent in record.agents],
    }


def _share(entry: Mapping[str, Any]) -> dict[str, Any]:
    interval = _interval(entry["success"])
    known = interval.mean == interval.mean
    text = f"{interval.mean:.2f}" if known else "failed" if entry["failed"] else UNKNOWN
    failed = bool(entry["failed"]) and not known
    return {
        "text": text,
        "share": interval.mean if known else 0.0,
        "title": str(interval) if known else "",
        "failed": failed,
    }


def _table(
    record: ComparisonRecord, columns: Mapping[str, str], entries: Sequence[Mapping[str, Any]], scope: str
) -> dict[str, Any]:
    """Headings and cells; the highest of what is better the higher is marked."""
    figures = {name: [_number(entry[name]) for entry in entries] for name in columns if name in BEST_IS_HIGHEST}
    best = {name: max(found) for name, found in figures.items() if 2 * found.count(max(found)) <= len(found)}
    rows = []
    for entry in entries:
        cells = [_cell(entry, name) for name in columns if name != "agent"]
        marks = [_number(entry[name]) == best.get(name) for name in columns if name != "agent"]
        rows.append((entry["agent"], [{**cell, "best": mark} for cell, mark in zip(cells, marks, strict=True)]))
    heads = [head for name, head in columns.items() if name != "agent"]
    if "calls" in columns:  # of the two tables that of costs
        heads.append("seconds per run")
        for agent, cells in rows:
            cells.append({"text": _seconds(record, str(agent), scope), "note": "", "failed": False, "best": False})
    return {"heads": heads, "rows": rows}


def _number(value: Any) -> float:
    value = value[0] if isinstance(value, list) else value
    return float("-inf") if value is None else float(value)


def _cell(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A figure as text, with its interval as a note below."""
    value = entry[name]
    failed = name == "runs" and bool(entry["failed"])
    note = f"{entry['failed']} failed" if failed else ""
    if name == "unscored" and value is not None:
        text = f"{value:.1%}"
    elif isinstance(value, list):
        mean, low, high = value
        text = UNKNOWN if mean is None else f"{mean:.3f}"
        note = "" if low is None else f"{low:.3f} to {high:.3f}"
    elif isinstance(value, float):
        text = f"{value:.2f}"
    else:
        text = UNKNOWN if value is None else str(value)
    return {"text": text, "note": note, "failed": failed}


def _seconds(record: ComparisonRecord, agent: str, scope: str) -> str:
    """Mean wall-clock seconds of the runs that were trained on ``scope``, or where that is a mean, of all."""
    by_env = record.seconds.get(agent, {})
    found = by_env.get(scope, []) if scope in record.envs else [s for each in by_env.values() for s in each]
    return f"{np.mean(found):.0f}" if found else UNKNOWN
