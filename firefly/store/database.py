"""The connection pool: waits for a database that is away at start, survives one that goes away later."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
import structlog

from firefly.waiting import happens

from ..errors import DatabaseUnavailable, InvalidInput
from .failures import LOST, MISCONFIGURED, PASSING, RAISED

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection

log = structlog.get_logger()
# The pool tells of every failed attempt, with its stack; `database.away` says it once.
logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)

ACQUIRE_LIMIT, CONNECT_LIMIT, COMMAND_LIMIT = 10.0, 10.0, 30.0
# A new connection costs both sides as much as a hundred statements, for each of which it must learn the plan anew:
# beyond so many in use, one that becomes free is awaited so long before another is opened.
FEW, PATIENCE = 4, 0.1
PROBE_INTERVAL, PROBE_INTERVAL_AWAY, REPORT_INTERVAL = 5.0, 0.5, 5.0
AGAIN = "Nothing is lost; try again in a moment."


async def connect(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection outside any pool, prepared as the pool's are."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(dsn, timeout=CONNECT_LIMIT)
    await _prepare(connection)
    return connection


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


async def _leave(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Put a connection back as it is, rolled back: nobody sets anything for a session, and to undo it would be asked
    of the database each time."""


def is_closed(connection: Connection) -> bool:
    """Whether the server is gone from the other end; also for a connection that the pool took back because of that."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


class Database:
    """A pool of connections to one PostgreSQL database. json and jsonb are Python values on both sides.

    Every wait has a limit, and everything that means "the server is away", or late, is raised as DatabaseUnavailable.
    """

    def __init__(self, dsn: str, *, min_size: int = 2, max_size: int = 20) -> None:
        self.dsn = dsn
        self._min_size, self._max_size = min_size, max_size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._few = asyncio.Semaphore(FEW)
        self._available = False
        self._prober: asyncio.Task[None] | None = None
        self._went_away = asyncio.Event()
        self._listeners: list[Callable[[bool], None]] = []

    @property
    def available(self) -> bool:
        """Whether the database answered when it was last asked; asked at least every five seconds."""
        return self._available

    def on_change(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(available)` on each change of `available`, in the event loop."""
        self._listeners.append(listener)

    async def open(self, *, wait: float = 60) -> None:
        """Connect, waiting up to `wait` seconds for a database that is away and reporting it every five.

        Raises DatabaseUnavailable after that, InvalidInput at once when the server refuses user or database.
        """
        started = time.monotonic()
        reported = started
        while True:
            try:
                self._pool = await self._connect()
                break
            except MISCONFIGURED as error:
                raise InvalidInput(f"The database refuses: {error}. Check FIREFLY_DATABASE_URL.") from error
            except (OSError, *LOST, TimeoutError) as error:
                waited = time.monotonic() - started
                if waited >= wait:
                    raise DatabaseUnavailable(
                        f"The database did not answer for {wait:.0f} s: {error or type(error).__name__}."
                    ) from error
                if time.monotonic() - reported >= REPORT_INTERVAL or reported == started:
                    reported = time.monotonic()
                    log.warning("database.waiting", seconds=round(waited), reason=str(error) or type(error).__name__)
            await asyncio.sleep(min(0.3, wait))
        self._change(True)
        self._prober = asyncio.create_task(self._probe(), name="database-probe")

    async def close(self) -> None:
        """End the probe and all connections; those in use get five seconds."""
        if self._prober is not None:
            self._prober.cancel()
            await asyncio.wait([self._prober])
            self._prober = None
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(5):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One connection of the pool. Raises DatabaseUnavailable when there is none, it is lost or too late."""
        patient = await self._take_turn()
        try:
            async with self._acquired() as connection:
                yield connection
        finally:
            if patient:
                self._few.release()

    async def _take_turn(self) -> bool:
        """Wait while many are in use, for a moment only: who uses one may be waiting for this. Whether one was left."""
        if not self._few.locked():
            return await self._few.acquire()
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._few.acquire()
        except TimeoutError:
            return False

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Connection]:
        connection = await self._acquire()
        try:
            yield connection
        except RAISED as error:
            if isinstance(error, asyncpg.InternalClientError):
                connection.terminate()
            if self._means_loss(error, connection):
                raise self._lost(error) from error
            if isinstance(error, PASSING):
                log.warning("database.not_done", reason=str(error) or type(error).__name__)
                raise DatabaseUnavailable(f"The database cannot do that now, or took too long. {AGAIN}") from error
            raise
        finally:
            await self._release(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One connection inside a transaction, committed when the block ends and rolled back when it raises."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def _connect(self) -> "asyncpg.Pool[asyncpg.Record]":
        pool: asyncpg.Pool[asyncpg.Record] = asyncpg.create_pool(
            self.dsn,
            min_size=self._min_size,
            max_size=self._max_size,
            init=_prepare,
            reset=_leave,
            timeout=CONNECT_LIMIT,
            command_timeout=COMMAND_LIMIT,
        )
        return await pool

    async def _acquire(self) -> "PoolConnectionProxy[asyncpg.Record]":
        if self._pool is None:
            raise DatabaseUnavailable("The database is not open.")
        try:
            # The pool's own limit would make a task of each.
            async with asyncio.timeout(ACQUIRE_LIMIT):
                return await self._pool.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("No connection to the database became free in time.") from error
        except (OSError, asyncpg.InterfaceError, *LOST, *MISCONFIGURED) as error:
            raise self._lost(error) from error

    async def _release(self, connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        if self._pool is None:
            return
        with contextlib.suppress(*RAISED):
            await self._pool.release(connection, timeout=5)

    def _means_loss(self, error: BaseException, connection: Connection) -> bool:
        if isinstance(error, TimeoutError) and not self._available:
            return True
        return isinstance(error, LOST) or is_closed(connection)

    def _lost(self, error: BaseException) -> DatabaseUnavailable:
        self._change(False, reason=str(error) or type(error).__name__)
        return DatabaseUnavailable(f"The database does not answer just now. {AGAIN}")

    def _change(self, available: bool, **reason: Any) -> None:
        if available == self._available:
            return
        self._available = available
        if not available:
            self._went_away.set()
        log.info("database.available") if available else log.error("database.away", **reason)
        for listener in self._listeners:
            listener(available)

    async def _probe(self) -> None:
        while True:
            interval = PROBE_INTERVAL if self._available else PROBE_INTERVAL_AWAY
            await happens(self._went_away, interval)
            self._went_away.clear()
            with contextlib.suppress(DatabaseUnavailable, *RAISED):
                await self._ask()
                self._change(True)

    async def _ask(self) -> None:
        async with self.connection() as connection:
            try:
                await connection.execute("SELECT 1", timeout=PROBE_INTERVAL)
            except TimeoutError:
                self._change(False, reason="it takes connections, but does not answer")
                raise
