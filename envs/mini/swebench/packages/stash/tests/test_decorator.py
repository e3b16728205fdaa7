from stash import Stats, cached
from stash.decorator import make_key


def test_equal_calls_are_computed_once():
    calls = []

    @cached()
    def add(a, b=0):
        """Add two numbers."""
        calls.append((a, b))
        return a + b

    assert [add(1, b=2), add(1, b=2), add(2)] == [3, 3, 2]
    assert calls == [(1, 2), (2, 0)]
    assert add.__doc__ == "Add two numbers."


def test_capacity():
    calls = []

    @cached(capacity=1)
    def same(x):
        calls.append(x)
        return x

    for x in (1, 2, 1):
        same(x)
    assert calls == [1, 2, 1]
    assert same.cache.stats.evictions == 2


def test_keyword_order():
    assert make_key((), {"a": 1, "b": 2}) == make_key((), {"b": 2, "a": 1})
    assert make_key((1,), {}) != make_key((2,), {})
    assert make_key((1,), {}) != make_key((), {"x": 1})


def test_typed():
    assert make_key((1,), {}) == make_key((1.0,), {})
    assert make_key((1,), {}, typed=True) != make_key((1.0,), {}, typed=True)
    assert make_key((), {"x": 1}, typed=True) != make_key((), {"x": 1.0}, typed=True)


def test_none_is_kept():
    calls = []

    @cached()
    def nothing(x):
        calls.append(x)

    nothing(1)
    nothing(1)
    assert calls == [1]


def test_none_is_not_kept():
    calls = []

    @cached(keep_none=False)
    def find(x):
        calls.append(x)
        return None if x < 0 else x

    for x in (-1, -1, 5, 5):
        find(x)
    assert calls == [-1, -1, 5]


def test_cache_clear():
    @cached()
    def same(x):
        return x

    same(1)
    same(1)
    assert (same.cache.stats.hits, same.cache.stats.misses) == (1, 1)
    same.cache_clear()
    assert len(same.cache) == 0
    assert same.cache.stats.lookups == 0


def test_hit_rate():
    stats = Stats()
    assert stats.hit_rate == 0.0
    stats.hits, stats.misses = 3, 1
    assert stats.lookups == 4
    assert stats.hit_rate == 0.75


def test_reset():
    stats = Stats()
    stats.hits = stats.misses = stats.evictions = 5
    stats.reset()
    assert (stats.hits, stats.misses, stats.evictions) == (0, 0, 0)


def test_merge():
    one, other = Stats(), Stats()
    one.hits, one.misses, one.evictions = 1, 2, 3
    other.hits, other.misses, other.evictions = 10, 20, 30
    total = one.merge(other)
    assert (total.hits, total.misses, total.evictions) == (11, 22, 33)
    assert one.hits == 1


def test_summary():
    stats = Stats()
    stats.hits, stats.misses, stats.evictions = 2, 1, 4
    assert stats.summary() == "2 hits, 1 misses (67%), 4 evicted"
