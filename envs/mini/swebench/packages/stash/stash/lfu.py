"""The least frequently used entry goes first, the oldest among equals."""

from stash.stats import Stats


class LFUCache:
    """At most ``capacity`` entries; every ``age_after`` lookups all counts are halved, so that old fame fades."""

    def __init__(self, capacity, age_after=0):
        if capacity < 1:
            raise ValueError("capacity must be at least 1")
        self.capacity = capacity
        self.age_after = age_after
        self.stats = Stats()
        self._values = {}
        self._counts = {}
        self._since_aging = 0

    def __len__(self):
        return len(self._values)

    def __contains__(self, key):
        return key in self._values

    def get(self, key, default=None):
        """The value of ``key``, which has been used once more; ``default`` if it is not there."""
        self._tick()
        if key not in self._values:
            self.stats.misses += 1
            return default
        self.stats.hits += 1
        self._counts[key] += 1
        return self._values[key]

    def put(self, key, value):
        """Store a value; a new key may push out the least used one."""
        if key in self._values:
            self._values[key] = value
            self._counts[key] += 1
            return
        if len(self._values) >= self.capacity:
            self._evict()
        self._values[key] = value
        self._counts[key] = 1

    def count(self, key):
        """How often ``key`` was used; 0 if it is not there."""
        return self._counts.get(key, 0)

    def remove(self, key):
        """Forget ``key``; whether it was there."""
        if key not in self._values:
            return False
        del self._values[key]
        del self._counts[key]
        return True

    def most_used(self, number):
        """The ``number`` most used keys, the most used first; keys used equally in the order they came."""
        ranked = sorted(self._counts, key=lambda key: -self._counts[key])
        return ranked[:number]

    def _evict(self):
        victim = min(self._counts, key=lambda key: self._counts[key])
        self.remove(victim)
        self.stats.evictions += 1

    def _tick(self):
        if self.age_after == 0:
            return
        self._since_aging += 1
        if self._since_aging >= self.age_after:
            self._since_aging = 0
            for key in self._counts:
                self._counts[key] = max(1, self._counts[key] // 2)
