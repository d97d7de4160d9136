"""The bounded cache: finds what it holds, and never holds more than it may."""

from hypothesis import given
from hypothesis import strategies as st

from firefly.auth.cache import BoundedCache


def test_the_oldest_leaves_first() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    for number, name in enumerate("abc"):
        cache.put(name, number)
    assert [cache.get(name) for name in "abc"] == [None, 1, 2]


def test_putting_again_replaces_and_drives_nobody_out() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("b", 3)
    assert (cache.get("a"), cache.get("b"), len(cache)) == (1, 3, 2)


def test_what_is_discarded_is_gone() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.put("a", 1)
    cache.discard("a")
    cache.discard("never there")
    assert cache.get("a") is None
    cache.put("b", 2)
    cache.clear()
    assert len(cache) == 0


@given(size=st.integers(1, 5), keys=st.lists(st.integers(0, 10)))
def test_it_never_grows_beyond_its_size(size: int, keys: list[int]) -> None:
    cache: BoundedCache[int, int] = BoundedCache(size)
    for key in keys:
        cache.put(key, -key)
        assert cache.get(key) == -key
        assert len(cache) <= size
