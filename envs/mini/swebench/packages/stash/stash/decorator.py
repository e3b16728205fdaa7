"""Remember what a function returned."""

import functools

from stash.lru import LRUCache


def make_key(args, kwargs, typed=False):
    """A key for a call; keyword order does not matter. With ``typed``, 1 and 1.0 are different arguments."""
    key = (args, tuple(sorted(kwargs.items())))
    if typed:
        types = tuple(type(value) for value in args)
        key += (types, tuple(type(kwargs[name]) for name in sorted(kwargs)))
    return key


def cached(capacity=128, typed=False, keep_none=True):
    """Decorate a function so that equal calls are computed once; ``keep_none=False`` computes None anew.

    The function gets ``cache``, the cache itself, and ``cache_clear()``, which forgets results and statistics.
    """

    def decorate(function):
        cache = LRUCache(capacity)

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            key = make_key(args, kwargs, typed)
            if key in cache:
                return cache.get(key)
            cache.stats.misses += 1
            value = function(*args, **kwargs)
            if value is not None or keep_none:
                cache.put(key, value)
            return value

        def cache_clear():
            cache.clear()
            cache.stats.reset()

        wrapper.cache = cache
        wrapper.cache_clear = cache_clear
        return wrapper

    return decorate
