"""A dictionary that forgets the oldest entries, for remembering what was already checked."""

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Holds `size` entries at most. Entries leave in the order in which they came, used or not."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: dict[K, V] = {}
        self.get: Callable[[K], V | None] = self._entries.get
        """As a dictionary's: a method of our own would cost more than the lookup."""

    def put(self, key: K, value: V) -> None:
        if len(self._entries) >= self._size and key not in self._entries:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = value

    def discard(self, key: K) -> None:
        self._entries.pop(key, None)

    def clear(self) -> None:
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)
