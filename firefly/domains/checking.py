"""Looks at proofs, puts domains into service and takes them out of it: when asked, and by itself."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from ..bus import Bus
from ..errors import Conflict, DatabaseUnavailable, FireflyError, NameTaken
from ..routes import Access, Route, SandboxTarget
from ..routes.store import RouteStore
from ..store import Connection
from . import schedule
from .model import Domain, Kind, State
from .proof import Finding, Looked, Texts
from .records import TOPIC, Records

LOOK_EVERY = 10.0
AT_ONCE, MOST = 8, 40
# How long one replica has for what it took, before another may look.
LEASE = timedelta(minutes=5)
OUTDONE = "Another project has proven this host, and the proof of this one is gone."

log = structlog.get_logger()


class Checking:
    """Changes what a domain is; `routes` is told within the same transaction."""

    def __init__(self, *, records: Records, routes: RouteStore, texts: Texts, bus: Bus) -> None:
        self._records = records
        self._queries = records.queries
        self._routes = routes
        self.texts = texts
        self._bus = bus
        self._listeners: list[Callable[[Sequence[str]], Awaitable[None]]] = []

    def on_hosts(self, listener: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        """Await `listener` with all custom hosts in service, at the start and after each change."""
        self._listeners.append(listener)

    async def check(self, id: UUID, *, actor: UUID | None = None, address: str | None = None) -> Domain | None:
        """Look for the proof now, and do what follows from it; None where the domain is gone."""
        domain = await self._records.find(id)
        if domain is None or domain.kind is Kind.ALIAS:
            return domain
        looked = await self.texts.look(domain.record)
        try:
            changed, hosts = await self._settle(domain, looked, actor=actor, address=address)
        except NameTaken:
            changed, hosts = await self._settle(domain, looked, actor=actor, address=address, lost=True)
        await self._routes.apply(hosts)
        return changed

    async def _settle(
        self, domain: Domain, looked: Looked, *, actor: UUID | None, address: str | None, lost: bool = False
    ) -> tuple[Domain | None, Sequence[str]]:
        """Raises NameTaken where it is proven and another project has the host, unless that is known: `lost`."""
        now = self._records.clock.now()
        async with self._records.database.transaction() as connection:
            row = await self._queries.lock(connection, id=domain.id)
            if row is None or row["deleted_at"] is not None:
                return (None if row is None else Domain.from_row(row)), ()
            before = Domain.from_row(row)
            after = schedule.after(before, looked.has(before.token), looked.reason, now)
            if lost and after.state is State.ACTIVE:
                after = schedule.taken(before, now)
            hosts: list[str] = []
            if after.state.is_served and not before.state.is_served:
                hosts += await self._outdo(after, looked, connection)
                route = route_to(after.host, after.port, after.project_id, row)
                hosts += await self._routes.add(route, connection=connection)
            elif before.state.is_served and not after.state.is_served:
                hosts += await self._routes.drop(before.project_id, before.host, connection=connection)
            await self._records.update(after, connection)
            if after.state is not before.state:
                path = row["project_owner"], row["project_name"]
                await self._records.announce(after, path, after.state, connection, actor=actor, address=address)
        if after.state is not before.state:
            log.info("domain.changed", host=after.host, state=after.state.value, reason=after.reason)
        return after, hosts

    async def _outdo(self, domain: Domain, looked: Looked, connection: Connection) -> Sequence[str]:
        """Take the host from a project whose proof is gone, as the same look has seen. Raises NameTaken otherwise."""
        holder = await self._queries.holder(connection, host=domain.host, project_id=domain.project_id)
        row = await self._queries.lock(connection, id=holder) if holder is not None else None
        if row is None:
            return ()
        before = Domain.from_row(row)
        if looked.has(before.token) is not Finding.ABSENT:
            raise NameTaken("Another project shows this host.")
        after = schedule.suspended(before, OUTDONE, self._records.clock.now())
        await self._records.update(after, connection)
        path = row["project_owner"], row["project_name"]
        await self._records.announce(after, path, after.state, connection)
        return await self._routes.drop(before.project_id, before.host, connection=connection)

    async def look(self) -> int:
        """Check what is due; returns how many that were."""
        now = self._records.clock.now()
        async with self._records.database.connection() as connection:
            rows = self._queries.take_due(connection, now=now, until=now + LEASE, most=MOST)
            due = [UUID(str(row["id"])) async for row in rows]
        limit = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for id in due:
                group.create_task(self._check_alone(id, limit))
        return len(due)

    async def _check_alone(self, id: UUID, limit: asyncio.Semaphore) -> None:
        try:
            async with limit:
                await self.check(id)
        except FireflyError as error:
            # It comes up again when its lease is over.
            log.warning("domain.not_checked", domain=str(id), reason=error.detail)

    async def run(self) -> None:
        """Look at what is due, and keep listeners told, until cancelled."""
        async with self._bus.subscribe(TOPIC) as subscription, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_for_ever())
            await self.tell()
            async for _ in subscription:
                subscription.missed = False
                await self.tell()

    async def _look_for_ever(self) -> None:
        while True:
            try:
                await self.look()
            except DatabaseUnavailable as error:
                log.warning("domains.not_checked", reason=error.detail)
            await asyncio.sleep(LOOK_EVERY)
            # Projects that go into the bin, or come out of it, take theirs along without a word.
            await self.tell()

    async def tell(self) -> None:
        """Tell listeners which custom hosts are in service."""
        try:
            hosts = await self._records.custom_hosts()
        except DatabaseUnavailable as error:
            # The bus reports a gap when the database is back.
            log.warning("domains.behind", reason=error.detail)
            return
        for listener in self._listeners:
            await listener(hosts)


def route_to(host: str, port: int | None, project_id: UUID, facts: Mapping[str, Any]) -> Route:
    """`facts` are workspace_id and visibility of the project. Raises Conflict for one that shows nothing yet."""
    if facts["workspace_id"] is None:
        raise Conflict("The project has no workspace yet. Try again when it is filled.")
    target = SandboxTarget(UUID(bytes=facts["workspace_id"].bytes), port)
    return Route(host, target, project_id, Access(facts["visibility"]))
