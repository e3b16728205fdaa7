import pytest
from stash import TTLCache


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_entries_expire(clock):
    cache = TTLCache(10, clock=clock)
    cache.put("a", 1)
    clock.now += 9
    assert cache.get("a") == 1
    clock.now += 1
    assert cache.get("a") is None
    assert cache.get("a", "late") == "late"


def test_contains(clock):
    cache = TTLCache(10, clock=clock)
    cache.put("a", 1)
    assert "a" in cache
    clock.now += 10
    assert "a" not in cache


def test_reading_does_not_prolong(clock):
    cache = TTLCache(10, clock=clock)
    cache.put("a", 1)
    clock.now += 6
    cache.get("a")
    clock.now += 6
    assert cache.get("a") is None


def test_sliding(clock):
    cache = TTLCache(10, sliding=True, clock=clock)
    cache.put("a", 1)
    for _ in range(5):
        clock.now += 6
        assert cache.get("a") == 1
    clock.now += 10
    assert cache.get("a") is None


def test_writing_prolongs(clock):
    cache = TTLCache(10, clock=clock)
    cache.put("a", 1)
    clock.now += 6
    cache.put("a", 2)
    clock.now += 6
    assert cache.get("a") == 2


def test_own_ttl(clock):
    cache = TTLCache(10, clock=clock)
    cache.put("a", 1, ttl=3)
    cache.put("b", 2, ttl=30)
    clock.now += 5
    assert cache.get("a") is None
    clock.now += 10
    assert cache.get("b") == 2


def test_ttl_must_be_positive(clock):
    for ttl in (0, -1):
        with pytest.raises(ValueError):
            TTLCache(ttl)
        with pytest.raises(ValueError):
            TTLCache(1, clock=clock).put("a", 1, ttl=ttl)


def test_remaining(clock):
    cache = TTLCache(10, clock=clock)
    cache.put("a", 1)
    clock.now += 4
    assert cache.remaining("a") == 6
    assert cache.remaining("z") == 0
    clock.now += 20
    assert cache.remaining("a") == 0


def test_touch(clock):
    cache = TTLCache(10, clock=clock)
    cache.put("a", 1)
    clock.now += 8
    assert cache.touch("a") is True
    assert cache.remaining("a") == 10
    clock.now += 11
    assert cache.touch("a") is False
    assert cache.touch("z") is False


def test_purge(clock):
    cache = TTLCache(10, clock=clock)
    cache.put("a", 1)
    cache.put("b", 1, ttl=20)
    clock.now += 10
    assert cache.purge() == 1
    assert cache.purge() == 0
    assert len(cache) == 1


def test_len_counts_the_living(clock):
    cache = TTLCache(10, clock=clock)
    cache.put("a", 1)
    clock.now += 5
    cache.put("b", 1)
    clock.now += 6
    assert len(cache) == 1


def test_what_expires_first_goes(clock):
    cache = TTLCache(10, capacity=2, clock=clock)
    cache.put("a", 1, ttl=9)
    cache.put("b", 2, ttl=5)
    cache.put("c", 3, ttl=7)
    assert "b" not in cache
    assert len(cache) == 2
    assert cache.stats.evictions == 1


def test_the_expired_make_room(clock):
    cache = TTLCache(10, capacity=2, clock=clock)
    cache.put("a", 1, ttl=1)
    cache.put("b", 2)
    clock.now += 2
    cache.put("c", 3)
    assert "b" in cache
    assert cache.stats.evictions == 0


def test_no_capacity_keeps_all(clock):
    cache = TTLCache(10, clock=clock)
    for number in range(50):
        cache.put(number, number)
    assert len(cache) == 50


def test_statistics(clock):
    cache = TTLCache(10, clock=clock)
    cache.put("a", 1)
    cache.get("a")
    cache.get("b")
    clock.now += 11
    cache.get("a")
    assert (cache.stats.hits, cache.stats.misses) == (1, 2)
