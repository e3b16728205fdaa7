"""The flow view: sampled histories of one task, merged where the state is the same, as a graph from left to right.

A state is the number of actions taken and what the environment showed last (with the admissible actions, where there
are any); an episode's end is its outcome. Of an edge the width is the share of rollouts that take it, an estimate of
the flow through it, and the colour the mean log I(t) of the actions that do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skillflow_gym.actions import Action, ActionKind
from skillflow_gym.flow.credit import Credit
from skillflow_gym.rendering import printable
from skillflow_gym.trajectory import Trajectory

MAX_NODES, MAX_DEPTH = 90, 12
"""Most states that are drawn, and most actions of an episode: beyond them the rarest and the last are left out."""
LONGEST = 1500
"""Characters of an observation that are kept."""

Key = tuple[Any, ...]


@dataclass
class Node:
    """A state.

    Attributes:
        depth: actions taken.
        text: what was shown, cut at ``LONGEST``.
        visits: rollouts that pass through it.
        reward: mean outcome of those.
        end: whether episodes end here.
        through: numbers of the rollouts.
    """

    depth: int
    text: str
    end: bool
    visits: int = 0
    reward: float = 0.0
    through: list[int] = field(default_factory=list)


@dataclass
class Edge:
    """What leads from a state to the next: the actions with their counts, and their log I(t)."""

    actions: Counter[str] = field(default_factory=Counter)
    log_i: list[float] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Rollouts that take it."""
        return len(self.log_i)

    @property
    def mean_log_i(self) -> float:
        """Mean log I(t), in nats."""
        return float(np.mean(self.log_i))


@dataclass
class FlowGraph:
    """States and edges of one task's rollouts.

    Attributes:
        rollouts: how many.
        success: how many of them succeed.
        nodes: by number, the start first.
        edges: (from, to) -> edge.
        left_out: rollouts of which some state is not drawn.
    """

    rollouts: int
    success: int
    nodes: list[Node]
    edges: dict[tuple[int, int], Edge]
    left_out: int = 0


def flow_graph(trajectories: Sequence[Trajectory], credits: Sequence[Credit] | None = None) -> FlowGraph:
    """Merge rollouts of one task.

    Args:
        trajectories: of the same task.
        credits: theirs; by default as stored.

    Raises:
        ValueError: the rollouts are of different tasks, or there is none.
    """
    if len({trajectory.task_id for trajectory in trajectories}) != 1:
        raise ValueError("a flow graph shows one task: give at least one trajectory, all of the same task")
    credits = credits or [Credit.of(trajectory) for trajectory in trajectories]
    numbers: dict[Key, int] = {}
    nodes: list[Node] = []
    edges: dict[tuple[int, int], Edge] = defaultdict(Edge)

    def visit(key: Key, depth: int, text: str, end: bool, rollout: int, reward: float) -> int:
        number = numbers.setdefault(key, len(numbers))
        if number == len(nodes):
            nodes.append(Node(depth, _cut(text), end))
        node = nodes[number]
        node.visits += 1
        node.reward += (reward - node.reward) / node.visits
        node.through.append(rollout)
        return number

    for r, (trajectory, credit) in enumerate(zip(trajectories, credits, strict=True)):
        here = visit((0,), 0, trajectory.first, False, r, trajectory.reward)
        for t, turn in enumerate(trajectory.turns[:MAX_DEPTH]):
            last = t + 1 == len(trajectory.turns)
            answer = turn.action.argument if turn.action.kind is ActionKind.ACCEPT else ""
            end = (trajectory.reward, trajectory.success, answer) if last else ()
            text = outcome(trajectory) if last else turn.observation
            there = visit((t + 1, turn.observation, turn.admissible, end), t + 1, text, last, r, trajectory.reward)
            edge = edges[here, there]
            edge.actions[action_text(turn.action)] += 1
            edge.log_i.append(float(credit.log_i[t]))
            here = there
    return _capped(FlowGraph(len(trajectories), sum(t.success for t in trajectories), nodes, dict(edges)))


def outcome(trajectory: Trajectory) -> str:
    """What a node says at whose end an episode is."""
    how = "unscored" if trajectory.unscored else "truncated" if trajectory.truncated else "ended"
    return f"{how}: reward {trajectory.reward:g}{', success' if trajectory.success else ''}"


def action_text(action: Action) -> str:
    """An action in one line."""
    text = action.argument if action.kind is ActionKind.ACT else f"{action.kind.name.lower()}({action.argument})"
    return _cut(" ".join(text.split()), 300)


def _cut(text: str, longest: int = LONGEST) -> str:
    text = printable(text)
    return text if len(text) <= longest else f"{text[:longest]} … ({len(text) - longest} more characters)"


def _capped(graph: FlowGraph) -> FlowGraph:
    """The graph of the most visited states; those that lead to success go before others, and the start stays."""
    if len(graph.nodes) <= MAX_NODES:
        return graph
    order = sorted(range(1, len(graph.nodes)), key=lambda n: (-graph.nodes[n].visits, -graph.nodes[n].reward, n))
    parents = defaultdict(list)
    for start, end in graph.edges:
        parents[end].append(start)
    kept = {0}
    for n in order:  # a state is drawn only if one is that leads to it
        if len(kept) < MAX_NODES and any(parent in kept for parent in parents[n]):
            kept.add(n)
    left = {r for n, node in enumerate(graph.nodes) if n not in kept for r in node.through}
    place = {n: i for i, n in enumerate(sorted(kept))}
    edges = {(place[a], place[b]): e for (a, b), e in graph.edges.items() if a in kept and b in kept}
    return FlowGraph(graph.rollouts, graph.success, [graph.nodes[n] for n in sorted(kept)], edges, len(left))
