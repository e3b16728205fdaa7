"""The README's tables, from registry.yaml. ``python docs/tables.py`` writes them; a test holds README.md to them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from skillflow_gym.registration import Stanza, registry, stanza

README = Path(__file__).resolve().parent.parent / "README.md"


def benchmark_table() -> str:
    """The benchmarks of registry.yaml as a Markdown table, in its order; those without an entry point say so."""
    rows = [_benchmark(stanza(name)) for name in registry()["benchmarks"]]
    return _table(("id", "family", "paper", "steps", "reward", "data and its licence", "state"), rows)


def agent_table() -> str:
    """The agents of registry.yaml as a Markdown table."""
    rows = [(f"`python -m agents.{name}`", entry["summary"]) for name, entry in registry()["agents"].items()]
    return _table(("agent", "what it is"), rows)


TABLES = {"benchmarks": benchmark_table, "agents": agent_table}
"""Name of the pair of markers in README.md -> what writes the table between them."""


def between(name: str, text: str) -> re.Match[str]:
    """What stands between the markers ``<!-- name -->`` and ``<!-- /name -->`` in ``text``, as group 1.

    Raises:
        ValueError: they are not there.
    """
    found = re.search(rf"<!-- {name} -->\n(.*)<!-- /{name} -->", text, re.DOTALL)
    if found is None:
        raise ValueError(f"README.md has no <!-- {name} --> ... <!-- /{name} -->: put both back, each on its own line")
    return found


def with_tables(text: str) -> str:
    """``text`` with every table as registry.yaml has it now."""
    for name, table in TABLES.items():
        start, end = between(name, text).span(1)
        text = f"{text[:start]}\n{table()}\n\n{text[end:]}"
    return text


def _benchmark(s: Stanza) -> tuple[str, ...]:
    path = s.dataset("test").get("path", "")
    data = f"[{path}](https://huggingface.co/datasets/{path}), {s.licence}" if path else s.licence
    state = "ready" if s.built else "not built yet"
    name = f"**{s.name}-v0**" if s.built else f"{s.name}-v0"
    return (name, s.family, s.distribution.upper(), str(s.step_limit), s.reward, data, state)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
