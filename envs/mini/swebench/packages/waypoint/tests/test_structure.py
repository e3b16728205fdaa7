import pytest
from waypoint import Graph, bridges, components, is_bipartite, spanning_tree, strong_components


def test_components():
    graph = Graph(edges=["ab", "cd", "de"])
    graph.add_node("z")
    assert components(graph) == [["c", "d", "e"], ["a", "b"], ["z"]]


def test_components_in_the_order_met():
    assert components(Graph(edges=["ac", "ab", "cd"])) == [["a", "c", "b", "d"]]
    assert components(Graph()) == []


def test_components_of_a_directed_graph():
    with pytest.raises(ValueError):
        components(Graph(directed=True))


def test_strong_components():
    graph = Graph(directed=True, edges=["ab", "bc", "ca", "cd", "de", "ed"])
    assert strong_components(graph) == [["a", "b", "c"], ["d", "e"]]


def test_strong_components_of_a_chain():
    assert strong_components(Graph(directed=True, edges=["ba", "cb"])) == [["a"], ["b"], ["c"]]


def test_bipartite():
    assert is_bipartite(Graph(edges=["ab", "bc", "cd", "da"])) is True
    assert is_bipartite(Graph(edges=["ab", "bc", "ca"])) is False
    assert is_bipartite(Graph()) is True


def test_bipartite_looks_at_every_part():
    assert is_bipartite(Graph(edges=["ab", "xy", "yz", "zx"])) is False
    assert is_bipartite(Graph(edges=["aa"])) is False


def test_spanning_tree():
    graph = Graph(edges=[("a", "b", 4), ("b", "c", 1), ("c", "a", 2), ("c", "d", 7)])
    tree = spanning_tree(graph)
    assert tree.edges() == [("a", "c", 2), ("b", "c", 1), ("c", "d", 7)]
    assert tree.total_weight() == 10


def test_spanning_forest():
    graph = Graph(edges=[("a", "b", 1), ("c", "d", 2)])
    graph.add_node("z")
    tree = spanning_tree(graph)
    assert tree.nodes == ["a", "b", "c", "d", "z"]
    assert tree.total_weight() == 3


def test_bridges():
    graph = Graph(edges=["ab", "bc", "ca", "cd", "de"])
    assert bridges(graph) == [("c", "d"), ("d", "e")]
    assert bridges(Graph(edges=["ab", "bc", "ca"])) == []


def test_bridges_leave_the_graph_as_it_was():
    graph = Graph(edges=[("b", "a", 3), ("a", "a", 1)])
    assert bridges(graph) == [("a", "b")]
    assert sorted(weight for _, _, weight in graph.edges()) == [1, 3]
