"""What all parts of access share: the database, who is told of changes, and the log of them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from ..audit import Audit
from ..auth import Identity
from ..bus import JSON, Bus
from ..clock import Clock
from ..projects import Project
from ..store import Connection, Database, load_queries


class Records:
    def __init__(self, database: Database, bus: Bus, audit: Audit, clock: Clock) -> None:
        self.database = database
        self.bus = bus
        self.clock = clock
        self.queries: Any = load_queries("access")
        self._audit = audit

    @asynccontextmanager
    async def change(
        self, identity: Identity, project: Project, what: str, action: str, *, address: str | None
    ) -> AsyncIterator[tuple[Connection, dict[str, object]]]:
        """A transaction that changes a project's access, alone, logged and told to its members with the commit.

        What is put into the dictionary that comes with it goes into the log.
        """
        detail: dict[str, object] = {"project": project.path}
        async with self.database.transaction() as connection:
            await self.queries.lock_project(connection, project_id=project.id)
            yield connection, detail
            await self._audit.record(
                identity.account.id,
                f"access.{action}",
                f"project:{project.id}",
                address=address,
                detail=detail,
                connection=connection,
            )
            data = {"project_id": str(project.id), "owner": project.owner, "name": project.name, "what": what}
            await self.bus.publish("events", "access.changed", {**data}, connection=connection)

    async def tell_managers(
        self, connection: Connection, project_id: UUID, kind: str, data: Mapping[str, JSON]
    ) -> None:
        """An event for each owner and maintainer, and for nobody else; for NOBODYS there is none."""
        address = await self.queries.address_of(connection, project_id=project_id)
        owner, _, name = str(address or "").partition("/")
        rows = [row async for row in self.queries.managers(connection, project_id=project_id)]
        for row in rows:
            told: dict[str, JSON] = {"project_id": str(project_id), "owner": owner, "name": name}
            account_id = str(row["account_id"])
            await self.bus.publish("events", kind, {**told, "account_id": account_id, **data}, connection=connection)
