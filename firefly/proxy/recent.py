"""A bounded dictionary that keeps what was asked for lately, and more than once."""

from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """At most `size` entries, in two generations: a full younger one takes the older one's place.

    What is found in the older one moves to the younger, so that a lookup that succeeds costs a dictionary's. A key is
    kept when it is put for the second time: what comes only once does not push out what comes often, and costs little.
    """

    __slots__ = ("_half", "_old", "_once", "_young")

    def __init__(self, size: int) -> None:
        self._half = max(1, size // 2)
        self._young: dict[bytes, V] = {}
        self._old: dict[bytes, V] = {}
        self._once: set[int] = set()
        """Hashes of keys that were put once; they are salted, so nobody can choose them."""

    def get(self, key: bytes) -> V | None:
        return self._young.get(key) or self._revive(key)

    def put(self, key: bytes, value: V) -> None:
        mark = hash(key)
        if mark in self._once:
            self._keep(key, value)
        else:
            if len(self._once) >= self._half * 4:
                self._once.clear()
            self._once.add(mark)

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def _keep(self, key: bytes, value: V) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def _revive(self, key: bytes) -> V | None:
        value = self._old.pop(key, None)
        if value is not None:
            self._keep(key, value)
        return value
