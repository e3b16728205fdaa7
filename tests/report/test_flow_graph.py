"""Histories merged where the state is the same: counted by hand, and bounded however many there are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillflow_gym.report.flow_graph import MAX_DEPTH, MAX_NODES, flow_graph
from skillflow_gym.report.flow_svg import HEIGHT, details, draw, layout
from skillflow_gym.trajectory import Trajectory
from tests.report.making import HOSTILE, rollout, turn

TWO_WAYS = [
    rollout(0, 1.0, turn("open a", "red", -0.5, -1.5), turn("accept:x", "", -0.1, -1.1)),
    rollout(1, 1.0, turn("open b", "red", -1.0, -1.5), turn("accept:x", "", -0.3, -1.1)),
    rollout(2, 0.0, turn("open a", "red", -0.5, -1.5), turn("accept:y", "", -3.0, -1.0)),
    rollout(3, 0.0, turn("open c", "blue", -2.5, -1.5), turn("accept:x", "", -0.1, -1.0)),
]


def test_what_shows_the_same_after_as_many_actions_is_one_state() -> None:
    graph = flow_graph(TWO_WAYS)
    assert (graph.rollouts, graph.success, graph.left_out) == (4, 2, 0)
    assert [(n.depth, n.text, n.end, n.visits) for n in graph.nodes] == [
        (0, "go", False, 4),
        (1, "red", False, 3),
        (2, "ended: reward 1, success", True, 2),
        (2, "ended: reward 0", True, 1),
        (1, "blue", False, 1),
        (2, "ended: reward 0", True, 1),
    ]
    start, red, won, lost = 0, 1, 2, 3
    assert [node.reward for node in graph.nodes] == pytest.approx([0.5, 2 / 3, 1.0, 0.0, 0.0, 0.0])
    assert graph.edges[start, red].actions == {"open a": 2, "open b": 1}
    assert graph.edges[start, red].mean_log_i == pytest.approx((1.0 + 0.5 + 1.0) / 3)
    assert graph.edges[red, won].mean_log_i == pytest.approx((1.0 + 0.8) / 2)
    assert graph.edges[red, lost].mean_log_i == pytest.approx(-2.0)


def test_all_flow_leaves_the_start_and_none_is_lost_on_the_way() -> None:
    graph = flow_graph(TWO_WAYS)
    for number, node in enumerate(graph.nodes):
        arriving = sum(edge.count for (_, end), edge in graph.edges.items() if end == number)
        leaving = sum(edge.count for (start, _), edge in graph.edges.items() if start == number)
        assert number == 0 or arriving == node.visits
        assert node.end or leaving == node.visits


def test_one_task_only() -> None:
    with pytest.raises(ValueError, match="one task"):
        flow_graph([TWO_WAYS[0], rollout(9, 1.0, turn("accept:x", ""), task="t2")])
    with pytest.raises(ValueError, match="at least one trajectory"):
        flow_graph([])


def many(count: int) -> list[Trajectory]:
    """Rollouts of which each sees something else at every step, but for a common start of ten."""
    common = [rollout(n, 1.0, turn("look", "door"), turn("accept:x", "")) for n in range(10)]
    return common + [rollout(n, 0.0, *(turn(f"go {n}", f"{n}-{t}") for t in range(20))) for n in range(count)]


def test_a_large_run_is_capped_and_says_so() -> None:
    graph = flow_graph(many(200))
    assert len(graph.nodes) == MAX_NODES and max(node.depth for node in graph.nodes) <= MAX_DEPTH
    assert graph.nodes[1].text == "door" and graph.nodes[1].visits == 10
    assert 0 < graph.left_out < 200
    drawn = {end for _, end in graph.edges}
    assert drawn == set(range(1, len(graph.nodes))), "every state but the start is led to"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=5), min_size=1, max_size=12))
def test_nodes_of_a_column_never_overlap(histories: list[list[str]]) -> None:
    graph = flow_graph([rollout(n, 0.0, *(turn(x, x) for x in history)) for n, history in enumerate(histories)])
    places, width, height = layout(graph)
    for depth in {node.depth for node in graph.nodes}:
        column = sorted((y, h) for node, (_, y, h) in zip(graph.nodes, places, strict=True) if node.depth == depth)
        assert all(y + h <= below for (y, h), (below, _) in pairwise(column))
    assert all(0 <= x <= width and 0 <= y <= height - h for x, y, h in places)
    assert places[0][2] == pytest.approx(HEIGHT)


def test_the_details_of_a_node_name_what_leads_to_it_and_from_it() -> None:
    red = details(flow_graph(TWO_WAYS))[1]
    assert (red["depth"], red["text"], red["visits"]) == (1, "red", 3)
    assert [(edge["node"], edge["count"], edge["actions"]) for edge in red["in"]] == [(0, 3, ["open a (2)", "open b"])]
    assert [(edge["node"], edge["count"]) for edge in red["out"]] == [(2, 2), (3, 1)]


def test_hostile_text_is_escaped_in_the_picture() -> None:
    graph = flow_graph([rollout(0, 1.0, turn(HOSTILE, HOSTILE), turn("accept:x", ""), first=HOSTILE)])
    svg = draw(graph, HOSTILE)
    assert "<script" not in svg and "<img" not in svg and "&lt;script" in svg
