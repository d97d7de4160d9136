"""When checkpoints are made: soon after an edit has settled, and not so often that little else gets done."""

import asyncio
import time

from firefly.bridge.watcher import BATCH_SECONDS

# An edit has settled after so long a silence; one that never does is taken as it is. First: a start has other work.
QUIET, LONGEST, FIRST = 0.8, 2.5, 2.5
# Of the time, at most a third goes into checkpoints.
SHARE, LONGEST_PAUSE = 2.0, 60.0
FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0


class Pace:
    def __init__(self) -> None:
        self._since: float | None = None
        self._last = 0.0
        self._not_before = 0.0

    def begin(self) -> None:
        self._not_before = time.monotonic() + FIRST

    def changed(self) -> None:
        """Something was edited just now."""
        self._last = time.monotonic()
        self._since = self._since or self._last

    def taken(self) -> None:
        """What has changed so far is being saved."""
        self._since = None

    def saved(self, seconds: float) -> None:
        """That took so long."""
        self._not_before = time.monotonic() + min(seconds * SHARE, LONGEST_PAUSE)

    def failed(self, times: int) -> None:
        """So often in a row."""
        self._not_before = time.monotonic() + min(FIRST_RETRY * 2 ** (times - 1), LONGEST_RETRY)

    async def due(self) -> None:
        """Return when nothing has happened for a while, or something has gone on for long, once the pause is over."""
        rest = self._rest()
        while rest > 0:
            await asyncio.sleep(max(rest, BATCH_SECONDS))
            rest = self._rest()

    def _rest(self) -> float:
        due = min(self._last + QUIET, (self._since or self._last) + LONGEST)
        return max(due, self._not_before) - time.monotonic()
