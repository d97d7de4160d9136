"""Logs of builds: opened for the one that builds, read by everybody else."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import asyncpg
import structlog

from ...bus import Bus
from ...clock import Clock
from ...errors import FireflyError
from ...store import Database
from ..model import Build
from .following import Following
from .merging import FEW, merge
from .reading import Reading
from .records import LogRecords
from .writer import LogWriter

log = structlog.get_logger()

# Seconds that the database gets to take what is left at the end of a build, and to put its pieces together.
CLOSE_LIMIT, MERGE_LIMIT = 60.0, 20.0


class Logs:
    """`most`: bytes of text that are kept of one log."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, *, most: int) -> None:
        self.records = LogRecords(database, bus)
        self.reading = Reading(self.records)
        self.following = Following(self.records, bus)
        self._clock = clock
        self._most = most
        self._open = 0

    def numbers(self) -> Mapping[str, float]:
        """For metrics."""
        return {"build_logs_open": self._open, "build_log_viewers": self.following.viewers}

    @asynccontextmanager
    async def writing(self, build: Build) -> AsyncIterator[LogWriter]:
        """The log of a build, which goes on where an earlier attempt left it; all of it is stored at the end.

        Raises DatabaseUnavailable where it cannot be opened, HoldLost where somebody else builds it by now.
        """
        opened = await self.records.open(build.hold, self._clock.now())
        writer = LogWriter(self.records, build, opened, most=self._most, clock=self._clock)
        storing = asyncio.create_task(writer.run(), name=f"log of build {build.id}")
        self._open += 1
        try:
            yield writer
        finally:
            self._open -= 1
            await asyncio.shield(asyncio.ensure_future(self._close(writer, storing, build)))

    async def _close(self, writer: LogWriter, storing: asyncio.Task[None], build: Build) -> None:
        await _store_rest(writer, storing, build)
        if writer.pieces > FEW:
            await _tidy(self.records, build)


async def _store_rest(writer: LogWriter, storing: asyncio.Task[None], build: Build) -> None:
    closing = asyncio.create_task(writer.close(), name=f"end of the log of build {build.id}")
    try:
        await asyncio.wait({closing, storing}, timeout=CLOSE_LIMIT, return_when=asyncio.FIRST_COMPLETED)
        if not closing.done() and not storing.done():
            log.error("build_log.lost", build=str(build.id), reason="The database did not take the rest.")
        for task in (closing, storing):
            if task.done():
                task.result()
    finally:
        closing.cancel()
        storing.cancel()
        await asyncio.wait({closing, storing})


async def _tidy(records: LogRecords, build: Build) -> None:
    """What is not merged is read all the same."""
    try:
        async with asyncio.timeout(MERGE_LIMIT):
            await merge(records, build.hold)
    except (FireflyError, asyncpg.PostgresError, TimeoutError) as error:
        log.warning("build_log.not_merged", build=str(build.id), reason=str(error) or type(error).__name__)
