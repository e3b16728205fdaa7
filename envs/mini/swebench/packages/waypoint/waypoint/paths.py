"""Ways from node to node."""

import heapq
from collections import deque


class NoPath(LookupError):
    """There is no way."""


def fewest_hops(graph, start, goal):
    """A path with the fewest edges, as its nodes; NoPath if there is none, KeyError for unknown nodes."""
    _require(graph, start, goal)
    came_from = {start: None}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        if node == goal:
            return _trace(came_from, goal)
        for other in graph.neighbours(node):
            if other not in came_from:
                came_from[other] = node
                waiting.append(other)
    raise NoPath(f"no path from {start!r} to {goal!r}")


def distances(graph, start, limit=None):
    """The cost of the cheapest path to every node that can be reached, at most ``limit`` if given."""
    _require(graph, start)
    known = {}
    waiting = [(0, 0, start)]
    tie = 0
    while waiting:
        cost, _, node = heapq.heappop(waiting)
        if node in known:
            continue
        known[node] = cost
        for other in graph.neighbours(node):
            total = cost + graph.weight(node, other)
            if other not in known and (limit is None or total <= limit):
                tie += 1
                heapq.heappush(waiting, (total, tie, other))
    return known


def cheapest(graph, start, goal):
    """(cost, path) of a cheapest way; NoPath if there is none."""
    _require(graph, start, goal)
    came_from = {}
    best = {start: 0}
    waiting = [(0, 0, start)]
    tie = 0
    done = set()
    while waiting:
        cost, _, node = heapq.heappop(waiting)
        if node in done:
            continue
        if node == goal:
            came_from.setdefault(start, None)
            return cost, _trace(came_from, goal)
        done.add(node)
        for other in graph.neighbours(node):
            total = cost + graph.weight(node, other)
            if other not in best or total < best[other]:
                best[other] = total
                came_from[other] = node
                tie += 1
                heapq.heappush(waiting, (total, tie, other))
    raise NoPath(f"no path from {start!r} to {goal!r}")


def all_paths(graph, start, goal, longest=None):
    """Every path that visits no node twice, of at most ``longest`` edges if given."""
    _require(graph, start, goal)
    found = []
    _walk(graph, goal, longest, [start], found)
    return found


def _walk(graph, goal, longest, path, found):
    node = path[-1]
    if node == goal:
        found.append(list(path))
        return
    if longest is not None and len(path) > longest:
        return
    for other in graph.neighbours(node):
        if other not in path:
            path.append(other)
            _walk(graph, goal, longest, path, found)
            path.pop()


def _trace(came_from, goal):
    path = []
    node = goal
    while node is not None:
        path.append(node)
        node = came_from[node]
    path.reverse()
    return path


def _require(graph, *nodes):
    for node in nodes:
        if node not in graph:
            raise KeyError(node)
