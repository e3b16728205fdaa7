"""The graph itself: nodes in the order they came, and the weights of its edges."""


class Graph:
    """Nodes are any hashable values; an edge has a weight, 1 unless given."""

    def __init__(self, directed=False, edges=()):
        self.directed = directed
        self._next = {}
        self._previous = {}
        for edge in edges:
            self.add_edge(*edge)

    def __len__(self):
        return len(self._next)

    def __contains__(self, node):
        return node in self._next

    @property
    def nodes(self):
        """All nodes."""
        return list(self._next)

    def add_node(self, node):
        """Add a node; nothing happens if it is there."""
        if node not in self._next:
            self._next[node] = {}
            self._previous[node] = {}

    def add_edge(self, start, end, weight=1):
        """Add an edge and its nodes; an edge that is there gets the new weight."""
        if weight < 0:
            raise ValueError("weights are not negative")
        self.add_node(start)
        self.add_node(end)
        self._next[start][end] = weight
        self._previous[end][start] = weight
        if not self.directed:
            self._next[end][start] = weight
            self._previous[start][end] = weight

    def remove_edge(self, start, end):
        """Remove an edge; KeyError if there is none."""
        if not self.has_edge(start, end):
            raise KeyError((start, end))
        del self._next[start][end]
        del self._previous[end][start]
        if not self.directed and start != end:
            del self._next[end][start]
            del self._previous[start][end]

    def remove_node(self, node):
        """Remove a node and all its edges; KeyError if it is not there."""
        if node not in self._next:
            raise KeyError(node)
        for other in list(self._next[node]):
            del self._previous[other][node]
        for other in list(self._previous[node]):
            if other != node:
                del self._next[other][node]
        del self._next[node]
        del self._previous[node]

    def has_edge(self, start, end):
        """Whether there is an edge."""
        return start in self._next and end in self._next[start]

    def weight(self, start, end):
        """The weight of an edge; KeyError if there is none."""
        if not self.has_edge(start, end):
            raise KeyError((start, end))
        return self._next[start][end]

    def neighbours(self, node):
        """The nodes that edges lead to."""
        return list(self._next[node])

    def predecessors(self, node):
        """The nodes that edges come from."""
        return list(self._previous[node])

    def degree(self, node):
        """The number of edges at a node; a loop counts twice."""
        if self.directed:
            return len(self._next[node]) + len(self._previous[node])
        loops = 1 if node in self._next[node] else 0
        return len(self._next[node]) + loops

    def edges(self):
        """(start, end, weight) of every edge; an undirected one is told once."""
        found = []
        seen = set()
        for start, targets in self._next.items():
            for end, weight in targets.items():
                if not self.directed and (end, start) in seen:
                    continue
                seen.add((start, end))
                found.append((start, end, weight))
        return found

    def total_weight(self):
        """The sum of all weights."""
        return sum(weight for start, end, weight in self.edges())

    def reversed(self):
        """The graph with every edge turned round."""
        result = Graph(directed=self.directed)
        for node in self._next:
            result.add_node(node)
        for start, end, weight in self.edges():
            result.add_edge(end, start, weight)
        return result

    def subgraph(self, nodes):
        """The given nodes and the edges among them."""
        kept = set(nodes)
        result = Graph(directed=self.directed)
        for node in self._next:
            if node in kept:
                result.add_node(node)
        for start, end, weight in self.edges():
            if start in kept and end in kept:
                result.add_edge(start, end, weight)
        return result
