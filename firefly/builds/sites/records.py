"""Sites in PostgreSQL: rows to records, and who is told of a change."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from firefly.bus import JSON, Bus
from firefly.clock import Clock
from firefly.store import Connection, Database, load_queries

from ..model import Site, SiteState
from ..queueing.records import TOPIC, plain
from ..telling.notices import Notices
from .facts import SiteFacts

LONGEST_REASON = 1000
_NOTICED = {
    SiteState.LIVE: "live",
    SiteState.FAILED: "gone",
    SiteState.STOPPED: "gone",
    SiteState.REPLACED: "gone",
    SiteState.REMOVED: "gone",
}


class SiteRecords:
    """Decides nothing. Every change of a site's state goes through `put`. `domain` is the content domain's name."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, *, domain: str) -> None:
        self.database = database
        self.bus = bus
        self.clock = clock
        self.domain = domain
        self.queries: Any = load_queries("sites")
        self.notices: Notices | None = None
        """Set once, before anything happens, by whoever has listeners of builds."""

    async def find(self, site_id: UUID, connection: Connection | None = None) -> Site | None:
        async with self.database.connection() if connection is None else nullcontext(connection) as given:
            row = await self.queries.find_site(given, id=site_id)
        return self._to_site(row) if row else None

    async def of_build(self, build_id: UUID) -> Site | None:
        async with self.database.connection() as connection:
            row = await self.queries.site_of_build(connection, build_id=build_id)
        return self._to_site(row) if row else None

    async def of_builds(self, build_ids: Sequence[UUID]) -> Mapping[UUID, Site]:
        """By build."""
        async with self.database.connection() as connection:
            rows = [row async for row in self.queries.sites_of_builds(connection, build_ids=list(build_ids))]
        return {site.build_id: site for site in map(self._to_site, rows)}

    async def facts(self, workspace_id: UUID) -> SiteFacts | None:
        """None for the workspace of something else."""
        return await self._facts(workspace_id=workspace_id, id=None)

    async def facts_of(self, site_id: UUID) -> SiteFacts | None:
        return await self._facts(workspace_id=None, id=site_id)

    async def _facts(self, **by: UUID | None) -> SiteFacts | None:
        async with self.database.connection() as connection:
            row = await self.queries.site_facts(connection, **by)
        return SiteFacts.from_row(row) if row else None

    async def put(self, site_id: UUID, state: SiteState, reason: str, connection: Connection | None = None) -> None:
        """Write a change down, and tell it once it is committed."""
        async with self.database.transaction() if connection is None else nullcontext(connection) as given:
            now = self.clock.now()
            row = await self.queries.put_site(given, id=site_id, state=state, reason=_fit(reason), now=now)
            if row is not None:
                await self.announce(plain(row["project_id"]), plain(row["build_id"]), state, given)

    async def fail(self, site_id: UUID, reason: str, connection: Connection) -> bool:
        """It did not start; whether that was so. What is shown by now, or gone, is none that does not.

        One to which its ref's hosts lead stays theirs, stopped: it says why, and no older build takes its place.
        """
        row = await self.queries.lock_site(connection, id=site_id)
        if row is None or row["state"] != SiteState.STARTING:
            return False
        await self.put(site_id, SiteState.STOPPED if row["is_routed"] else SiteState.FAILED, reason, connection)
        return True

    async def note(self, site_id: UUID, state: SiteState, reason: str) -> None:
        """Another reason for the state that it has; whoever watches is told, and no listener."""
        async with self.database.transaction() as connection:
            row = await self.queries.note_site(connection, id=site_id, state=state, reason=_fit(reason))
            if row is not None:
                await self._tell(plain(row["project_id"]), plain(row["build_id"]), state, connection)

    async def announce(self, project_id: UUID, build_id: UUID, state: SiteState, connection: Connection) -> None:
        await self._tell(project_id, build_id, state, connection)
        kind = _NOTICED.get(state)
        if self.notices is not None and kind is not None:
            await self.notices.write(build_id, kind, connection, now=self.clock.now())
            await self.bus.publish(TOPIC, "build.noticed", {}, connection=connection)

    async def _tell(self, project_id: UUID, build_id: UUID, state: SiteState, connection: Connection) -> None:
        data: dict[str, JSON] = {"project_id": str(project_id), "build_id": str(build_id), "state": state}
        await self.bus.publish("events", "site.changed", data, connection=connection)

    def host(self, label: str) -> str:
        return f"{label}.{self.domain}"

    def _to_site(self, row: Mapping[str, Any]) -> Site:
        as_it_is = ("shows", "ref", "label", "reason", "is_pages", "is_demo", "created_at", "live_at", "ended_at")
        return Site(
            id=plain(row["id"]),
            project_id=plain(row["project_id"]),
            build_id=plain(row["build_id"]),
            workspace_id=plain(row["workspace_id"]),
            state=SiteState(row["state"]),
            hosts=tuple(map(self.host, row["labels"])),
            **{name: row[name] for name in as_it_is},
        )


def _fit(reason: str) -> str:
    return reason.replace("\0", "\ufffd")[:LONGEST_REASON]
