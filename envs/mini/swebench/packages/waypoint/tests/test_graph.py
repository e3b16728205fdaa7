import pytest
from waypoint import Graph


def test_nodes_and_edges():
    graph = Graph(edges=[("a", "b"), ("b", "c", 5)])
    assert graph.nodes == ["a", "b", "c"]
    assert len(graph) == 3
    assert "a" in graph
    assert "z" not in graph


def test_weights():
    graph = Graph(edges=[("a", "b"), ("b", "c", 5)])
    assert graph.weight("a", "b") == 1
    assert graph.weight("c", "b") == 5
    with pytest.raises(KeyError):
        graph.weight("a", "c")


def test_zero_weight():
    assert Graph(edges=[("a", "b", 0)]).weight("a", "b") == 0


def test_negative_weight():
    with pytest.raises(ValueError):
        Graph(edges=[("a", "b", -1)])


def test_directed_edges_lead_one_way():
    graph = Graph(directed=True, edges=[("a", "b")])
    assert graph.has_edge("a", "b") is True
    assert graph.has_edge("b", "a") is False
    assert graph.neighbours("b") == []
    assert graph.predecessors("b") == ["a"]


def test_undirected_edges_lead_both_ways():
    graph = Graph(edges=[("a", "b")])
    assert graph.has_edge("b", "a") is True
    assert graph.predecessors("a") == ["b"]


def test_adding_a_node_again_keeps_its_edges():
    graph = Graph(edges=[("a", "b")])
    graph.add_node("a")
    assert graph.neighbours("a") == ["b"]


def test_remove_edge():
    graph = Graph(edges=[("a", "b"), ("b", "c")])
    graph.remove_edge("b", "a")
    assert graph.edges() == [("b", "c", 1)]
    with pytest.raises(KeyError):
        graph.remove_edge("a", "b")


def test_remove_directed_edge():
    graph = Graph(directed=True, edges=[("a", "b"), ("b", "a")])
    graph.remove_edge("a", "b")
    assert graph.edges() == [("b", "a", 1)]
    assert graph.predecessors("b") == []


def test_remove_loop():
    graph = Graph(edges=[("a", "a")])
    graph.remove_edge("a", "a")
    assert graph.edges() == []


def test_remove_node():
    graph = Graph(directed=True, edges=[("a", "b"), ("b", "c"), ("c", "a")])
    graph.remove_node("b")
    assert graph.edges() == [("c", "a", 1)]
    assert graph.predecessors("c") == []
    with pytest.raises(KeyError):
        graph.remove_node("b")


def test_remove_node_with_loop():
    graph = Graph(edges=[("a", "a"), ("a", "b")])
    graph.remove_node("a")
    assert graph.nodes == ["b"]
    assert graph.neighbours("b") == []


def test_degree():
    graph = Graph(edges=[("a", "b"), ("a", "c"), ("a", "a")])
    assert graph.degree("a") == 4
    assert graph.degree("b") == 1
    directed = Graph(directed=True, edges=[("a", "b"), ("c", "a"), ("a", "a")])
    assert directed.degree("a") == 4


def test_edges_are_told_once():
    graph = Graph(edges=[("a", "b", 2), ("b", "c", 3)])
    assert graph.edges() == [("a", "b", 2), ("b", "c", 3)]
    assert graph.total_weight() == 5


def test_directed_edges_both_ways():
    graph = Graph(directed=True, edges=[("a", "b", 2), ("b", "a", 3)])
    assert graph.edges() == [("a", "b", 2), ("b", "a", 3)]
    assert graph.total_weight() == 5


def test_reversed():
    graph = Graph(directed=True, edges=[("a", "b", 2)])
    graph.add_node("z")
    turned = graph.reversed()
    assert turned.edges() == [("b", "a", 2)]
    assert turned.nodes == ["a", "b", "z"]
    assert turned.directed is True


def test_subgraph():
    graph = Graph(edges=[("a", "b"), ("b", "c"), ("c", "a", 4)])
    part = graph.subgraph(["c", "a"])
    assert part.nodes == ["a", "c"]
    assert part.total_weight() == 4
