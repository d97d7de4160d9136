"""Ends sandboxes of sites: when what their visitors had begun has had its time, or at once and with their files.

It is written down before it is done, so that it is done by the server that keeps the sandbox, be it a later one.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from firefly.errors import DatabaseUnavailable, FireflyError
from firefly.sandbox.keeper import Keeper
from firefly.store import Connection
from firefly.waiting import happens

from ..queueing.records import plain
from .records import SiteRecords

# Seconds until it is looked at whether another server has written something down.
LOOK_EVERY = 10.0
REPLACED = "Another build took its place. It starts again when somebody opens its own address."
log = structlog.get_logger()


class Draining:
    def __init__(self, records: SiteRecords, keeper: Keeper, *, longest: float) -> None:
        """`longest`: seconds that what visitors had begun may take."""
        self._records = records
        self._queries = records.queries
        self._keeper = keeper
        self._longest = longest
        self._wanted = asyncio.Event()

    async def begin(self, site_id: UUID, connection: Connection) -> None:
        """Another took its place, as soon as the transaction is committed; `wake` then."""
        now = self._records.clock.now()
        await self._queries.drain(connection, id=site_id, since=now, reason=REPLACED, empties=False)

    async def end(self, site_id: UUID, reason: str, *, empties: bool, connection: Connection) -> None:
        """Without waiting for anybody; `empties`: with its files and its database. `wake`, or `look`, then."""
        since = self._records.clock.now() - timedelta(seconds=self._longest)
        await self._queries.drain(connection, id=site_id, since=since, reason=reason, empties=empties)

    async def stop(self, site_id: UUID, reason: str) -> None:
        """At once where its sandbox is kept here; elsewhere when the server there looks."""
        async with self._records.database.transaction() as connection:
            await self.end(site_id, reason, empties=False, connection=connection)
            rows = [row async for row in self._queries.draining(connection, node=self._keeper.node)]
        for row in rows:
            if plain(row["id"]) == site_id:
                await self._end(row)

    def wake(self) -> None:
        self._wanted.set()

    async def run(self) -> None:
        """For as long as the server runs."""
        while True:
            left = True
            try:
                left = await self.look()
            except DatabaseUnavailable as error:
                log.warning("sites.not_drained", reason=error.detail)
            # Whatever it is: nobody who is served would be better off without us.
            except Exception:
                log.exception("sites.not_drained")
            await self._pause(min(1.0, self._longest / 4) if left else LOOK_EVERY)

    async def _pause(self, seconds: float) -> None:
        if await happens(self._wanted, seconds):
            self._wanted.clear()

    async def look(self) -> bool:
        """End those that are due; whether there are others."""
        now, left = self._records.clock.now(), False
        async with self._records.database.connection() as connection:
            rows = [row async for row in self._queries.draining(connection, node=self._keeper.node)]
        for row in rows:
            waited = (now - row["drains_since"]).total_seconds()
            due = waited >= self._longest or not self._keeper.alive(plain(row["workspace_id"]))
            left = not (due and await self._end(row)) or left
        return left

    async def _end(self, row: Mapping[str, Any]) -> bool:
        """Whether that succeeded."""
        workspace_id = plain(row["workspace_id"])
        try:
            if row["empties"]:
                await self._keeper.empty(workspace_id, row["drain_reason"])
            else:
                await self._keeper.stop(workspace_id, row["drain_reason"])
        except FireflyError as error:
            log.warning("site.not_ended", workspace_id=str(workspace_id), reason=error.detail)
            return False
        done = {"since": row["drains_since"], "emptied": row["empties"], "now": self._records.clock.now()}
        async with self._records.database.connection() as connection:
            await self._queries.drained(connection, id=row["id"], **done)
        return True
