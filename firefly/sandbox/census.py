"""Which sandboxes run, counted over all servers that share a database; one counts at a time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from firefly.store import Connection, Database, load_queries

from .lease import Lease


@dataclass(frozen=True, slots=True)
class Count:
    """Sandboxes that run, or are about to: in all, and of one owner."""

    live: int
    own: int


class Census:
    """Sandboxes of a node count while a server keeps them; one that was let start, for a minute at first."""

    def __init__(self, database: Database, lease: Lease) -> None:
        self._database = database
        self._lease = lease
        self._queries: Any = load_queries("quota")

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Counting"]:
        """No other server lets one start before the end of the block."""
        async with self._database.transaction() as connection:
            await self._queries.lock_census(connection)
            yield Counting(connection, self._queries, self._lease.node)

    async def own(self, workspace_id: UUID, owner: str) -> None:
        """Write down who answers for one that ran before that was known."""
        async with self._database.connection() as connection:
            await self._queries.own_sandbox(connection, workspace_id=workspace_id, owner=owner)


@dataclass(frozen=True, slots=True)
class Counting:
    connection: Connection
    queries: Any
    node: str

    async def count(self, owner: str | None, *, without: UUID | None) -> Count:
        row = await self.queries.count_live(self.connection, workspace_id=without, owner=owner)
        return Count(row["live"], row["own"])

    async def own(self, owner: str) -> dict[UUID, datetime]:
        """Those of an owner, with since when they have been as they are."""
        found = self.queries.live_of(self.connection, owner=owner)
        return {UUID(str(row["workspace_id"])): row["since"] async for row in found}

    async def admit(self, workspace_id: UUID, owner: str | None) -> None:
        """From now on this one counts, too."""
        await self.queries.admit_sandbox(self.connection, workspace_id=workspace_id, owner=owner, node=self.node)
