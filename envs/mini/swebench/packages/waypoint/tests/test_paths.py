import pytest
from waypoint import Graph, NoPath, all_paths, cheapest, distances, fewest_hops

ROADS = Graph(edges=[("a", "b", 1), ("b", "c", 1), ("c", "d", 1), ("a", "d", 10), ("d", "e", 2)])


def test_fewest_hops():
    assert fewest_hops(ROADS, "a", "e") == ["a", "d", "e"]
    assert fewest_hops(ROADS, "a", "a") == ["a"]


def test_first_of_equal_paths():
    graph = Graph(edges=[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
    assert fewest_hops(graph, "a", "d") == ["a", "b", "d"]


def test_no_path():
    graph = Graph(directed=True, edges=[("a", "b")])
    with pytest.raises(NoPath):
        fewest_hops(graph, "b", "a")
    with pytest.raises(NoPath):
        cheapest(graph, "b", "a")


def test_unknown_nodes():
    for function in (fewest_hops, cheapest, all_paths):
        with pytest.raises(KeyError):
            function(ROADS, "a", "z")
        with pytest.raises(KeyError):
            function(ROADS, "z", "a")
    with pytest.raises(KeyError):
        distances(ROADS, "z")


def test_cheapest():
    assert cheapest(ROADS, "a", "d") == (3, ["a", "b", "c", "d"])
    assert cheapest(ROADS, "a", "e") == (5, ["a", "b", "c", "d", "e"])
    assert cheapest(ROADS, "a", "a") == (0, ["a"])


def test_cheapest_follows_directions():
    graph = Graph(directed=True, edges=[("a", "b", 5), ("b", "a", 1), ("a", "c", 1), ("c", "b", 1)])
    assert cheapest(graph, "a", "b") == (2, ["a", "c", "b"])
    assert cheapest(graph, "b", "a") == (1, ["b", "a"])


def test_distances():
    assert distances(ROADS, "a") == {"a": 0, "b": 1, "c": 2, "d": 3, "e": 5}


def test_distances_with_a_limit():
    assert distances(ROADS, "a", limit=3) == {"a": 0, "b": 1, "c": 2, "d": 3}
    assert distances(ROADS, "a", limit=0) == {"a": 0}


def test_distances_leave_out_what_cannot_be_reached():
    graph = Graph(directed=True, edges=[("a", "b"), ("c", "a")])
    assert distances(graph, "a") == {"a": 0, "b": 1}


def test_all_paths():
    assert all_paths(ROADS, "a", "d") == [["a", "b", "c", "d"], ["a", "d"]]
    assert all_paths(ROADS, "a", "a") == [["a"]]


def test_all_paths_with_a_limit():
    assert all_paths(ROADS, "a", "d", longest=2) == [["a", "d"]]
    assert all_paths(ROADS, "a", "d", longest=3) == [["a", "b", "c", "d"], ["a", "d"]]
    assert all_paths(ROADS, "a", "e", longest=1) == []
