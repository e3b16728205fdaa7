"""A flow graph as inline SVG, and as the JSON that a click on a node shows."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from typing import Any

from skillflow_gym.report.flow_graph import FlowGraph

COLUMN, BAR, GAP, HEIGHT, LABEL = 190, 12, 9, 300, 24
"""Pixels: between columns, a node's width, between nodes, all rollouts' flow together; and characters of a label."""
STRONG = 3.0
"""Nats of log I(t) at which the colour is full."""


def layout(graph: FlowGraph) -> tuple[list[tuple[float, float, float]], float, float]:
    """x, y and height of every node, and the width and height of all: columns by depth, near what leads to them."""
    parents: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for (start, end), edge in graph.edges.items():
        parents[end].append((edge.count, start))
    columns: dict[int, list[int]] = defaultdict(list)
    for number, node in enumerate(graph.nodes):
        columns[node.depth].append(number)
    places: list[tuple[float, float, float]] = [(0.0, 0.0, 0.0)] * len(graph.nodes)
    bottom = 0.0
    for depth in sorted(columns):

        def pull(n: int) -> float:
            weight = sum(count for count, _ in parents[n])
            return sum(count * (places[p][1] + places[p][2] / 2) for count, p in parents[n]) / weight if weight else 0

        y = 8.0
        for n in sorted(columns[depth], key=lambda n: (pull(n), -graph.nodes[n].visits, n)):
            height = max(5.0, HEIGHT * graph.nodes[n].visits / graph.rollouts)
            y = max(y, pull(n) - height / 2) if depth else y
            places[n] = (10.0 + COLUMN * depth, y, height)
            y += height + max(GAP, 15 - height)
        bottom = max(bottom, y)
    return places, 10 + COLUMN * (max(columns) + 1), bottom + 4


def draw(graph: FlowGraph, name: str) -> str:
    """The graph; every node can be reached and opened by keyboard and says in words what it is."""
    places, width, height = layout(graph)
    leaving: dict[int, float] = defaultdict(float)
    arriving: dict[int, float] = defaultdict(float)
    parts = []
    for (start, end), edge in sorted(graph.edges.items(), key=lambda item: (places[item[0][1]][1], item[0])):
        thick = max(1.2, HEIGHT * edge.count / graph.rollouts)
        (x0, y0, h0), (x1, y1, h1) = places[start], places[end]
        a = y0 + min(leaving[start] + thick / 2, h0)
        b = y1 + min(arriving[end] + thick / 2, h1)
        leaving[start] += thick
        arriving[end] += thick
        middle = (x0 + BAR + x1) / 2
        said = f"{edge.count} of {graph.rollouts}, log I {edge.mean_log_i:+.2f}: {edge.actions.most_common(1)[0][0]}"
        parts.append(
            f'<path class="edge" stroke-width="{thick:.1f}" d="M{x0 + BAR:.1f},{a:.1f} '
            f'C{middle:.1f},{a:.1f} {middle:.1f},{b:.1f} {x1:.1f},{b:.1f}" '
            f'style="--i:{_strength(edge.mean_log_i):.3f}" '
            f'data-sign="{"gain" if edge.mean_log_i >= 0 else "loss"}"><title>{escape(said)}</title></path>'
        )
    into = {end: edge for (_, end), edge in sorted(graph.edges.items(), key=lambda item: item[1].count)}
    for number, (node, (x, y, h)) in enumerate(zip(graph.nodes, places, strict=True)):
        label = into[number].actions.most_common(1)[0][0] if number in into else "start"
        short = label if len(label) <= LABEL else f"{label[: LABEL - 1]}…"
        said = f"{label}; {node.visits} of {graph.rollouts} rollouts; mean reward {node.reward:.2f}"
        kind = "end" if node.end else "state"
        parts.append(
            f'<g class="node {kind}" tabindex="0" role="button" data-graph="{escape(name)}" data-node="{number}" '
            f'aria-label="{escape(said)}"><title>{escape(said)}</title>'
            f'<rect x="{x}" y="{y:.1f}" width="{BAR}" height="{h:.1f}" rx="2" style="--r:{node.reward:.3f}"/>'
            f'<text x="{x + BAR + 4}" y="{y + min(h / 2, 9) + 4:.1f}">{escape(short)}</text></g>'
        )
    return (
        f'<svg class="flow" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'role="group" aria-label="flow of {graph.rollouts} rollouts">{"".join(parts)}</svg>'
    )


def _strength(log_i: float) -> float:
    return min(abs(log_i) / STRONG, 1.0)


def details(graph: FlowGraph) -> list[dict[str, Any]]:
    """What a click on each node shows: its text, and the actions that lead to it and from it."""
    arriving: dict[int, list[dict[str, Any]]] = defaultdict(list)
    leaving: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for (start, end), edge in sorted(graph.edges.items(), key=lambda item: -item[1].count):
        actions = [f"{text} ({n})" if n > 1 else text for text, n in edge.actions.most_common(4)]
        row = {"count": edge.count, "log_i": round(edge.mean_log_i, 3), "actions": actions}
        leaving[start].append({**row, "node": end})
        arriving[end].append({**row, "node": start})
    return [
        {
            "depth": node.depth,
            "text": node.text,
            "visits": node.visits,
            "reward": round(node.reward, 4),
            "in": arriving[number][:8],
            "out": leaving[number][:12],
        }
        for number, node in enumerate(graph.nodes)
    ]
