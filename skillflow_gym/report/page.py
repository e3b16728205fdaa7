"""The report's page: jinja2 fills one template; styles, script and pictures are inside, so that it needs no network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from skillflow_gym.files import replacing
from skillflow_gym.installation import install
from skillflow_gym.rendering import printable
from skillflow_gym.report import comparison, curves, intervals, timeline
from skillflow_gym.report.comparison import ComparisonRecord
from skillflow_gym.report.flow_graph import FlowGraph
from skillflow_gym.report.flow_svg import details, draw
from skillflow_gym.report.runs import ReportError, RunRecord

MAX_CHANGES, MAX_RUNS, COLOURS = 200, 100, 8
"""Most changes of a library that are shown, the last ones; most runs that are listed; colours that page.css has."""

Flows = Mapping[str, tuple[str, Mapping[str, FlowGraph]]]
"""Task's id -> its prompt, and graphs by name (before, after)."""


def write_report(
    path: Path | str,
    runs: Sequence[RunRecord],
    flows: Flows | None = None,
    comparisons: Sequence[ComparisonRecord] = (),
) -> Path:
    """Write the report of ``runs`` and ``comparisons``.

    Args:
        path: the HTML file.
        runs: those of a benchmark and an arm are seeds of one another.
        flows: what the flow view shows.
        comparisons: their tables come first, and their runs after ``runs``.

    Raises:
        ReportError: there is no run, or jinja2 is missing.
    """
    if not runs and not comparisons:
        raise ReportError("a report needs at least one run")
    try:
        import jinja2
    except ImportError:
        raise ReportError(f"the report needs the report extra: {install('report')}") from None
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["printable"] = printable
    source = files("skillflow_gym.report")
    runs = [*runs, *(run for each in comparisons for run in each.runs)]
    agents = dict.fromkeys([*(agent for each in comparisons for agent in each.agents), *(run.arm for run in runs)])
    colours = {agent: f"arm{number % COLOURS}" for number, agent in enumerate(agents)}
    template = environment.from_string((source / "page.html").read_text(encoding="utf-8"))
    page = template.render(
        style=(source / "page.css").read_text(encoding="utf-8"),
        script=(source / "page.js").read_text(encoding="utf-8"),
        comparisons=[comparison.view(each, colours) for each in comparisons],
        benchmarks=[
            _benchmark(env, [run for run in runs if run.env == env], colours)
            for env in dict.fromkeys(run.env for run in runs)
        ],
        evolutions=[_evolution(run) for run in runs if run.history],
        runs=runs[:MAX_RUNS],
        more_runs=max(len(runs) - MAX_RUNS, 0),
        flows=[_flow(number, task, *flow) for number, (task, flow) in enumerate((flows or {}).items())],
        nodes=_script_json(
            {
                f"{n}-{name}": details(graph)
                for n, (_, graphs) in enumerate((flows or {}).values())
                for name, graph in graphs.items()
            }
        ),
    )
    with replacing(Path(path)) as file:
        file.write(page.encode("utf-8", "backslashreplace"))
    return Path(path)


def _benchmark(env: str, runs: Sequence[RunRecord], colours: Mapping[str, str]) -> dict[str, Any]:
    arms: dict[str, list[RunRecord]] = {}
    for run in runs:
        arms.setdefault(run.arm, []).append(run)
    drawn = []
    for figure, title in curves.FIGURES.items():
        found = {
            arm: curve for arm, those in arms.items() if (curve := curves.curve([r.metrics for r in those], figure))
        }
        if found:
            drawn.append(curves.draw(title, found, colours))
    rows = intervals.rows(arms)
    panels = {str(r["summary"]["panel_sha256"]) for run in runs for r in run.evaluations.values()}
    return {
        "name": env,
        "source": ", ".join(sorted({str(run.args["source"]) for run in runs})),
        "arms": [(arm, colours[arm], [run.seed for run in those]) for arm, those in arms.items()],
        "curves": drawn,
        "rows": rows,
        "figures": list(dict.fromkeys(name for row in rows for name in row.figures)),
        "ks": sorted({k for row in rows for k in row.pass_at}),
        "dots": intervals.draw(rows, colours) if rows else "",
        "panels": sorted(panels),
        "tasks": next((r["summary"]["tasks"] for run in runs for r in run.evaluations.values()), 0),
    }


def _evolution(run: RunRecord) -> dict[str, Any]:
    changes = list(timeline.changes(run.history))
    skills = run.history[-1].library
    return {
        "run": str(run.path),
        "changes": changes[-MAX_CHANGES:],
        "left_out": max(len(changes) - MAX_CHANGES, 0),
        "version": run.history[-1].version,
        "skills": list(skills.values()),
    }


def _flow(number: int, task: str, prompt: str, graphs: Mapping[str, FlowGraph]) -> dict[str, Any]:
    views = [{"name": name, "graph": graph, "svg": draw(graph, f"{number}-{name}")} for name, graph in graphs.items()]
    return {"number": number, "task": task, "prompt": prompt, "views": views}


def _script_json(content: Any) -> str:
    """JSON that no text in it can end the script element of."""
    return (
        json.dumps(content, ensure_ascii=True).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    )
