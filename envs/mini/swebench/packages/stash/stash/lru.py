"""The least recently used entry goes first."""

from collections import OrderedDict

from stash.stats import Stats

_MISSING = object()


class LRUCache:
    """At most ``capacity`` entries, or entries of ``capacity`` weight if ``weigh`` is given.

    Reading or writing an entry makes it the most recent one. ``on_evict(key, value)`` is told what went.
    """

    def __init__(self, capacity, weigh=None, on_evict=None):
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self.capacity = capacity
        self.stats = Stats()
        self._weigh = weigh or (lambda value: 1)
        self._on_evict = on_evict
        self._entries = OrderedDict()
        self._weight = 0

    def __len__(self):
        return len(self._entries)

    def __contains__(self, key):
        return key in self._entries

    @property
    def weight(self):
        """The weight of all entries."""
        return self._weight

    def get(self, key, default=None):
        """The value of ``key``, which becomes the most recent; ``default`` if it is not there."""
        value = self._entries.get(key, _MISSING)
        if value is _MISSING:
            self.stats.misses += 1
            return default
        self.stats.hits += 1
        self._entries.move_to_end(key)
        return value

    def peek(self, key, default=None):
        """The value of ``key``; neither order nor statistics change."""
        return self._entries.get(key, default)

    def put(self, key, value):
        """Store a value and evict what no longer fits."""
        weight = self._weigh(value)
        if weight > self.capacity:
            raise ValueError("the value is heavier than the cache")
        if key in self._entries:
            self._weight -= self._weigh(self._entries[key])
        self._entries[key] = value
        self._entries.move_to_end(key)
        self._weight += weight
        while self._weight > self.capacity:
            self._evict()

    def pop(self, key, default=_MISSING):
        """Remove ``key`` and return its value; KeyError if it is not there and no default is given."""
        if key not in self._entries:
            if default is _MISSING:
                raise KeyError(key)
            return default
        value = self._entries.pop(key)
        self._weight -= self._weigh(value)
        return value

    def clear(self):
        """Remove everything; the statistics stay."""
        self._entries.clear()
        self._weight = 0

    def keys(self):
        """The keys, the most recent first."""
        return list(reversed(self._entries))

    def resize(self, capacity):
        """Change the capacity; what no longer fits is evicted."""
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self.capacity = capacity
        while self._weight > self.capacity:
            self._evict()

    def get_or_compute(self, key, compute):
        """The value of ``key``; what ``compute(key)`` returns is stored first if it is not there."""
        value = self.get(key, _MISSING)
        if value is _MISSING:
            value = compute(key)
            self.put(key, value)
        return value

    def _evict(self):
        key, value = self._entries.popitem(last=False)
        self._weight -= self._weigh(value)
        self.stats.evictions += 1
        if self._on_evict is not None:
            self._on_evict(key, value)
