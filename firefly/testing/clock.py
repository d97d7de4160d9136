"""A clock that tests turn by hand."""

from datetime import UTC, datetime, timedelta

from firefly.clock import Clock


class ManualClock(Clock):
    """Stands still until `advance`; starts at the given moment, else at the present one."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def time(self) -> float:
        return self._now.timestamp()

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
