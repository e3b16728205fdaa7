"""Curves over training rollouts as inline SVG: a line per arm, the mean over its seeds in a band from low to high.

Rollouts are what all agents have the same budget of, whatever they make of them; updates are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skillflow_gym.rendering import printable

FIGURES = {
    "charts/reward": "reward",
    "charts/success": "success on training tasks",
    "flow/residual": "residual |Δ|, nats",
    "flow/entropy": "entropy of trajectories, nats",
}
"""What is drawn, in this order, where a run has it."""
POINTS = 80
"""Most points of a line: longer runs are averaged over stretches."""
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 460, 230, 46, 26, 10

Curve = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Training rollouts, mean, lowest, highest: [P] each."""


def curve(runs: Sequence[Sequence[Mapping[str, Any]]], figure: str) -> Curve | None:
    """``figure`` over the rollouts of the seeds of one arm, as far as all of them came; None where none has it.

    A row's place is its ``rollouts``, or its ``step`` where it has none. Where a seed has no row in a stretch that
    others have one in, the straight line between its rows counts.
    """
    told = [[row for row in metrics if _finite(row.get(figure))] for metrics in runs]
    rows = [[(row.get("rollouts", row["step"]), row[figure]) for row in metrics] for metrics in told if metrics]
    if not rows:
        return None
    last = min(row[-1][0] for row in rows)
    edges = np.linspace(0, last, min(POINTS, max(int(last), 1)) + 1)
    lines, stretches = [], np.arange(len(edges) - 1)
    there = np.zeros(len(stretches), dtype=bool)
    for row in rows:
        steps, values = np.array(row, dtype=np.float64).T
        place = np.clip(np.searchsorted(edges, steps, side="left") - 1, 0, len(edges) - 2)
        kept = steps <= last
        total = np.bincount(place[kept], values[kept], len(edges) - 1)
        count = np.bincount(place[kept], minlength=len(edges) - 1)
        own = np.flatnonzero(count)
        there[own] = True
        lines.append(np.interp(stretches, own, total[own] / count[own], left=np.nan, right=np.nan))
    table = np.array(lines)
    there &= ~np.isnan(table).any(axis=0)
    table = table[:, there]
    return edges[1:][there], table.mean(axis=0), table.min(axis=0), table.max(axis=0)


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def draw(title: str, curves: Mapping[str, Curve], colours: Mapping[str, str]) -> str:
    """The curves of one figure, by arm; ``colours`` has the class of each arm."""
    right = max(float(steps[-1]) for steps, *_ in curves.values())
    low = min(0.0, *(float(lowest.min()) for _, _, lowest, _ in curves.values()))
    high = max(float(highest.max()) for *_, highest in curves.values())
    high = 1.0 if title.startswith(("reward", "success")) else high if high > low else low + 1.0

    def at(step: float, value: float) -> str:
        x = LEFT + (WIDTH - LEFT - 8) * step / max(right, 1)
        y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low))
        return f"{x:.1f},{y:.1f}"

    parts = []
    for value in np.linspace(low, high, 5):
        x, y = at(0, value).split(",")
        parts.append(f'<line class="grid" x1="{x}" y1="{y}" x2="{WIDTH - 8}" y2="{y}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for step in (0, right / 2, right):
        x = at(step, low).split(",")[0]
        anchor = "end" if step == right else "middle" if step else "start"
        parts.append(f'<text class="tick" x="{x}" y="{HEIGHT - 6}" text-anchor="{anchor}">{step:,.0f}</text>')
    for name, (steps, mean, lowest, highest) in curves.items():
        upper = [at(s, v) for s, v in zip(steps, highest, strict=True)]
        lower = [at(s, v) for s, v in zip(steps, lowest, strict=True)]
        colour = colours[name]
        parts.append(f'<polygon class="band {colour}" points="{" ".join(upper + lower[::-1])}"/>')
        line = " ".join(at(s, v) for s, v in zip(steps, mean, strict=True))
        told = printable(f"{name}: {mean[-1]:.3g} after {steps[-1]:,.0f} rollouts")
        parts.append(f'<polyline class="line {colour}" points="{line}"><title>{escape(told)}</title></polyline>')
    label = escape(title)
    return (
        f'<figure><figcaption>{label}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{label} over training rollouts">{"".join(parts)}</svg></figure>'
    )
