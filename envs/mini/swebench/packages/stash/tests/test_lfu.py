import pytest
from stash import LFUCache


def test_get_and_put():
    cache = LFUCache(2)
    cache.put("a", 1)
    assert cache.get("a") == 1
    assert cache.get("b", "none") == "none"
    assert len(cache) == 1
    assert "a" in cache


def test_the_least_used_goes():
    cache = LFUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.get("a")
    cache.put("c", 3)
    assert "b" not in cache
    assert "a" in cache
    assert cache.stats.evictions == 1


def test_the_oldest_among_equals_goes():
    cache = LFUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("c", 3)
    assert "a" not in cache
    assert len(cache) == 2


def test_counts():
    cache = LFUCache(3)
    cache.put("a", 1)
    assert cache.count("a") == 1
    cache.get("a")
    cache.put("a", 5)
    assert cache.count("a") == 3
    assert cache.count("z") == 0
    assert cache.get("a") == 5


def test_overwriting_evicts_nothing():
    cache = LFUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("b", 3)
    assert len(cache) == 2
    assert cache.stats.evictions == 0


def test_remove():
    cache = LFUCache(2)
    cache.put("a", 1)
    assert cache.remove("a") is True
    assert cache.remove("a") is False
    assert cache.count("a") == 0


def test_statistics():
    cache = LFUCache(2)
    cache.put("a", 1)
    cache.get("a")
    cache.get("b")
    cache.get("b")
    assert (cache.stats.hits, cache.stats.misses) == (1, 2)


def test_most_used():
    cache = LFUCache(4)
    for key in "abcd":
        cache.put(key, key)
    for key in "ccb":
        cache.get(key)
    assert cache.most_used(2) == ["c", "b"]
    assert cache.most_used(3) == ["c", "b", "a"]
    assert cache.most_used(0) == []


def test_aging_halves_counts():
    cache = LFUCache(2, age_after=4)
    cache.put("a", 1)
    for _ in range(3):
        cache.get("a")
    assert cache.count("a") == 4
    cache.get("a")
    assert cache.count("a") == 3


def test_aging_starts_again():
    cache = LFUCache(2, age_after=2)
    cache.put("a", 1)
    for _ in range(3):
        cache.get("a")
    assert cache.count("a") == 3


def test_counts_never_fall_to_zero():
    cache = LFUCache(2, age_after=1)
    cache.put("a", 1)
    cache.get("z")
    cache.get("z")
    assert cache.count("a") == 1


def test_without_aging_counts_grow():
    cache = LFUCache(2)
    cache.put("a", 1)
    for _ in range(9):
        cache.get("a")
    assert cache.count("a") == 10


def test_capacity_must_be_positive():
    with pytest.raises(ValueError):
        LFUCache(0)
    assert LFUCache(1).capacity == 1
