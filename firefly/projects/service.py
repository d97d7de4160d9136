"""Projects: find, list, change, delete and restore, each decided by Access."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg

from ..audit import Audit
from ..auth import Identity
from ..clock import Clock
from ..errors import InvalidInput, Moved, NameTaken, NotFound
from ..names import validate_name
from ..store import Connection
from .access import UNKNOWN, Access, Action
from .changes import check_description
from .changing import Changing, held
from .creation import Created, Creation
from .model import CreateProject, Page, Project, UpdateProject, Visibility
from .naming import SENTENCES
from .records import Records, decode_cursor, encode_cursor, to_project
from .removal import Removal
from .seams import ProjectRoutes, WorkspaceFacts, Workspaces

LARGEST_PAGE = 100
# Called with a project that is to become public, or a public remix's source; raises what stands in the way.
MayPublish = Callable[[UUID], Awaitable[None]]


class Projects:
    """What the web calls; `creation` and `removal` do the long parts."""

    def __init__(
        self,
        *,
        records: Records,
        access: Access,
        audit: Audit,
        clock: Clock,
        creation: Creation,
        removal: Removal,
        routes: ProjectRoutes,
        workspaces: Workspaces,
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._access = access
        self._audit = audit
        self._clock = clock
        self._creation = creation
        self._removal = removal
        self._routes = routes
        self._workspaces = workspaces
        self._changing = Changing(records=records, audit=audit, clock=clock, creation=creation, routes=routes)
        self.may_publish: MayPublish | None = None
        """None: nothing outside has a say in it."""

    async def create(self, identity: Identity, request: CreateProject, *, address: str | None = None) -> Created:
        """Raises InvalidInput (field named), NameTaken, LimitReached, SandboxFailed."""
        check_description(request.description)
        source = await self._source(identity, request.remix_of) if request.remix_of is not None else None
        if source is not None and request.visibility is Visibility.PUBLIC and self.may_publish is not None:
            await self.may_publish(source.id)
        return await self._creation.create(identity, request, address=address, source=source)

    async def _source(self, identity: Identity, path: str) -> Project:
        """Whoever may read a project may remix it. Raises InvalidInput where there is none that he may read."""
        owner, _, name = path.partition("/")
        try:
            return await self.get(identity, owner, name)
        except NotFound as error:
            raise InvalidInput(UNKNOWN, field="remix_of") from error

    async def get(
        self, identity: Identity | None, owner: str, name: str, action: Action = Action.READ, *, deleted: bool = False
    ) -> Project:
        """The project, when the caller may do `action` with it.

        Raises Moved (with the new `<owner>/<name>`) for a renamed one, NotFound, Forbidden, Unauthenticated.
        """
        account_id = identity.account.id if identity else None
        project = await self._records.find(account_id, owner, name, deleted=deleted)
        if project is not None:
            await self._authorise_unseen(identity, project, action)
            return project
        moved = await self._records.find_renamed(account_id, owner, name, self._clock.now())
        if moved is None or moved.deleted_at is not None or deleted:
            raise NotFound(UNKNOWN)
        await self._access.authorise(identity, moved, action)
        raise Moved(f"The project is now {moved.path}.", location=moved.path)

    async def _authorise_unseen(self, identity: Identity | None, project: Project, action: Action) -> None:
        """As `authorise`; for a stranger it takes as many questions to the database as a project that is not there."""
        try:
            await self._access.authorise(identity, project, action)
        except NotFound:
            account_id = identity.account.id if identity else None
            await self._records.find_renamed(account_id, project.owner, project.name, self._clock.now())
            raise

    async def get_by_id(self, identity: Identity | None, project_id: UUID, action: Action = Action.READ) -> Project:
        project = await self._records.find_by_id(identity.account.id if identity else None, project_id)
        if project is None or project.deleted_at is not None:
            raise NotFound(UNKNOWN)
        await self._access.authorise(identity, project, action)
        return project

    async def list(
        self, identity: Identity, *, cursor: str | None = None, limit: int = 50, deleted: bool = False
    ) -> Page:
        """What the caller is a member of, newest change first; `deleted` lists what can be restored."""
        before_at, before_id = decode_cursor(cursor)
        most = max(1, min(limit, LARGEST_PAGE))
        async with self._records.database.connection() as connection:
            rows = self._queries.list_projects(
                connection,
                account_id=identity.account.id,
                deleted=deleted,
                before_at=before_at,
                before_id=before_id,
                most=most + 1,
            )
            found = [to_project(row) async for row in rows]
        page = found[:most]
        return Page(tuple(page), encode_cursor(page[-1]) if len(found) > most else None)

    async def update(self, identity: Identity, owner: str, name: str, change: UpdateProject) -> Project:
        """Rename, describe, set the visibility. Raises NameTaken, InvalidInput."""
        widens = change.visibility is Visibility.PUBLIC
        project = await self.get(identity, owner, name, Action.PUBLISH if widens else Action.MANAGE)
        if widens and self.may_publish is not None:
            await self.may_publish(project.id)
        check_description(change.description or "")
        if change.name not in (None, project.name):
            validate_name(change.name or "")
        try:
            await self._changing.change(identity.account.id, project.id, change)
        except asyncpg.UniqueViolationError as error:
            raise NameTaken(SENTENCES["used"].format(name=change.name), field="name") from error
        return await self.get_by_id(identity, project.id)

    async def narrow(self, project_id: UUID) -> None:
        """Show it to its members alone: what it comes from is public no more."""
        await self._changing.change(None, project_id, UpdateProject(visibility=Visibility.MEMBERS))

    async def delete(self, identity: Identity, owner: str, name: str) -> Project:
        """Hidden and stopped at once, restorable for 30 days."""
        project = await self.get(identity, owner, name, Action.DELETE)
        now = self._clock.now()
        async with self._records.database.transaction() as connection:
            project = await held(self._records, identity.account.id, project.id, connection)
            await self._set_deleted(identity, project, now, connection)
            hosts = await self._routes.remove(project.id, connection)
        await self._routes.apply(hosts)
        for facts in await self._records.all_facts(project):
            await self._workspaces.stop(facts.workspace_id, "The project was deleted.")
        return replace(project, deleted_at=now)

    async def restore(self, identity: Identity, owner: str, name: str) -> Project:
        project = await self.get(identity, owner, name, Action.DELETE, deleted=True)
        hosts: list[str] = []
        async with self._records.database.transaction() as connection:
            project = await held(self._records, identity.account.id, project.id, connection, deleted=True)
            await self._set_deleted(identity, project, None, connection)
            for facts in await self._records.all_facts(project, connection):
                hosts += await self._routes.add(facts, project.visibility, connection)
        await self._routes.apply(hosts)
        return await self.get(identity, owner, name, Action.DELETE)

    async def _set_deleted(
        self, identity: Identity, project: Project, at: datetime | None, connection: Connection
    ) -> None:
        kind, what = ("project.deleted", "deleted it") if at else ("project.restored", "restored it")
        await self._queries.set_deleted(
            connection, id=project.id, deleted_at=at, now=self._clock.now(), what=what, account_id=identity.account.id
        )
        await self._records.announce(kind, project, connection)
        await self._audit.record(identity.account.id, kind, f"project:{project.id}", connection=connection)

    async def note_change(self, project_id: UUID, what: str, account_id: UUID | None) -> None:
        """`what` continues a sentence that begins with a name: "pushed to main"."""
        async with self._records.database.transaction() as connection:
            await self._queries.note_change(
                connection, id=project_id, now=self._clock.now(), what=what, account_id=account_id
            )
            data = {"project_id": str(project_id), "what": what}
            await self._records.bus.publish("events", "project.changed", data, connection=connection)

    async def visible_ids(self, identity: Identity) -> frozenset[UUID]:
        """Ids of the projects whose events the caller may see (is a member of)."""
        async with self._records.database.connection() as connection:
            rows = self._queries.visible_projects(connection, account_id=identity.account.id)
            return frozenset([UUID(str(row["project_id"])) async for row in rows])

    async def by_workspace(self, workspace_id: UUID) -> WorkspaceFacts | None:
        """For composition: whose workspace this is; None for one that nobody has claimed."""
        return await self._records.facts(workspace_id)

    async def expire(self) -> int:
        """Really remove what was deleted 30 days ago, and give old names free; returns how many projects."""
        return await self._removal.expire()
