"""Routes as they are, and as projects, workspaces and domains say that they should be: put right, with the reason."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog

from firefly.builds.sites import SiteHosts
from firefly.errors import DatabaseUnavailable, FireflyError
from firefly.projects import Visibility, WorkspaceFacts
from firefly.routes.store import RouteStore
from firefly.settings import Settings
from firefly.store import Connection, Database, load_queries

from .routes import WorkspaceRoutes

EVERY = 60.0
MOST = 100

log = structlog.get_logger()

Row = Mapping[str, Any]
Mend = Callable[[Row, Connection], Awaitable[Sequence[str]]]


class RouteReality:
    """Each change belongs to a transaction with what it follows from, so differences are rare: a restored backup, a
    table that was changed by hand, a mistake of ours."""

    def __init__(
        self, *, database: Database, store: RouteStore, routes: WorkspaceRoutes, sites: SiteHosts, settings: Settings
    ) -> None:
        self._database = database
        self._store = store
        self._routes = routes
        self._sites = sites
        self._content = f".{settings.content_domain.partition(':')[0]}"
        self._queries: Any = load_queries("reality")

    async def run(self) -> None:
        """Look at once and every minute, until cancelled."""
        while True:
            try:
                await self.put_right()
            except DatabaseUnavailable as error:
                log.warning("routes.not_compared", reason=error.detail)
            # Whatever it is: nobody who is served would be better off without us.
            except Exception as error:
                log.error("routes.not_compared", reason=repr(error))
            await asyncio.sleep(EVERY)

    async def put_right(self) -> int:
        """Look once; returns how many hosts were wrong. Of each kind at most 100 are put right at a time."""
        q, hosts = self._queries, list[str]()
        async with self._database.transaction() as connection:
            if not await q.take_turn(connection):
                return 0
            kinds: Sequence[tuple[Any, Mapping[str, str], str, Mend]] = (
                (q.of_nobody, {}, "its project is gone", self._release),
                (q.in_the_bin, {}, "its project is in the bin", self._reserve),
                (q.without_workspace, {}, "its workspace is gone", self._drop),
                (q.not_in_service, {"content": self._content}, "its domain is not in service", self._drop),
                (q.site_of_nothing, {"content": self._content}, "no site has it", self._drop),
                (q.unlike_its_project, {}, "its project is open to others", self._open),
                (q.own_of_strangers, {}, "its member may not use it any more", self._drop),
                (q.not_shown, {}, "its project had no route there", self._show),
                (q.site_not_shown, {"content": self._content}, "a site of its project had no route there", self._site),
                (q.own_not_shown, {}, "its member had no route there", self._show),
            )
            for query, more, reason, mend in kinds:
                rows = [row async for row in query(connection, most=MOST, **more)]
                for row in rows:
                    hosts += await self._mend(row, reason, mend, connection)
        await self._store.apply(hosts)
        return len(hosts)

    async def _mend(self, row: Row, reason: str, mend: Mend, connection: Connection) -> Sequence[str]:
        try:
            hosts = await mend(row, connection)
        except FireflyError as error:
            log.error("route.wrong", project_id=str(row["project_id"]), reason=reason, error=error.detail)
            return ()
        for host in hosts:
            log.warning("route.put_right", host=host, project_id=str(row["project_id"]), reason=reason)
        return hosts

    async def _release(self, row: Row, connection: Connection) -> Sequence[str]:
        return await self._store.release(_id(row["project_id"]), connection=connection)

    async def _reserve(self, row: Row, connection: Connection) -> Sequence[str]:
        return await self._routes.remove(_id(row["project_id"]), connection)

    async def _drop(self, row: Row, connection: Connection) -> Sequence[str]:
        return await self._store.drop(_id(row["project_id"]), row["host"], connection=connection)

    async def _open(self, row: Row, connection: Connection) -> Sequence[str]:
        visibility = Visibility(row["visibility"])
        return await self._routes.set_visibility(_id(row["project_id"]), visibility, connection)

    async def _site(self, row: Row, connection: Connection) -> Sequence[str]:
        return await self._sites.route(_id(row["project_id"]), row["visibility"], connection)

    async def _show(self, row: Row, connection: Connection) -> Sequence[str]:
        facts = WorkspaceFacts(
            _id(row["workspace_id"]),
            _id(row["project_id"]),
            row["owner"],
            row["name"],
            row["owner_is_administrator"],
            member=row.get("member", ""),
        )
        return await self._routes.add(facts, Visibility(row["visibility"]), connection)


def _id(value: Any) -> UUID:
    return UUID(bytes=value.bytes)
