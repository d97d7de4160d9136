"""Builds in PostgreSQL: rows to records, and who is told of a change."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from ...bus import JSON, Bus
from ...clock import Clock
from ...store import Connection, Database, load_queries
from ..model import Build, BuildState, Failure, Trigger, Trust
from ..telling.notices import Notices

# Wakes: `build.wanted`, `build.ending` (build_id), `build.noticed`, `ref.ended`, `hook.called`.
TOPIC = "builds"


class Records:
    """Decides nothing. Every change of a build's state goes through `changed`."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, notices: Notices) -> None:
        self.database = database
        self.bus = bus
        self.clock = clock
        self.notices = notices
        self.queries: Any = load_queries("builds")

    async def find(self, id: UUID, connection: Connection | None = None) -> Build | None:
        async with self.database.connection() if connection is None else nullcontext(connection) as given:
            row = await self.queries.find_build(given, id=id)
        return to_build(row) if row else None

    async def list(
        self,
        project_id: UUID,
        *,
        before: int | None,
        ref: str | None,
        state: BuildState | None,
        most: int,
        search: str | None = None,
    ) -> Sequence[Build]:
        """The newest first."""
        async with self.database.connection() as connection:
            rows = self.queries.list_builds(
                connection, project_id=project_id, before=before, ref=ref, state=state, search=search, most=most
            )
            return [to_build(row) async for row in rows]

    async def changed(self, id: UUID, kind: str | None, connection: Connection) -> Build:
        """Tell, once the transaction is committed, everybody who watches, and the listeners of notices of that kind."""
        build = await self.find(id, connection)
        assert build is not None
        await self.announce(build, connection)
        if kind is not None and await self.notices.write(build.id, kind, connection, now=self.clock.now()):
            await self.wake("build.noticed", connection)
        return build

    async def announce(self, build: Build, connection: Connection) -> None:
        data: dict[str, JSON] = {
            "project_id": str(build.project_id),
            "build_id": str(build.id),
            "number": build.number,
            "state": build.state,
            "ref": build.ref[:1000],
        }
        await self.bus.publish("events", "build.changed", data, connection=connection)

    async def wake(self, kind: str, connection: Connection, **data: JSON) -> None:
        await self.bus.publish(TOPIC, kind, data, connection=connection)


def plain(value: Any) -> Any:
    """asyncpg's UUID compares equal to Python's but is another class."""
    return UUID(bytes=value.bytes) if isinstance(value, UUID) else value


_AS_IT_IS = (
    "owner", "project", "number", "ref", "commit", "tree", "subject", "author", "account", "actor", "reason", "forced",
    "plan", "configured_by", "build_key", "artifact", "priority", "created_at", "queued_at", "started_at", "ended_at",
    "attempts", "epoch", "ending_reason",
)  # fmt: skip
_IDS = ("id", "project_id", "account_id", "reused_from")


def to_build(row: Mapping[str, Any]) -> Build:
    return Build(
        **{name: row[name] for name in _AS_IT_IS},
        **{name: plain(row[name]) for name in _IDS},
        trigger=Trigger(row["trigger"]),
        trust=Trust(row["trust"]),
        state=BuildState(row["state"]),
        failure=Failure(**row["failure"]) if row["failure"] else None,
        ending=BuildState(row["ending"]) if row["ending"] else None,
    )
