"""What a person sees while a run trains: a live panel in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import time
from collections import deque
from itertools import pairwise
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

_BARS = "▁▂▃▄▅▆▇█"
_LINE_EVERY = 15.0


class Display:
    """Shows the figures of the latest step, how the success rate went, and the time left."""

    def __init__(self, console: Console, title: str, steps: int, done: int = 0) -> None:
        """Show ``title`` and count the updates from ``done`` to ``steps``."""
        self._console, self._title = console, title
        self._figures: dict[str, str] = {}
        self._history: deque[float] = deque(maxlen=400)
        self._last_line = -math.inf
        self._progress = Progress(
            TextColumn("update"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), "left", TimeRemainingColumn()
        )
        self._task = self._progress.add_task("", total=steps, completed=done)
        self._live = Live(self._panel(), console=console, refresh_per_second=4) if console.is_terminal else None

    def __enter__(self) -> Display:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, step: int, success: float, figures: dict[str, str]) -> None:
        """Show the figures after ``step`` steps."""
        self._history.append(success)
        self._figures = figures
        self._progress.update(self._task, completed=step)
        if self._live is not None:
            self._live.update(self._panel())
        elif time.monotonic() - self._last_line > _LINE_EVERY:
            self._last_line = time.monotonic()
            self._console.print(f"update {step}: " + ", ".join(f"{k} {v}" for k, v in figures.items()), soft_wrap=True)

    def _panel(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        names = list(self._figures)
        for start in range(0, len(names), 4):
            cells = [f"[dim]{name}[/] [bold]{self._figures[name]}[/]" for name in names[start : start + 4]]
            table.add_row(*cells)
        curve = f"[dim]success[/] [green]{sparkline(list(self._history), 60)}[/]"
        return Panel(Group(table, curve, self._progress), title=escape(self._title), border_style="blue")


def sparkline(values: list[float], width: int) -> str:
    """Values in [0, 1] as a row of at most ``width`` bars, neighbours averaged."""
    if not values:
        return ""
    cells = min(width, len(values))
    edges = [round(i * len(values) / cells) for i in range(cells + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    return "".join(_BARS[min(int(mean * len(_BARS)), len(_BARS) - 1)] for mean in means)
