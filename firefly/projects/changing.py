"""Changing a project: its row, its hosts, and what goes on with it, of two changes at once one after the other."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from ..audit import Audit
from ..clock import Clock
from ..errors import NotFound
from ..store import Connection
from .access import UNKNOWN
from .changes import changed, what_changed
from .creation import Creation
from .model import Project, UpdateProject, Visibility
from .naming import check_free, reserve
from .records import Records
from .seams import ProjectRoutes


async def held(
    records: Records, account_id: UUID | None, project_id: UUID, connection: Connection, *, deleted: bool = False
) -> Project:
    """The project, which nobody else changes until the transaction ends. Raises NotFound."""
    project = await records.lock(account_id, project_id, connection)
    if project is None or (project.deleted_at is not None) != deleted:
        raise NotFound(UNKNOWN)
    return project


class Changing:
    def __init__(
        self, *, records: Records, audit: Audit, clock: Clock, creation: Creation, routes: ProjectRoutes
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._audit = audit
        self._clock = clock
        self._creation = creation
        self._routes = routes

    async def change(self, account_id: UUID | None, project_id: UUID, change: UpdateProject) -> None:
        """Raises NotFound, asyncpg's UniqueViolationError where somebody has the name."""
        old, new, hosts = await self._change(account_id, project_id, change)
        await self._follow(old, new, hosts)

    async def _change(
        self, account_id: UUID | None, project_id: UUID, change: UpdateProject
    ) -> tuple[Project, Project, Sequence[str]]:
        """Before, after, and the hosts that are to be put into effect."""
        async with self._records.database.transaction() as connection:
            # As it is now: of two changes at once neither undoes the other's.
            old = await held(self._records, account_id, project_id, connection)
            new = changed(old, change)
            hosts: Sequence[str] = ()
            if new != old:
                await self._store(account_id, old, new, connection)
                hosts = await self._move_hosts(old, new, connection)
        return old, new, hosts

    async def _store(self, account_id: UUID | None, old: Project, new: Project, connection: Connection) -> None:
        now, what = self._clock.now(), what_changed(old, new)
        if new.name != old.name:
            await check_free(self._records, connection, new, now)
            await reserve(self._records, connection, old, new, now)
        await self._queries.update_project(
            connection,
            id=new.id,
            name=new.name,
            description=new.description,
            visibility=new.visibility,
            now=now,
            what=what,
            account_id=account_id,
        )
        await self._records.announce("project.changed", new, connection, what=what)
        await self._audit.record(
            account_id,
            "project.changed",
            f"project:{new.id}",
            detail={"from": old.path, "to": new.path, "visibility": new.visibility.value},
            connection=connection,
        )

    async def _move_hosts(self, old: Project, new: Project, connection: Connection) -> Sequence[str]:
        hosts: set[str] = set()
        if old.name != new.name:
            for facts in await self._records.all_facts(new, connection):
                hosts.update(
                    await self._routes.rename(replace(facts, name=old.name), replace(facts, name=new.name), connection)
                )
        if old.visibility is not new.visibility:
            hosts.update(await self._routes.set_visibility(new.id, new.visibility, connection))
        return sorted(hosts)

    async def _follow(self, old: Project, new: Project, hosts: Sequence[str]) -> None:
        """What a committed change entails."""
        await self._routes.apply(hosts)
        if old.visibility is Visibility.PUBLIC and new.visibility is not Visibility.PUBLIC:
            await self._routes.end_visits(new.id)
        for facts in await self._records.all_facts(new) if old.name != new.name else ():
            await self._creation.reconfigure(facts)
