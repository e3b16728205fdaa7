import pytest
from waypoint import CycleError, Graph, find_cycle, layers, topological_order


def directed(*edges):
    return Graph(directed=True, edges=edges)


def test_order():
    assert topological_order(directed("ba", "ac", "bd", "dc")) == ["b", "a", "d", "c"]


def test_smallest_first():
    graph = directed("zx", "ab")
    assert topological_order(graph) == ["a", "b", "z", "x"]


def test_single_nodes():
    graph = directed("ab")
    graph.add_node("c")
    assert topological_order(graph) == ["a", "b", "c"]
    assert topological_order(directed()) == []


def test_cycle():
    with pytest.raises(CycleError) as caught:
        topological_order(directed("ab", "bc", "ca"))
    assert caught.value.cycle == ["a", "b", "c", "a"]
    assert str(caught.value) == "a -> b -> c -> a"


def test_find_cycle():
    assert find_cycle(directed("xa", "ab", "bc", "cb")) == ["b", "c", "b"]
    assert find_cycle(directed("ab", "ac", "bd", "cd")) is None
    assert find_cycle(directed("aa")) == ["a", "a"]


def test_layers():
    assert layers(directed("ac", "bc", "cd", "ad")) == [["a", "b"], ["c"], ["d"]]
    assert layers(directed("ab", "bc", "ac")) == [["a"], ["b"], ["c"]]


def test_layers_are_sorted():
    assert layers(directed("zx", "ay")) == [["a", "z"], ["x", "y"]]
    assert layers(directed()) == []
