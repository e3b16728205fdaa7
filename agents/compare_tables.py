"""From the rows of a comparison to its table: as Markdown, CSV and JSON. Times are no part of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np

from skillflow_gym.agents import compare_statistics as statistics
from skillflow_gym.agents.compare_plan import distribution
from skillflow_gym.agents.compare_statistics import Floats
from skillflow_gym.stats import Interval, pass_at_k

Row = Mapping[str, Any]
Entry = dict[str, Any]
MOST_UNSCORED = 0.01
"""Above this share of rollouts without a score a comparison is void."""
PASS_AT = (3, 5)
COLUMNS: tuple[Mapping[str, str], ...] = (
    {
        "agent": "agent",
        "runs": "runs",
        "success": "success (pass@1)",
        "iqm": "IQM over runs",
        "difference": "more than {baseline}",
        "improvement": "P(better than {baseline})",
        "pass@3": "pass@3",
        "pass@5": "pass@5",
        "greedy": "greedy",
        "reward": "reward",
        "unscored": "unscored",
    },
    {
        "agent": "agent",
        "paths": "paths per task",
        "train_success": "success on train tasks",
        "train_paths": "paths per train task",
        "entropy": "entropy",
        "steps_per_success": "steps per success",
        "calls": "calls",
        "tokens": "tokens",
    },
)
"""Figure -> heading, of the two tables of a scope: outcome, then diversity and cost."""


class Results:
    """The rows of a comparison; failed runs have one row each, with ``failed`` set."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = [row for row in rows if not row["failed"]]
        self._failed = [row for row in rows if row["failed"]]
        self.agents = list(dict.fromkeys(row["agent"] for row in rows))
        self.envs = list(dict.fromkeys(row["env"] for row in rows))

    def table(self, baseline: str) -> list[Entry]:
        """An entry per scope and agent; scopes are the benchmarks, and means over several of them."""
        return [self._entry(scope, envs, agent, baseline) for scope, envs in self.scopes() for agent in self.agents]

    def scopes(self) -> list[tuple[str, list[str]]]:
        """Each benchmark; all together if there are several; and the in- and out-of-distribution ones apart."""
        scopes = [(env, [env]) for env in self.envs]
        if len(self.envs) > 1:
            scopes.append(("all", self.envs))
            halves = {half: [e for e in self.envs if distribution(e) == half] for half in ("iid", "ood")}
            if all(halves.values()):
                scopes += list(halves.items())
        return scopes

    def gap(self, agent: str) -> float:
        """Mean success in distribution minus mean success out of it; NaN unless both were measured."""
        scopes = dict(self.scopes())
        if "iid" not in scopes:
            return float("nan")
        halves = [[self._success(env, agent) for env in scopes[half]] for half in ("iid", "ood")]
        means = [[np.nanmean(x) for x in half if not np.isnan(x).all()] for half in halves]
        return float(np.mean(means[0]) - np.mean(means[1])) if all(means) else float("nan")

    def _entry(self, scope: str, envs: Sequence[str], agent: str, baseline: str) -> Entry:
        envs = [env for env in envs if self._seeds(env, agent)]
        rows = [r for r in self._rows if r["agent"] == agent and r["env"] in envs]
        test = [r for r in rows if r["panel"] == "test"]
        failed = sum(r["agent"] == agent and (scope in ("all", r["env"], distribution(r["env"]))) for r in self._failed)
        runs = sum(len(self._seeds(env, agent)) for env in envs)
        success = [self._success(env, agent) for env in envs]
        entry: Entry = {"scope": scope, "agent": agent, "runs": runs, "failed": failed}
        entry["success"] = statistics.mean_interval(success)
        entry["iqm"] = statistics.interquartile_interval([_runs(x) for x in success])
        shared = [env for env in envs if self._seeds(env, baseline)] if agent != baseline else []
        pairs = [(self._success(env, agent), self._success(env, baseline)) for env in shared]
        entry["difference"] = statistics.difference_interval(pairs)
        entry["improvement"] = statistics.improvement_interval([(_runs(x), _runs(y)) for x, y in pairs])
        entry["reward"] = statistics.mean_interval([self._matrix(env, agent, "test", _value("reward")) for env in envs])
        for k in PASS_AT:
            entry[f"pass@{k}"] = statistics.mean_interval([self._matrix(e, agent, "test", _pass_at(k)) for e in envs])
        train = [self._matrix(env, agent, "train", _value("success")) for env in envs]
        entry["train_success"] = statistics.mean_interval(train)
        for panel, name in (("test", "paths"), ("train", "train_paths")):
            entry[name] = statistics.mean_interval([self._matrix(e, agent, panel, _value("paths")) for e in envs])
        entry["greedy"] = _mean([r["greedy"] for r in test])
        for name in ("entropy", "steps", "calls"):
            entry[name] = _mean([r[name] for r in test])
        entry["tokens"] = _mean([r["prompt_tokens"] + r["completion_tokens"] for r in test if r["scored"]])
        won = sum(r["successes"] for r in test)
        steps = sum(r["steps_per_success"] * r["successes"] for r in test if r["successes"])
        entry["steps_per_success"] = steps / won if won else float("nan")
        names = dict.fromkeys(name for r in test for name in r["score"])
        entry["score"] = {name: _mean([r["score"].get(name) for r in test]) for name in names}
        made = sum(r["rollouts"] for r in rows)
        entry["unscored"] = (made - sum(r["scored"] for r in rows)) / made if made else float("nan")
        return entry

    def _seeds(self, env: str, agent: str) -> list[int]:
        return sorted({r["seed"] for r in self._rows if r["agent"] == agent and r["env"] == env})

    def _success(self, env: str, agent: str) -> Floats:
        return self._matrix(env, agent, "test", _value("success"))

    def _matrix(self, env: str, agent: str, panel: str, figure: Callable[[Row], float]) -> Floats:
        """A figure as [runs, tasks]; NaN where it is not known."""
        rows = [r for r in self._rows if (r["env"], r["agent"], r["panel"]) == (env, agent, panel)]
        seeds, tasks = self._seeds(env, agent), list(dict.fromkeys(r["task"] for r in rows))
        found = {(r["seed"], r["task"]): figure(r) for r in rows}
        return np.array([[found.get((s, t), np.nan) for t in tasks] for s in seeds], dtype=np.float64)


