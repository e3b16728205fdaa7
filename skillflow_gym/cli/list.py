"""``skillflow list``: the benchmarks and agents of the registry."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.table import Table

from skillflow_gym.cli.common import console, plain
from skillflow_gym.registration import registry, stanzas


@dataclass
class Args:
    """Show all benchmarks and agents."""


def run(args: Args) -> int:
    """Print two tables."""
    benchmarks = Table(
        title="Benchmarks", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    benchmarks.add_column("id", no_wrap=True)
    for heading in ("family", "IID/OOD", "steps", "splits", "metric", "licence", "built"):
        benchmarks.add_column(heading, justify="right" if heading == "steps" else "left")
    for s in stanzas():
        state = "[green]ready[/]" if s.built else "[dim]not yet[/]"
        distribution = "[cyan]IID[/]" if s.distribution == "iid" else "[magenta]OOD[/]"
        name = f"[bold]{s.name}-v0[/]" if s.built else f"[dim]{s.name}-v0[/]"
        splits = " ".join(s.splits)
        benchmarks.add_row(
            name, s.family, distribution, str(s.step_limit), splits, plain(s.metric), plain(s.licence), state
        )
    agents = Table(title="Agents", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    agents.add_column("name", no_wrap=True, style="bold")
    agents.add_column("what it is")
    for name, entry in registry()["agents"].items():
        agents.add_row(name, plain(entry["summary"]))
    out = console()
    out.print(benchmarks)
    out.print(agents)
    ready = next((s for s in stanzas() if s.built), None)
    if ready is not None:
        out.print(f'  In Python: gym.make("{ready.env_id}")    Try one: skillflow play {ready.name} --source mini')
    return 0
