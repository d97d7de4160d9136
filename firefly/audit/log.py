"""Who did what to what, when and from where: an append-only table."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ..store import Connection, Database, load_queries

LARGEST_PAGE = 500


@dataclass(frozen=True)
class Entry:
    """`actor` is the account's id, None for the system or a visitor; `resource` is `<kind>:<name>`."""

    id: int
    at: datetime
    actor: UUID | None
    actor_name: str | None
    action: str
    resource: str
    address: str | None
    detail: Mapping[str, Any]


class Audit:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._queries = load_queries("audit")

    async def record(
        self,
        actor: UUID | None,
        action: str,
        resource: str,
        *,
        address: str | None = None,
        detail: Mapping[str, object] | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Write one entry; with `connection`, in its transaction, so that it stands if and only if the deed does.

        `action` is `<noun>.<verb>`. `detail` is JSON and never holds a secret.
        """
        entry = {
            "actor": actor,
            "action": action,
            "resource": resource,
            "address": address,
            "detail": dict(detail or {}),
        }
        if connection is not None:
            await self._queries.record(connection, **entry)
            return
        async with self._db.connection() as own:
            await self._queries.record(own, **entry)

    async def list(self, limit: int = 100, before: int | None = None) -> list[Entry]:
        """At most `limit` (≤ 500) entries, newest first; those older than the id `before`."""
        async with self._db.connection() as connection:
            rows = self._queries.entries(connection, limit=max(1, min(limit, LARGEST_PAGE)), before=before)
            return [Entry(**dict(row)) async for row in rows]
