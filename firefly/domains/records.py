"""Domains in PostgreSQL, who is told of changes, and the log of them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from ..audit import Audit
from ..bus import JSON, Bus
from ..clock import Clock
from ..store import Connection, Database, load_queries
from .model import Domain

TOPIC, KIND = "domains", "domains.changed"


class Records:
    def __init__(self, database: Database, bus: Bus, audit: Audit, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self.queries: Any = load_queries("domains")
        self._bus = bus
        self._audit = audit

    async def list(self, project_id: UUID) -> Sequence[Domain]:
        async with self.database.connection() as connection:
            rows = self.queries.of_project(connection, project_id=project_id)
            return [Domain.from_row(row) async for row in rows]

    async def find(self, id: UUID) -> Domain | None:
        async with self.database.connection() as connection:
            row = await self.queries.of_id(connection, id=id)
        return Domain.from_row(row) if row else None

    async def served(self, project_id: UUID, connection: Connection) -> Sequence[tuple[str, int | None]]:
        """Hosts and ports that a project's domains show."""
        return [(row["host"], row["port"]) async for row in self.queries.served(connection, project_id=project_id)]

    async def custom_hosts(self) -> Sequence[str]:
        """Those in service, of all projects, the oldest first."""
        async with self.database.connection() as connection:
            return [row["host"] async for row in self.queries.custom_hosts(connection)]

    async def update(self, domain: Domain, connection: Connection) -> None:
        names = ("id", "state", "reason", "proven_at", "failing_since", "checked_at", "next_check", "checks")
        fields = asdict(domain)
        await self.queries.update(connection, **{name: fields[name] for name in names})

    async def announce(
        self,
        domain: Domain,
        path: tuple[str, str],
        action: str,
        connection: Connection,
        *,
        actor: UUID | None = None,
        address: str | None = None,
    ) -> None:
        """Tell the project's members, every replica, and the log; `action` is added, removed or the new state."""
        owner, name = path
        about: dict[str, JSON] = {"domain": str(domain.id), "host": domain.host, "reason": domain.reason}
        told: dict[str, JSON] = {"project_id": str(domain.project_id), "owner": owner, "name": name, "what": action}
        await self._bus.publish("events", "domain.changed", told | about, connection=connection)
        await self._bus.publish(TOPIC, KIND, {"host": domain.host}, connection=connection)
        await self._audit.record(
            actor,
            f"domain.{action}",
            f"project:{domain.project_id}",
            address=address,
            detail={"project": f"{owner}/{name}", "host": domain.host, "reason": domain.reason},
            connection=connection,
        )
