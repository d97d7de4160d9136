"""Routes in PostgreSQL, the authority on who holds a host: claimed, moved, taken away."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from firefly.bus import Bus
from firefly.errors import InvalidInput, NameTaken, NotFound
from firefly.store import Connection, Database, load_queries

from .mirror import RouteMirror
from .record import from_row, target_of
from .route import Access, Route
from .table import RouteTable

RENAMED = timedelta(days=90)
REMOVED = timedelta(days=30)


class RouteStore:
    """Changes routes, and keeps `table` in step with them.

    Each change can take part in a transaction: pass its `connection`, and await `apply` with the hosts that the
    method returned once that is committed; without a connection the change is in effect here when the method
    returns. Every replica follows within a millisecond (`RouteMirror`).
    """

    def __init__(self, database: Database, bus: Bus, table: RouteTable) -> None:
        self._database = database
        self._mirror = RouteMirror(database, bus, table)
        self._queries: Any = load_queries("routes")

    @property
    def version(self) -> int:
        """That of the newest change which the table has."""
        return self._mirror.version

    def numbers(self) -> Mapping[str, float]:
        """For /metrics."""
        return self._mirror.numbers()

    async def load(self) -> None:
        """As `RouteMirror.load`."""
        await self._mirror.load()

    async def catch_up(self) -> None:
        """As `RouteMirror.catch_up`."""
        await self._mirror.catch_up()

    async def follow(self) -> None:
        """As `RouteMirror.follow`."""
        await self._mirror.follow()

    async def add(self, *routes: Route, connection: Connection | None = None) -> list[str]:
        """Claim the routes' hosts. Raises NameTaken when another project holds one, or it is reserved for one."""
        async with self._change(connection) as (inside, hosts):
            for route in routes:
                kind, target = target_of(route.target)
                claimed = await self._queries.claim(
                    inside,
                    host=_checked(route.host),
                    kind=kind,
                    target=target,
                    project_id=route.project_id,
                    access=route.access.value,
                    policy_version=route.policy_version,
                )
                if claimed is None:
                    raise NameTaken(f"The host {route.host} belongs to another project. Choose another name.")
                hosts.append(route.host)
        return hosts

    async def remove(
        self, project_id: UUID, *, reserve: timedelta = REMOVED, connection: Connection | None = None
    ) -> list[str]:
        """Take all routes of a project away; their hosts stay reserved for it."""
        async with self._change(connection) as (inside, hosts):
            rows = self._queries.reserve(inside, project_id=project_id, reserve=reserve)
            hosts.extend([row["host"] async for row in rows])
        return hosts

    async def release(self, project_id: UUID, *, connection: Connection | None = None) -> list[str]:
        """Give all hosts of a project that is no more free, those that were only reserved for it too."""
        async with self._change(connection) as (inside, hosts):
            rows = self._queries.release(inside, project_id=project_id)
            hosts.extend([row["host"] async for row in rows])
        return hosts

    async def drop(
        self, project_id: UUID, host: str, *, reserve: timedelta | None = None, connection: Connection | None = None
    ) -> list[str]:
        """Take one host of a project away; with `reserve` nobody else can have it for so long."""
        async with self._change(connection) as (inside, hosts):
            query = self._queries.drop if reserve is None else self._queries.reserve_host
            more = {} if reserve is None else {"reserve": reserve}
            hosts.extend([row["host"] async for row in query(inside, project_id=project_id, host=host, **more)])
        return hosts

    async def rename(self, old_host: str, new_host: str, *, connection: Connection | None = None) -> list[str]:
        """Move a route to a new host; the old one redirects there and stays reserved for 90 days.

        Raises NotFound when there is no such route, NameTaken when the new host belongs to another project.
        """
        async with self._change(connection) as (inside, hosts):
            row = await self._queries.of_host(inside, host=old_host)
            if row is None:
                raise NotFound(f"There is no route {old_host}.")
            old = from_row(row)
            new = Route(_checked(new_host), old.target, old.project_id, old.access, old.policy_version)
            hosts.extend(await self.add(new, connection=inside))
            rows = self._queries.redirect(inside, old_host=old_host, new_host=new_host, reserve=RENAMED)
            hosts.extend([row["host"] async for row in rows])
        return hosts

    async def set_access(self, project_id: UUID, access: Access, *, connection: Connection | None = None) -> list[str]:
        """Change who may see all routes of a project; grants of the former policy end."""
        async with self._change(connection) as (inside, hosts):
            rows = self._queries.set_access(inside, project_id=project_id, access=access.value)
            hosts.extend([row["host"] async for row in rows])
        return hosts

    async def apply(self, hosts: Sequence[str]) -> None:
        """Put what is committed for `hosts` into effect in this replica, without waiting for the bus."""
        if hosts:
            await self._mirror.catch_up()

    @asynccontextmanager
    async def _change(self, given: Connection | None) -> AsyncIterator[tuple[Connection, list[str]]]:
        """A transaction, the caller's or one of our own."""
        hosts: list[str] = []
        if given is not None:
            yield given, hosts
            return
        async with self._database.transaction() as connection:
            yield connection, hosts
        await self.apply(hosts)


def _checked(host: str) -> str:
    if not host or host != host.lower() or len(host) > 253 or not all(c.isalnum() or c in ".-_" for c in host):
        raise InvalidInput(f"{host!r} is not a host name.", field="host")
    return host