def void(entries: Sequence[Entry]) -> list[str]:
    """Why the comparison does not hold: too much of an agent's rollouts has no score, or a run failed."""
    entries = [e for e in entries if e["scope"] not in ("all", "iid", "ood")]  # what is wrong there is so in one
    lost = [e for e in entries if e["unscored"] > MOST_UNSCORED]
    found = [f"{e['agent']} on {e['scope']}: {e['unscored']:.1%} unscored" for e in lost]
    return found + [f"{e['agent']} on {e['scope']}: {e['failed']} failed runs" for e in entries if e["failed"]]


def headings(baseline: str) -> list[dict[str, str]]:
    """Figure -> heading, of the two tables of a scope."""
    return [{name: head.format(baseline=baseline) for name, head in columns.items()} for columns in COLUMNS]


def markdown(entries: Sequence[Entry], baseline: str) -> str:
    """Two tables per scope."""
    parts = []
    for scope in dict.fromkeys(e["scope"] for e in entries):
        parts.append(f"## {scope}\n")
        for columns in headings(baseline):
            lines = [list(columns.values()), ["---"] * len(columns)]
            lines += [[_cell(e, name) for name in columns] for e in entries if e["scope"] == scope]
            parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n")
    return "\n".join(parts)


def as_csv(entries: Sequence[Entry]) -> str:
    """A line per scope and agent; an interval is three columns, a figure of the benchmark one."""
    flat = [_flat(e) for e in entries]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(name for line in flat for name in line)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue()


def as_json(entries: Sequence[Entry], about: Mapping[str, Any]) -> str:
    """What the comparison is about, and the entries; unknown figures are null."""
    plain = [{name: _plain(value) for name, value in e.items()} for e in entries]
    return json.dumps({**about, "results": plain}, indent=2) + "\n"


def _cell(entry: Entry, name: str) -> str:
    value = entry[name]
    if name == "runs":
        return f"{value} ({entry['failed']} FAILED)" if entry["failed"] else str(value)
    if name == "unscored":
        return "-" if isnan(value) else f"{value:.1%}"
    if isinstance(value, Interval):
        return "-" if isnan(value.mean) else str(value)
    if isinstance(value, float):
        return "-" if isnan(value) else f"{value:.2f}"
    return str(value).replace("|", "\\|")


def _flat(entry: Entry) -> dict[str, Any]:
    line: dict[str, Any] = {}
    for name, value in entry.items():
        if isinstance(value, Interval):
            line |= {name: _plain(value.mean), f"{name}_low": _plain(value.low), f"{name}_high": _plain(value.high)}
        elif isinstance(value, dict):
            line |= {f"score_{n}": _plain(v) for n, v in value.items()}
        else:
            line[name] = _plain(value)
    return line


def _plain(value: Any) -> Any:
    if isinstance(value, Interval):
        return [_plain(x) for x in value]
    if isinstance(value, dict):
        return {name: _plain(v) for name, v in value.items()}
    if isinstance(value, float):
        return None if isnan(value) else round(value, 6)
    return value


def _value(name: str) -> Callable[[Row], float]:
    return lambda row: np.nan if row[name] is None else float(row[name])


def _pass_at(k: int) -> Callable[[Row], float]:
    return lambda row: pass_at_k(row["successes"], row["scored"], k) if row["scored"] >= k else np.nan


def _runs(matrix: Floats) -> Floats:
    """The score of each run, [runs], from [runs, tasks]; a run without any score is left out."""
    known = [row[~np.isnan(row)] for row in matrix]
    return np.array([row.mean() for row in known if len(row)])


def _mean(values: Sequence[float | None]) -> float:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else float("nan")
