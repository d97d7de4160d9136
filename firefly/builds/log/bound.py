"""How much of a log is kept: its first half for good, and behind that what came last."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

# What comes last is cut by this part of its room at a time, since each cut is a statement.
CUT = 8


@dataclass(frozen=True, slots=True)
class Cut:
    """The pieces that begin after line `after` and not after line `through` are kept no longer."""

    after: int
    through: int


class Bound:
    """`most` is in bytes of text. Line numbers go on over what is left out."""

    def __init__(self, most: int, stored: Iterable[tuple[int, int]] = ()) -> None:
        """`stored`: first line and size of each piece that is there already, in order."""
        self.most = most
        self.reached = False
        self._first, self._last_of_first = 0, 0
        self._rest: deque[tuple[int, int]] = deque()
        self._rest_size = 0
        for first_line, size in stored:
            self.add(first_line, size)

    def add(self, first_line: int, size: int) -> Cut | None:
        """Count a piece; what has to go for it."""
        if not self._rest and self._first + size <= self.most // 2:
            self._first += size
            self._last_of_first = first_line
            return None
        self._rest.append((first_line, size))
        self._rest_size += size
        return self._cut() if self._rest_size > self.most // 2 else None

    def _cut(self) -> Cut | None:
        through = 0
        while len(self._rest) > 1 and self._rest_size > self.most // 2 - self.most // 2 // CUT:
            through, size = self._rest.popleft()
            self._rest_size -= size
        if not through:
            return None
        self.reached = True
        return Cut(self._last_of_first, through)
