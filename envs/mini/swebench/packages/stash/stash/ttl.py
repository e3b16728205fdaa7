"""Entries that live for a time."""

import time

from stash.stats import Stats


class TTLCache:
    """Entries expire ``ttl`` seconds after they were written, or, with ``sliding``, after they were last read.

    ``clock`` is a function that returns seconds; at most ``capacity`` entries are kept, 0 for any number.
    """

    def __init__(self, ttl, capacity=0, sliding=False, clock=time.monotonic):
        if ttl <= 0:
            raise ValueError("ttl must be positive")
        self.ttl = ttl
        self.capacity = capacity
        self.sliding = sliding
        self.stats = Stats()
        self._clock = clock
        self._entries = {}

    def __len__(self):
        self.purge()
        return len(self._entries)

    def __contains__(self, key):
        return self._alive(key)

    def get(self, key, default=None):
        """The value of ``key``; ``default`` if it is not there or has expired."""
        if not self._alive(key):
            self.stats.misses += 1
            self._entries.pop(key, None)
            return default
        self.stats.hits += 1
        value, _ = self._entries[key]
        if self.sliding:
            self._entries[key] = (value, self._clock() + self.ttl)
        return value

    def put(self, key, value, ttl=None):
        """Store a value, for ``ttl`` seconds if given."""
        lifetime = self.ttl if ttl is None else ttl
        if lifetime <= 0:
            raise ValueError("ttl must be positive")
        self._entries.pop(key, None)
        self._entries[key] = (value, self._clock() + lifetime)
        if self.capacity and len(self._entries) > self.capacity:
            self._make_room()

    def remaining(self, key):
        """Seconds that ``key`` has left; 0 if it is not there or has expired."""
        if key not in self._entries:
            return 0
        return max(0, self._entries[key][1] - self._clock())

    def touch(self, key):
        """Start the time of ``key`` anew; whether it was still alive."""
        if not self._alive(key):
            return False
        value, _ = self._entries[key]
        self._entries[key] = (value, self._clock() + self.ttl)
        return True

    def purge(self):
        """Remove what has expired; how many entries that were."""
        now = self._clock()
        expired = [key for key, (value, expires) in self._entries.items() if expires <= now]
        for key in expired:
            del self._entries[key]
        return len(expired)

    def _alive(self, key):
        return key in self._entries and self._entries[key][1] > self._clock()

    def _make_room(self):
        self.purge()
        while len(self._entries) > self.capacity:
            soonest = min(self._entries, key=lambda key: self._entries[key][1])
            del self._entries[soonest]
            self.stats.evictions += 1
