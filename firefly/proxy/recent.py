"""A bounded dictionary that keeps what was asked for lately."""

from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Two generations: what is found in the older one moves to the younger; a full younger one becomes the older.

    So a lookup that succeeds costs a dictionary's, and no more than `size` entries are kept.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, size: int) -> None:
        self._half = max(1, size // 2)
        self._young: dict[bytes, V] = {}
        self._old: dict[bytes, V] = {}

    def get(self, key: bytes) -> V | None:
        return self._young.get(key) or self._revive(key)

    def put(self, key: bytes, value: V) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def _revive(self, key: bytes) -> V | None:
        value = self._old.pop(key, None)
        if value is not None:
            self.put(key, value)
        return value
