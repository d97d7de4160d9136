"""Time as a dependency, so that tests turn the clock instead of waiting for it."""

import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime


class Clock(ABC):
    @abstractmethod
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    @abstractmethod
    def time(self) -> float:
        """The present moment in POSIX seconds, where making a datetime would cost too much."""

    @abstractmethod
    def monotonic(self) -> float:
        """Seconds that never go backwards, for measuring intervals."""


class SystemClock(Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)

    # Asked for each request: as it is, without a call of our own around it.
    time = staticmethod(time.time)

    def monotonic(self) -> float:
        return time.monotonic()
