"""Whether this replica knows what is true: it is told of changes by the database, or has not been for too long."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from firefly.bus import Bus
from firefly.errors import DatabaseUnavailable

# Seconds without a word from the database until nothing private is served any more.
LIMIT = 5.0
TICK = 0.25
# A tick that comes later than this shows that we slept ourselves, and have not listened yet.
OVERSLEPT = 1.0

log = structlog.get_logger()


class Freshness:
    """Calls `tell` with true when the database was silent for `limit` seconds, and with false when all is known again.

    After each gap `catch_up` is awaited, all of it, before anything private is served: routes, policies, revocations.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        catch_up: Sequence[Callable[[], Awaitable[None]]],
        tell: Callable[[bool], None],
        limit: float = LIMIT,
    ) -> None:
        self._bus = bus
        self._catch_up = catch_up
        self._tell = tell
        self._limit = limit
        self._session = bus.session
        self._known_at = time.monotonic()
        self.stale = False

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._follow())

    async def _watch(self) -> None:
        looked = time.monotonic()
        while True:
            now = time.monotonic()
            if self._session == self._bus.session:
                self._known_at = max(self._known_at, self._bus.heard_at)
            if now - looked < OVERSLEPT or self.stale:
                self._set(now - self._known_at > self._limit)
            looked = now
            await asyncio.sleep(TICK)

    async def _follow(self) -> None:
        while True:
            session = self._bus.session
            if session != self._session:
                try:
                    for catch_up in self._catch_up:
                        await catch_up()
                    # Only if nothing was missed meanwhile.
                    self._session = session
                except DatabaseUnavailable as error:
                    log.warning("replica.behind", reason=error.detail)
                # Whatever it is: nothing private is served until all is known.
                except Exception as error:
                    log.error("replica.behind", reason=repr(error))
            await asyncio.sleep(TICK)

    def _set(self, stale: bool) -> None:
        if stale == self.stale:
            return
        self.stale = stale
        if stale:
            log.error(
                "replica.stale", reason=f"The database was silent for {self._limit:g} s: nothing private is served."
            )
        else:
            log.info("replica.fresh")
        self._tell(stale)
