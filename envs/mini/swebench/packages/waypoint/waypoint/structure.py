"""How a graph hangs together."""


def components(graph):
    """The connected parts of an undirected graph, the largest first; nodes in the order they are met."""
    if graph.directed:
        raise ValueError("components are of undirected graphs; see strong_components")
    seen = set()
    parts = []
    for start in graph.nodes:
        if start in seen:
            continue
        part = []
        waiting = [start]
        seen.add(start)
        while waiting:
            node = waiting.pop(0)
            part.append(node)
            for other in graph.neighbours(node):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        parts.append(part)
    return sorted(parts, key=len, reverse=True)


def strong_components(graph):
    """The parts of a directed graph in which every node reaches every other, each sorted."""
    finished = []
    seen = set()
    for node in graph.nodes:
        if node not in seen:
            _finish(graph, node, seen, finished)
    turned = graph.reversed()
    seen = set()
    parts = []
    for node in reversed(finished):
        if node not in seen:
            part = []
            _finish(turned, node, seen, part)
            parts.append(sorted(part))
    return sorted(parts)


def _finish(graph, node, seen, finished):
    seen.add(node)
    for other in graph.neighbours(node):
        if other not in seen:
            _finish(graph, other, seen, finished)
    finished.append(node)


def is_bipartite(graph):
    """Whether two colours are enough for no edge to join nodes of one colour."""
    colour = {}
    for start in graph.nodes:
        if start in colour:
            continue
        colour[start] = 0
        waiting = [start]
        while waiting:
            node = waiting.pop()
            for other in graph.neighbours(node):
                if other not in colour:
                    colour[other] = 1 - colour[node]
                    waiting.append(other)
                elif colour[other] == colour[node]:
                    return False
    return True


def spanning_tree(graph):
    """The cheapest edges that connect what is connected, as a graph."""
    parent = {node: node for node in graph.nodes}

    def root(node):
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    tree = type(graph)()
    for node in graph.nodes:
        tree.add_node(node)
    for start, end, weight in sorted(graph.edges(), key=lambda edge: edge[2]):
        one, other = root(start), root(end)
        if one != other:
            parent[one] = other
            tree.add_edge(start, end, weight)
    return tree


def bridges(graph):
    """The edges of an undirected graph whose loss would cut it in two, each as a sorted pair."""
    before = len(components(graph))
    found = []
    for start, end, weight in graph.edges():
        if start == end:
            continue
        graph.remove_edge(start, end)
        if len(components(graph)) > before:
            found.append(tuple(sorted((start, end))))
        graph.add_edge(start, end, weight)
    return sorted(found)
