"""stash: caches that forget the least used, the oldest, or what has expired."""

from stash.decorator import cached
from stash.lfu import LFUCache
from stash.lru import LRUCache
from stash.stats import Stats
from stash.ttl import TTLCache

__all__ = ["LFUCache", "LRUCache", "Stats", "TTLCache", "cached"]
