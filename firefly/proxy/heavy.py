"""Who asks most, in bounded memory: the space-saving algorithm (Metwally, Agrawal, El Abbadi, 2005)."""

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class Count:
    """Of one name. `spare` was taken over from the name that had to go: so many requests may have been others'."""

    requests: int = 0
    sent: int = 0
    errors: int = 0
    spare: int = 0

    def add(self, requests: int, sent: int, errors: int, spare: int = 0) -> None:
        self.requests += requests
        self.sent += sent
        self.errors += errors
        self.spare += spare


class Heavy:
    """Counts names, at most `size` of them: whoever has more than one in `size` of all requests is among them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.counts: dict[str, Count] = {}

    def add(self, name: str, requests: int, *, sent: int, errors: int) -> None:
        count = self.counts.get(name)
        if count is None:
            spare = self._make_room()
            count = self.counts[name] = Count(requests=spare, spare=spare)
        count.add(requests, sent, errors)

    def _make_room(self) -> int:
        """How many requests the name had that goes for it."""
        if len(self.counts) < self._size:
            return 0
        least = min(self.counts, key=lambda name: self.counts[name].requests)
        return self.counts.pop(least).requests


class Talkers:
    """The heaviest names of the last minute, kept in parts of which the oldest is forgotten."""

    def __init__(self, *, size: int = 64, parts: int = 6) -> None:
        self._size = size
        self._parts: deque[Heavy] = deque([Heavy(size)], maxlen=parts)

    def add(self, name: str, requests: int, *, sent: int, errors: int) -> None:
        self._parts[-1].add(name, requests, sent=sent, errors=errors)

    def turn(self) -> None:
        """Begin the next part."""
        self._parts.append(Heavy(self._size))

    def top(self, number: int) -> list[tuple[str, Count]]:
        """The heaviest first."""
        together: dict[str, Count] = {}
        for part in self._parts:
            for name, count in part.counts.items():
                together.setdefault(name, Count()).add(count.requests, count.sent, count.errors, count.spare)
        return sorted(together.items(), key=lambda item: item[1].requests, reverse=True)[:number]
