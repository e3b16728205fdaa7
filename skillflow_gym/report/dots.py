"""Means with their 95% intervals as inline SVG: a dot and a whisker per row, on one scale from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from skillflow_gym.rendering import printable
from skillflow_gym.stats import Interval

WIDTH, LINE, LEFT, LABEL = 460, 30, 150, 20


class Dot(NamedTuple):
    """A row: its name, the class of its colour, and what it shows; an unknown mean (NaN) leaves the row empty."""

    name: str
    colour: str
    value: Interval


def draw(rows: Sequence[Dot], figure: str) -> str:
    """The plot of ``figure``."""
    height, scale = LINE * len(rows) + 30, WIDTH - LEFT - 20
    parts = [
        f'<line class="grid" x1="{LEFT + scale * v:.0f}" x2="{LEFT + scale * v:.0f}" y1="4" y2="{height - 24}"/>'
        f'<text class="tick" x="{LEFT + scale * v:.0f}" y="{height - 8}" text-anchor="middle">{v:g}</text>'
        for v in (0, 0.25, 0.5, 0.75, 1)
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
