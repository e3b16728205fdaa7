"""waypoint: directed and undirected graphs with weights, and the usual questions about them."""

from waypoint.graph import Graph
from waypoint.ordering import CycleError, find_cycle, layers, topological_order
from waypoint.paths import NoPath, all_paths, cheapest, distances, fewest_hops
from waypoint.structure import bridges, components, is_bipartite, spanning_tree, strong_components

__all__ = [
    "CycleError",
    "Graph",
    "NoPath",
    "all_paths",
    "bridges",
    "cheapest",
    "components",
    "distances",
    "fewest_hops",
    "find_cycle",
    "is_bipartite",
    "layers",
    "spanning_tree",
    "strong_components",
    "topological_order",
]
