"""The table of one replica, kept in step with PostgreSQL: each change as it comes, what was missed, and all of it."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from firefly.bus import Bus, Event
from firefly.errors import DatabaseUnavailable
from firefly.store import Database, load_queries

from .record import from_row
from .route import Route
from .table import RouteTable

TOPIC, CHANGED = "routes", "routes.changed"
# In place of infinity, before the database was heard for the first time.
NEVER_HEARD = 1e9
RECONCILE = 60.0
# Rows that are read and compared before others have their turn.
PIECE = 128
# Seconds out of step after which removals may be forgotten: less than the database keeps them.
REMEMBERED = 3600.0
MOST_TOLD = 20

log = structlog.get_logger()


class RouteMirror:
    """Follows the routes of the database.

    Each committed change has a version and is told by the database itself. Versions are committed in their order, so
    that a replica that has one has all before it, and sees where it missed some.
    """

    def __init__(self, database: Database, bus: Bus, table: RouteTable) -> None:
        self._database = database
        self._bus = bus
        self._table = table
        self._queries: Any = load_queries("routes")
        self._version = 0
        self._in_step_at = -math.inf
        self._comparing = asyncio.Lock()
        self._changed: set[str] = set()

    @property
    def version(self) -> int:
        """That of the newest change which the table has."""
        return self._version

    def numbers(self) -> Mapping[str, float]:
        """For /metrics: how large the table is, how new, and how long the database has been silent."""
        silence = min(max(0.0, time.monotonic() - self._bus.heard_at), NEVER_HEARD)
        return {"routes": len(self._table), "routes_version": self._version, "routes_silence_seconds": silence}

    async def load(self) -> None:
        """Compare the table with the database, in pieces; what is different is logged and put right."""
        async with self._database.connection() as connection:
            await self._queries.expire(connection)
            await self._queries.expire_changes(connection)
            await self._queries.forget_holders(connection)
        async with self._comparing:
            is_first, self._changed = self._in_step_at == -math.inf, set()
            version, hosts, different = await self._compare()
            # What came in meanwhile is newer than what was read.
            wanted = [route for route in different if route.host not in self._changed]
            self._table.put(*wanted)
            gone = await self._gone(hosts)
            self._table.remove(*gone)
            self._in_step(max(version, self._version))
        if is_first:
            log.info("routes.loaded", total=len(self._table), version=version)
        else:
            self._tell([route.host for route in wanted], "the table was behind the database")
            self._tell(gone, "the database does not have it")

    async def _compare(self) -> tuple[int, set[str], list[Route]]:
        """The database's version at one moment, all hosts that it has then, and the routes that are others here."""
        hosts: set[str] = set()
        different: list[Route] = []
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            version: int = await self._queries.version(connection)
            last: str | None = ""
            while last is not None:
                # All at once: the library's own iterator asks for fifty rows at a time.
                rows: Any = await connection.fetch(self._queries.routes.sql, last, PIECE)
                routes = [from_row(row) for row in rows]
                hosts.update(route.host for route in routes)
                different += [route for route in routes if self._table.get(route.host) != route]
                last = routes[-1].host if len(routes) == PIECE else None
        return version, hosts, different

    async def _gone(self, hosts: set[str]) -> list[str]:
        """What the table has beside `hosts`."""
        if len(self._table) == len(hosts) and not self._changed:
            return []
        gone: list[str] = []
        for number, route in enumerate(list(self._table)):
            if route.host not in hosts and route.host not in self._changed:
                gone.append(route.host)
            if number % 1000 == 999:
                await asyncio.sleep(0)
        return gone

    def _tell(self, hosts: Sequence[str], reason: str) -> None:
        for host in hosts[:MOST_TOLD]:
            log.warning("route.differed", host=host, reason=reason)
        if len(hosts) > MOST_TOLD:
            log.warning("routes.differed", more=len(hosts) - MOST_TOLD, reason=reason)

    async def catch_up(self) -> None:
        """Take what changed since the table's version. After an hour out of step everything is compared instead."""
        if time.monotonic() - self._in_step_at > REMEMBERED:
            await self.load()
            return
        full = True
        while full:
            async with self._database.connection() as connection:
                # At once: the library's own iterator opens a transaction and a cursor, three round trips more.
                rows: Any = await connection.fetch(self._queries.changes.sql, self._version, PIECE)
                found = [(row["version"], row["host"], _shown(row)) for row in rows]
            for change in found:
                self._take(*change)
            full = len(found) == PIECE
        self._in_step(self._version)

    def _take(self, version: int, host: str, route: Route | None) -> None:
        if version <= self._version:
            return
        if route is not None:
            self._table.put(route)
        else:
            self._table.remove(host)
        if self._comparing.locked():
            self._changed.add(host)
        self._in_step(version)

    def _in_step(self, version: int) -> None:
        self._version = version
        self._in_step_at = time.monotonic()

    async def follow(self) -> None:
        """Keep the table in step until cancelled: changes by the bus, everything compared once a minute."""
        async with self._bus.subscribe(TOPIC) as subscription, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reconcile())
            async for event in subscription:
                subscription.missed = False
                await self._heed(event)

    async def _heed(self, event: Event) -> None:
        data: Mapping[str, Any] = event.data
        if event.kind == CHANGED and data["version"] <= self._version:
            return
        if event.kind == CHANGED and data["version"] == self._version + 1 and "host" in data:
            self._take(data["version"], data["host"], from_row(data["route"]) if data["route"] else None)
            return
        try:
            await self.catch_up()
        except DatabaseUnavailable as error:
            # The bus reports a gap when the database is back.
            log.warning("routes.behind", error=error.detail)

    async def _reconcile(self) -> None:
        """What was just loaded lacks at most what changed since: to compare it all would hold up the first changes."""
        step = self.catch_up
        while True:
            try:
                await step()
            except DatabaseUnavailable as error:
                log.warning("routes.behind", error=error.detail)
            await asyncio.sleep(RECONCILE)
            step = self.load


def _shown(row: Mapping[str, Any]) -> Route | None:
    return from_row(row) if row["kind"] is not None else None
