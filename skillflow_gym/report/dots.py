"""Means with their 95% intervals as inline SVG: a dot and a whisker per row, on one scale from 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from math import ceil, isnan
from typing import NamedTuple

from skillflow_gym.rendering import printable
from skillflow_gym.stats import Interval

WIDTH, LINE, LEFT, LABEL = 460, 30, 150, 20


class Dot(NamedTuple):
    """A row: its name, the class of its colour, and what it shows; an unknown mean (NaN) leaves the row empty."""

    name: str
    colour: str
    value: Interval


def axis_end(values: Iterable[float]) -> float:
    """Where an axis for ``values`` in [0, 1] ends: the next tenth above all of them that are known."""
    return min(1.0, max(0.1, ceil(max((v for v in values if not isnan(v)), default=1.0) * 10 - 1e-9) / 10))


def draw(rows: Sequence[Dot], figure: str) -> str:
    """The plot of ``figure``."""
    end = axis_end(value for row in rows for value in (row.value.mean, row.value.high))
    height, scale = LINE * len(rows) + 30, (WIDTH - LEFT - 20) / end
    parts = [
        f'<line class="grid" x1="{LEFT + scale * v:.0f}" x2="{LEFT + scale * v:.0f}" y1="4" y2="{height - 24}"/>'
        f'<text class="tick" x="{LEFT + scale * v:.0f}" y="{height - 8}" text-anchor="middle">{v:.2g}</text>'
        for v in (end * share / 4 for share in range(5))
    ]
    for n, (name, colour, value) in enumerate(rows):
        y, name = LINE * n + 18, printable(name)
        short = name if len(name) <= LABEL else f"{name[: LABEL - 1]}…"
        title = f"<title>{escape(name)}</title>"
        parts.append(f'<text class="name" x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(short)}{title}</text>')
        if value.mean != value.mean:
            parts.append(f'<text class="tick" x="{LEFT + 4}" y="{y + 4}">not known</text>')
            continue
        low, mean, high = (LEFT + scale * v for v in (value.low, value.mean, value.high))
        told = escape(f"{name}: {value}")
        parts.append(f'<line class="whisker {colour}" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="dot {colour}" cx="{mean:.1f}" cy="{y}" r="5"><title>{told}</title></circle>')
    return (
        f'<svg class="wide" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(figure)} with 95% intervals">{"".join(parts)}</svg>'
    )
