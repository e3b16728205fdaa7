import pytest
from stash import LRUCache


def filled(*keys, capacity=3, **kwargs):
    cache = LRUCache(capacity, **kwargs)
    for key in keys:
        cache.put(key, key.upper())
    return cache


def test_get_and_put():
    cache = filled("a", "b")
    assert cache.get("a") == "A"
    assert cache.get("z") is None
    assert cache.get("z", 7) == 7
    assert len(cache) == 2


def test_the_oldest_goes():
    cache = filled("a", "b", "c", "d")
    assert cache.keys() == ["d", "c", "b"]
    assert "a" not in cache


def test_reading_makes_recent():
    cache = filled("a", "b", "c")
    cache.get("a")
    cache.put("d", "D")
    assert "a" in cache
    assert "b" not in cache


def test_writing_again_makes_recent():
    cache = filled("a", "b", "c")
    cache.put("a", "new")
    assert cache.keys() == ["a", "c", "b"]
    assert len(cache) == 3
    assert cache.weight == 3


def test_peek_changes_nothing():
    cache = filled("a", "b", "c")
    assert cache.peek("a") == "A"
    assert cache.peek("z", "?") == "?"
    cache.put("d", "D")
    assert "a" not in cache
    assert cache.stats.lookups == 0


def test_statistics():
    cache = filled("a")
    cache.get("a")
    cache.get("a")
    cache.get("b")
    assert (cache.stats.hits, cache.stats.misses) == (2, 1)
    assert cache.stats.evictions == 0


def test_evictions_are_counted():
    assert filled("a", "b", "c", "d", "e").stats.evictions == 2


def test_none_is_a_value():
    cache = LRUCache(2)
    cache.put("a", None)
    assert cache.get("a", "default") is None
    assert cache.stats.hits == 1


def test_weights():
    cache = LRUCache(10, weigh=len)
    cache.put("a", "1234")
    cache.put("b", "12345")
    assert cache.weight == 9
    cache.put("c", "12")
    assert cache.keys() == ["c", "b"]
    assert cache.weight == 7


def test_a_full_cache_is_not_too_full():
    cache = LRUCache(4, weigh=len)
    cache.put("a", "12")
    cache.put("b", "12")
    assert cache.keys() == ["b", "a"]


def test_weight_of_an_overwritten_value():
    cache = LRUCache(10, weigh=len)
    cache.put("a", "12345678")
    cache.put("a", "12")
    assert cache.weight == 2


def test_too_heavy():
    cache = LRUCache(3, weigh=len)
    with pytest.raises(ValueError):
        cache.put("a", "1234")
    cache.put("a", "123")
    assert cache.get("a") == "123"


def test_pop():
    cache = filled("a", "b")
    assert cache.pop("a") == "A"
    assert cache.weight == 1
    assert cache.pop("a", "gone") == "gone"
    with pytest.raises(KeyError):
        cache.pop("a")


def test_clear():
    cache = filled("a", "b", "c")
    cache.get("a")
    cache.clear()
    assert len(cache) == 0
    assert cache.weight == 0
    assert cache.stats.hits == 1


def test_resize():
    cache = filled("a", "b", "c")
    cache.resize(1)
    assert cache.keys() == ["c"]
    assert cache.capacity == 1
    with pytest.raises(ValueError):
        cache.resize(0)


def test_capacity_must_be_positive():
    with pytest.raises(ValueError):
        LRUCache(0)
    assert LRUCache(1).capacity == 1


def test_on_evict():
    gone = []
    filled("a", "b", "c", "d", on_evict=lambda key, value: gone.append((key, value)))
    assert gone == [("a", "A")]


def test_get_or_compute():
    cache = LRUCache(2)
    calls = []

    def compute(key):
        calls.append(key)
        return key * 2

    assert cache.get_or_compute("x", compute) == "xx"
    assert cache.get_or_compute("x", compute) == "xx"
    assert calls == ["x"]
    assert (cache.stats.hits, cache.stats.misses) == (1, 1)
