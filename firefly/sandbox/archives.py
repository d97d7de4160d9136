"""Which workspaces are archived or soon will be, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from firefly.clock import Clock
from firefly.store import Database, load_queries


class Archive(StrEnum):
    """How far it is: being made sure of, the folder being removed, done. Before the second step the folder counts."""

    SEALING = "sealing"
    ARCHIVING = "archiving"
    ARCHIVED = "archived"

    @property
    def counts(self) -> bool:
        """Whether what was kept elsewhere is the workspace, whatever still lies in its folder."""
        return self is not Archive.SEALING


@dataclass(frozen=True, slots=True)
class Rest:
    """`archives_at`: when it will be archived unless somebody uses it; `archive_note`: why that was put off."""

    archives_at: datetime | None = None
    archived_at: datetime | None = None
    archive_note: str = ""


class Archives:
    """`node`: those of which machine are looked after here."""

    def __init__(self, database: Database, clock: Clock, node: str) -> None:
        self._database = database
        self._clock = clock
        self._node = node
        self._queries: Any = load_queries("archives")

    async def give_notice(self, *, unused_since: datetime, at: datetime) -> Sequence[UUID]:
        """Say of all that nobody has used since then when they will be archived; returns the new ones."""
        async with self._database.connection() as connection:
            rows = self._queries.give_notice(connection, before=unused_since, at=at, node=self._node)
            return [UUID(str(row["id"])) async for row in rows]

    async def due(self) -> Sequence[UUID]:
        async with self._database.connection() as connection:
            rows = self._queries.due_archives(connection, now=self._clock.now(), node=self._node)
            return [UUID(str(row["id"])) async for row in rows]

    async def unfinished(self) -> Sequence[UUID]:
        """What an earlier server did not bring to its end."""
        async with self._database.connection() as connection:
            rows = self._queries.open_archives(connection, node=self._node)
            return [UUID(str(row["id"])) async for row in rows]

    async def of(self, workspace_id: UUID) -> Archive | None:
        async with self._database.connection() as connection:
            found = await self._queries.archive_of(connection, id=workspace_id)
        return Archive(found) if found else None

    async def rest(self, workspace_id: UUID) -> Rest:
        async with self._database.connection() as connection:
            row = await self._queries.rest_of(connection, id=workspace_id)
        return Rest(**row) if row else Rest()

    async def begin(self, workspace_id: UUID) -> bool:
        """Note that a run of it is for its archive alone.

        False where it is under way, the workspace gone, or used since it was due.
        """
        async with self._database.connection() as connection:
            return await self._queries.set_sealing(connection, id=workspace_id) is not None

    async def put_off(self, workspace_id: UUID, at: datetime | None, note: str = "") -> None:
        """Nothing was archived, for this reason; `at`: when it is tried again."""
        async with self._database.connection() as connection:
            await self._queries.put_off(connection, id=workspace_id, at=at, note=note)

    async def mark(self, workspace_id: UUID) -> None:
        """All of it is kept elsewhere: from here on its folder counts for nothing."""
        async with self._database.connection() as connection:
            await self._queries.set_archiving(connection, id=workspace_id, now=self._clock.now())

    async def removed(self, workspace_id: UUID) -> None:
        """Its folder is gone."""
        async with self._database.connection() as connection:
            await self._queries.set_archived(connection, id=workspace_id)

    async def note_use(self, workspace_id: UUID) -> None:
        """It has its files, and somebody uses it."""
        async with self._database.connection() as connection:
            await self._queries.note_use(connection, id=workspace_id)
