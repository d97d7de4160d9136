"""Routes in PostgreSQL, the authority, and how each replica's table follows them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import structlog

from firefly.bus import MISSED, Bus, Event
from firefly.errors import DatabaseUnavailable, InvalidInput, NameTaken, NotFound
from firefly.store import Connection, Database, load_queries

from .record import from_row, target_of
from .route import Access, Route
from .table import RouteTable

TOPIC = "routes"
RENAMED = timedelta(days=90)
REMOVED = timedelta(days=30)
# An event names its hosts and must stay below the bus's limit.
HOSTS_PER_EVENT = 20
RECONCILE = 60.0

log = structlog.get_logger()


class RouteStore:
    """Changes routes and keeps `table` in step with them.

    Each change can take part in a transaction: pass its `connection`, and await `apply` with the hosts that the
    method returned once that is committed; without a connection the change is in effect here when the method
    returns. Other replicas follow by the bus within milliseconds.
    """

    def __init__(self, database: Database, bus: Bus, table: RouteTable) -> None:
        self._database = database
        self._bus = bus
        self._table = table
        self._queries: Any = load_queries("routes")

    async def load(self) -> None:
        """Take all routes from the database; logs what was different."""
        async with self._database.connection() as connection:
            await self._queries.expire(connection)
            routes = [from_row(row) async for row in self._queries.routes(connection)]
        wanted = {route.host: route for route in routes}
        changed = sorted(host for host, route in wanted.items() if self._table.get(host) != route)
        gone = sorted(route.host for route in self._table if route.host not in wanted)
        if changed or gone:
            log.info("routes.loaded", total=len(routes), changed=changed[:10], gone=gone[:10])
            self._table.replace(routes)

    async def follow(self) -> None:
        """Keep the table in step until cancelled: changes by the bus, everything after a gap and once a minute."""
        async with self._bus.subscribe(TOPIC) as subscription, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reconcile())
            async for event in subscription:
                subscription.missed = False
                await self._heed(event)

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
        if not hosts:
            return
        async with self._database.connection() as connection:
            rows = self._queries.routes_of_hosts(connection, hosts=list(hosts))
            found = {row["host"]: from_row(row) async for row in rows}
        self._table.remove(*(host for host in hosts if host not in found))
        self._table.put(*found.values())

    @asynccontextmanager
    async def _change(self, given: Connection | None) -> AsyncIterator[tuple[Connection, list[str]]]:
        """A transaction, the caller's or one of our own, that ends by telling everybody which hosts changed."""
        hosts: list[str] = []
        if given is not None:
            yield given, hosts
            await self._publish(hosts, given)
            return
        async with self._database.transaction() as connection:
            yield connection, hosts
            await self._publish(hosts, connection)
        await self.apply(hosts)

    async def _publish(self, hosts: list[str], connection: Connection) -> None:
        for first in range(0, len(hosts), HOSTS_PER_EVENT):
            names = list(hosts[first : first + HOSTS_PER_EVENT])
            await self._bus.publish(TOPIC, "routes.changed", {"hosts": [*names]}, connection=connection)

    async def _heed(self, event: Event) -> None:
        try:
            if event.kind == MISSED:
                await self.load()
            else:
                await self.apply(cast(list[str], event.data["hosts"]))
        except DatabaseUnavailable as error:
            # The bus reports a gap when the database is back, and everything is read again.
            log.warning("routes.behind", error=error.detail)

    async def _reconcile(self) -> None:
        while True:
            try:
                await self.load()
            except DatabaseUnavailable as error:
                log.warning("routes.behind", error=error.detail)
            await asyncio.sleep(RECONCILE)


def _checked(host: str) -> str:
    if not host or host != host.lower() or len(host) > 253 or not all(c.isalnum() or c in ".-_" for c in host):
        raise InvalidInput(f"{host!r} is not a host name.", field="host")
    return host
