"""The bus on PostgreSQL's LISTEN and NOTIFY, with a listening connection of its own that comes back by itself."""

import asyncio
import contextlib
import json
import math
import time
from collections.abc import Mapping

import asyncpg
import structlog

from ..errors import DatabaseUnavailable, TooLarge
from ..store import Connection, Database, connect, load_queries
from ..store.failures import RAISED
from .interface import JSON, LARGEST_EVENT, Bus, Event, Notify

log = structlog.get_logger()

CHANNEL = "firefly"
OPEN_LIMIT, RETRY_INTERVAL = 30.0, 0.3
# A connection whose other end vanished without a word looks like one on which nothing happens: it is asked.
PING_INTERVAL, PING_LIMIT = 1.0, 4.0


def encode(topic: str, kind: str, data: Mapping[str, JSON]) -> str:
    """The event as JSON without its id. Raises TooLarge when a notification cannot hold it."""
    text = json.dumps({"topic": topic, "kind": kind, "data": data}, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > LARGEST_EVENT:
        raise TooLarge(f"The event {kind} has more than {LARGEST_EVENT} bytes; publish where to read, not what.")
    return text


class PostgresBus(Bus):
    def __init__(self, db: Database) -> None:
        super().__init__()
        self._db = db
        self._queries = load_queries("bus")
        self._listening = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None
        self._session = 0
        self._heard_at = -math.inf

    @property
    def session(self) -> int:
        return self._session

    @property
    def heard_at(self) -> float:
        return self._heard_at

    async def open(self) -> None:
        """Listen. Raises DatabaseUnavailable when that does not come about within 30 seconds."""
        self._listener = asyncio.create_task(self._listen_for_ever(), name="bus-listener")
        try:
            async with asyncio.timeout(OPEN_LIMIT):
                await self._listening.wait()
        except TimeoutError as error:
            await self.close()
            raise DatabaseUnavailable("The bus cannot listen: the database does not answer.") from error

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])
            self._listener = None
        self._end()

    async def publish(
        self, topic: str, kind: str, data: Mapping[str, JSON], *, connection: Connection | None = None
    ) -> None:
        event = encode(topic, kind, data)
        if connection is not None:
            await self._queries.notify(connection, channel=CHANNEL, event=event)
            return
        async with self._db.connection() as own:
            await self._queries.notify(own, channel=CHANNEL, event=event)

    async def publish_by(self, notify: Notify, topic: str, kind: str, data: Mapping[str, JSON]) -> None:
        await notify(CHANNEL, encode(topic, kind, data))

    async def _listen_for_ever(self) -> None:
        listened_before = False
        while True:
            try:
                connection = await connect(self._db.dsn)
            except RAISED:
                await asyncio.sleep(RETRY_INTERVAL)
                continue
            try:
                await self._listen(connection, again=listened_before)
            except RAISED as error:
                log.warning("bus.disconnected", reason=str(error) or type(error).__name__)
            finally:
                connection.terminate()
            listened_before = True
            await asyncio.sleep(RETRY_INTERVAL)

    async def _listen(self, connection: "asyncpg.Connection[asyncpg.Record]", *, again: bool) -> None:
        closed = asyncio.Event()
        connection.add_termination_listener(lambda _: closed.set())
        await connection.add_listener(CHANNEL, self._receive)
        self._session += 1
        self._heard_at = time.monotonic()
        self._listening.set()
        if again:
            log.info("bus.reconnected")
            self._deliver_missed()
        while not connection.is_closed():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PING_INTERVAL):
                    await closed.wait()
                break
            asked_at = time.monotonic()
            await connection.execute("SELECT 1", timeout=PING_LIMIT)
            # What it said is as old as the question.
            self._heard_at = asked_at
        raise ConnectionResetError("the listening connection ended")

    def _receive(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        number, _, text = str(payload).partition(" ")
        try:
            found = json.loads(text)
            event = Event(found["topic"], found["kind"], found["data"], int(number))
        except (ValueError, KeyError, TypeError):
            log.error("bus.unreadable_event", size=len(text))
            return
        self._deliver(event)
