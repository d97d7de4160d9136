"""What has to happen to credentials by itself: keys rotate, and what is over leaves the tables."""

import asyncio

import structlog

from ..clock import Clock
from ..errors import DatabaseUnavailable
from ..store import Database, load_queries
from .keys import SigningKeys
from .revocations import Revocations

log = structlog.get_logger()

INTERVAL, RETRY = 3600.0, 30.0


class Upkeep:
    """Owns the hourly task. `open` runs it once and waits for that: without keys nobody signs in."""

    def __init__(self, db: Database, keys: SigningKeys, revocations: Revocations, clock: Clock) -> None:
        self._db = db
        self._keys = keys
        self._revocations = revocations
        self._clock = clock
        self._queries = load_queries("auth")
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self._revocations.open()
        try:
            await self.run()
        except BaseException:
            await self._revocations.close()
            raise
        self._task = asyncio.create_task(self._run_for_ever(), name="auth-upkeep")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        await self._revocations.close()

    async def run(self) -> None:
        """Rotate the keys, forget what is over."""
        await self._keys.refresh()
        await self._revocations.reload()
        async with self._db.connection() as connection:
            swept = [dict(row) async for row in self._queries.sweep(connection, now=self._clock.now())]
        log.debug("auth.swept", **swept[0])

    async def _run_for_ever(self) -> None:
        wait = INTERVAL
        while True:
            await asyncio.sleep(wait)
            try:
                await self.run()
                wait = INTERVAL
            except DatabaseUnavailable:
                wait = RETRY
            # Whatever it is: keys have to be rotated for as long as the server runs.
            except Exception as error:
                log.error("auth.upkeep_failed", detail=repr(error))
                wait = RETRY
