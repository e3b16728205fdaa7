"""pass@k over k as inline SVG: a line per agent, with 95% intervals where they were computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import isnan, log2
from typing import NamedTuple

from skillflow_gym.rendering import printable
from skillflow_gym.report.dots import axis_end
from skillflow_gym.stats import Interval

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 460, 270, 40, 36, 10, 18
DODGE = 3.0
"""Pixels between the intervals of agents, which would hide one another."""


class Line(NamedTuple):
    """An agent: its name, the class of its colour, pass@k for k = 1, 2, ..., and k -> interval."""

    name: str
    colour: str
    values: Sequence[float]
    intervals: Mapping[int, Interval]


def draw(lines: Sequence[Line]) -> str:
    """The plot; k is on a logarithmic scale."""
    lines = [line for line in lines if any(not isnan(v) for v in line.values)]
    if not lines:
        return ""
    most = max(len(line.values) for line in lines)
    top = axis_end(v for line in lines for v in (*line.values, *(i.high for i in line.intervals.values())))

    def at(k: float, value: float) -> tuple[float, float]:
        x = LEFT + 12 + (WIDTH - LEFT - RIGHT - 12) * log2(k) / max(log2(most), 1)
        return x, TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)

    parts = []
    for value in (top * share / 4 for share in range(5)):
        _, y = at(1, value)
        parts.append(f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT + 8}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.2g}</text>')
    for k in sorted({1, 3, 5, most} | {2**n for n in range(3, int(log2(most)) + 1)}):
        if k <= most:
            x, _ = at(k, 0)
            parts.append(f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 18}" text-anchor="middle">{k}</text>')
    parts.append(f'<text class="tick" x="{WIDTH / 2:.0f}" y="{HEIGHT - 3}" text-anchor="middle">k rollouts</text>')
    for number, line in enumerate(lines):
        points = [at(k, v) for k, v in enumerate(line.values, start=1) if not isnan(v)]
        name, path = escape(printable(line.name)), " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="line {line.colour}" points="{path}"><title>{name}</title></polyline>')
        shift = DODGE * (number - (len(lines) - 1) / 2)
        for k, interval in sorted(line.intervals.items()):
            if isnan(interval.mean) or k > most:
                continue
            (x, low), (_, high), (_, mean) = at(k, interval.low), at(k, interval.high), at(k, interval.mean)
            told = f"{name}: pass@{k} {interval}"
            parts.append(
                f'<line class="whisker thin {line.colour}" x1="{x + shift:.1f}" x2="{x + shift:.1f}" '
                f'y1="{low:.1f}" y2="{high:.1f}"/>'
                f'<circle class="dot {line.colour}" cx="{x + shift:.1f}" cy="{mean:.1f}" r="3.5">'
                f"<title>{told}</title></circle>"
            )
    return (
        f'<figure><figcaption>pass@k: at least one of k rollouts succeeds</figcaption><svg viewBox="0 0 {WIDTH} '
        f'{HEIGHT}" role="img" aria-label="pass@k over k">{"".join(parts)}</svg></figure>'
    )
