"""Which requests are looked at closely: all while little is going on, one of many when there is much."""

import random
from math import ceil


class Sampling:
    """`rate` requests a second are looked at, whatever comes; None: every one.

    `following` is the number of the next one, `stride` how many of all each of them stands for. Distances are random,
    so that what comes in a rhythm is not looked at in the same.
    """

    __slots__ = ("_budget", "_left", "_random", "_seen", "following", "stride")

    def __init__(self, rate: int | None, *, ticks: float, seed: int | None = None) -> None:
        """`ticks` a second."""
        self._budget = max(1, round(rate / ticks)) if rate is not None else None
        self._left = self._budget or 0
        self._seen = 0
        self._random = random.Random(seed)
        self.stride = 1
        self.following = 1

    def take(self, number: int) -> int:
        """Look at request `number`: returns how many it stands for, and sets the next one."""
        weight = self.stride
        if self._budget is not None:
            self._left -= 1
            if self._left <= 0:
                # More came than in the ticks before: from here on fewer of them are looked at.
                self._left = self._budget
                self.stride *= 2
        self.following = number + self._random.randint(1, 2 * self.stride - 1)
        return weight

    def tick(self, number: int) -> None:
        """Set the pace by what came since the last tick, the last of which had `number`."""
        if self._budget is None:
            return
        came, self._seen = number - self._seen, number
        self._left = self._budget
        self.stride = max(1, ceil(came / self._budget))
        # A long distance that was drawn while much went on must not outlast it.
        self.following = min(self.following, number + 2 * self.stride - 1)
