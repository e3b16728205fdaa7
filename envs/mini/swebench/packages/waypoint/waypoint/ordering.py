"""Orders of a directed graph."""

import heapq


class CycleError(ValueError):
    """The graph has a cycle; ``cycle`` holds its nodes, the first one again at the end."""

    def __init__(self, cycle):
        super().__init__(" -> ".join(map(str, cycle)))
        self.cycle = cycle


def topological_order(graph):
    """The nodes so that every edge leads forward, the smallest first where there is a choice."""
    missing = {node: len(graph.predecessors(node)) for node in graph.nodes}
    ready = [node for node, count in missing.items() if count == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        node = heapq.heappop(ready)
        order.append(node)
        for other in graph.neighbours(node):
            missing[other] -= 1
            if missing[other] == 0:
                heapq.heappush(ready, other)
    if len(order) < len(graph):
        raise CycleError(find_cycle(graph))
    return order


def layers(graph):
    """The nodes in groups: those without predecessors, those that need only the first group, and so on."""
    level = {}
    for node in topological_order(graph):
        before = [level[other] for other in graph.predecessors(node)]
        level[node] = max(before) + 1 if before else 0
    groups = [[] for _ in range(max(level.values()) + 1)] if level else []
    for node, number in level.items():
        groups[number].append(node)
    return [sorted(group) for group in groups]


def find_cycle(graph):
    """The nodes of a cycle, the first one again at the end; None if there is none."""
    state = {}
    for start in graph.nodes:
        if start not in state:
            cycle = _search(graph, start, state, [])
            if cycle is not None:
                return cycle
    return None


def _search(graph, node, state, path):
    state[node] = "open"
    path.append(node)
    for other in graph.neighbours(node):
        if state.get(other) == "open":
            return [*path[path.index(other) :], other]
        if other not in state:
            cycle = _search(graph, other, state, path)
            if cycle is not None:
                return cycle
    path.pop()
    state[node] = "closed"
    return None
