"""Members' own workspaces of a project, beside the shared one: opened, entered, listed, discarded."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from ..audit import Audit
from ..auth import Identity
from ..clock import Clock
from ..errors import Conflict, FireflyError, Forbidden, NotFound, Unauthenticated, Unavailable
from ..git import UnfinishedWork
from ..store import Connection, load_queries
from .access import Action, is_administrator
from .job import Job
from .jobs import Jobs, NewJob
from .model import Project, Role
from .records import Records, plain
from .seams import LayerSource, ProjectRoutes, Workspaces
from .service import Projects
from .stake import Stake

log = structlog.get_logger()

KIND = "workspace"
NONE = "You have no workspace of your own in this project. Open one first."


@dataclass(frozen=True, slots=True)
class OwnWorkspace:
    """`open`: its member may still use it. `filled_at`: since when the project's files are in it."""

    workspace_id: UUID
    project_id: UUID
    account_id: UUID
    member: str
    created_at: datetime
    filled_at: datetime | None
    open: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """`job` fills it; None: it is ready."""

    workspace: OwnWorkspace
    job: Job | None = None


class OwnWorkspaces:
    """A member with the role editor may have one in each project. `layers`: what one can begin on, None for nothing."""

    def __init__(
        self,
        *,
        projects: Projects,
        records: Records,
        audit: Audit,
        clock: Clock,
        jobs: Jobs,
        workspaces: Workspaces,
        routes: ProjectRoutes,
        unfinished: UnfinishedWork,
        layers: LayerSource | None = None,
    ) -> None:
        self._projects = projects
        self._records = records
        self._audit = audit
        self._clock = clock
        self._jobs = jobs
        self._workspaces = workspaces
        self._routes = routes
        self._unfinished = unfinished
        self._stake = Stake(workspaces, unfinished)
        self._layers = layers
        self._queries = load_queries("own")

    async def list(self, identity: Identity, owner: str, name: str) -> Sequence[OwnWorkspace]:
        """All of them for the project's owners, else the caller's."""
        project = await self._projects.get(identity, owner, name, Action.FOLLOW)
        return await self._all(project.id, None if _sees_all(identity, project) else identity.account.name)

    async def find(self, identity: Identity, owner: str, name: str, member: str) -> OwnWorkspace:
        """One of what `list` gives. Raises NotFound."""
        for found in await self.list(identity, owner, name):
            if found.member == member:
                return found
        raise NotFound(NONE if member == identity.account.name else "There is no such workspace, or it is not yours.")

    async def open(self, identity: Identity, owner: str, name: str, *, address: str | None = None) -> Opened:
        """The caller's own, made where there is none.

        Raises Forbidden for whoever is no member or may not change files, TooManySandboxes, SandboxFailed.
        """
        project = await self._projects.get(identity, owner, name, Action.RUN)
        if project.role is None:
            raise Forbidden(f"Only members of {project.path} have workspaces of their own in it.")
        for found in await self._all(project.id, identity.account.name):
            return Opened(found, await self._job(identity, found))
        bounded = None if identity.account.is_administrator else identity.account.name
        workspace_id = await self.begin(project.id, bounded)
        job = self._jobs.new(KIND, project_id=project.id, account_id=identity.account.id, input={})
        try:
            is_new = await self._enter(identity, project, workspace_id, job, address)
        except BaseException:
            await asyncio.shield(self._withdraw(job, workspace_id))
            raise
        if is_new:
            self._jobs.begin(job)
        else:
            # Somebody was quicker: the same member, in another window.
            await self._workspaces.remove(workspace_id)
        (found,) = await self._all(project.id, identity.account.name)
        return Opened(found, await self._job(identity, found))

    async def _withdraw(self, new: NewJob, workspace_id: UUID) -> None:
        """What was entered, perhaps, and will not be filled."""
        await self._jobs.withdraw(new)
        await self.take_back(new.job.project_id, workspace_id)
        await self._workspaces.remove(workspace_id)

    async def begin(self, project_id: UUID, bounded: str | None) -> UUID:
        """A workspace that nothing of the project is in yet, or what was made ready of it."""
        layer_id = await self._layers.of_project(project_id) if self._layers is not None else None
        return await self._workspaces.claim(bounded, layer_id=layer_id)

    async def _enter(
        self, identity: Identity, project: Project, workspace_id: UUID, job: NewJob, address: str | None
    ) -> bool:
        """All that must be there together: whose it is, its host, the job that fills it. False where there is one."""
        async with self._records.database.transaction() as connection:
            if not await self._add(identity, project, workspace_id, connection):
                return False
            facts = await self._records.facts(workspace_id, connection)
            assert facts is not None
            hosts = await self._routes.add(facts, project.visibility, connection)
            await self._jobs.insert(job, connection)
            await self._note(identity, project, "opened", identity.account.name, connection, address)
        await self._routes.apply(hosts)
        return True

    async def _job(self, identity: Identity, own: OwnWorkspace) -> Job | None:
        async with self._records.database.connection() as connection:
            id = await self._queries.job_of_own(connection, project_id=own.project_id, account_id=own.account_id)
        return await self._jobs.get(identity, plain(id)) if id is not None else None

    async def _add(self, identity: Identity, project: Project, workspace_id: UUID, connection: Connection) -> bool:
        """False where there is one. Raises NotFound where the project is gone."""
        held = await self._records.lock(identity.account.id, project.id, connection)
        if held is None or held.deleted_at is not None:
            raise NotFound("The project was deleted meanwhile.")
        added = await self._queries.add_own(
            connection, project_id=project.id, account_id=identity.account.id, workspace_id=workspace_id,
            now=self._clock.now(),
        )  # fmt: skip
        return added is not None

    async def enter(self, identity: Identity | None, project: Project, member: str) -> Project:
        """`project` with the caller's own workspace in the place of the shared one; the caller is `member`.

        Raises Unauthenticated, Forbidden for anybody else, NotFound where there is none, Unavailable until it is ready.
        """
        if identity is None:
            raise Unauthenticated("Sign in first.")
        if member != identity.account.name:
            raise Forbidden("A workspace of somebody's own is open to nobody else. Open yours.")
        if project.role is None or project.role.rank < Role.EDITOR.rank:
            raise Forbidden("Workspaces of their own are for members who may change files. Ask an owner.")
        for found in await self._all(project.id, member):
            if found.filled_at is None:
                raise Unavailable("Your workspace is being opened. Try again in a moment.", retry_after=1)
            return replace(project, workspace_id=found.workspace_id, member=member)
        raise NotFound(NONE)

    async def oversee(self, identity: Identity, project: Project, member: str) -> Project:
        """As `enter`, for looking at the sandbox and stopping it, which the project's owners may too."""
        if member != identity.account.name and not _sees_all(identity, project):
            raise Forbidden("A workspace of somebody's own is open to nobody else. Open yours.")
        for found in await self._all(project.id, member):
            return replace(project, workspace_id=found.workspace_id, member=member)
        raise NotFound("There is no such workspace.")

    async def discard(
        self, identity: Identity, owner: str, name: str, member: str, *, anyway: bool, address: str | None = None
    ) -> None:
        """Delete it, by its member or an owner. Raises Conflict, which names what would be lost, without `anyway`."""
        action = Action.RUN if member == identity.account.name else Action.PUBLISH
        project = await self._projects.get(identity, owner, name, action)
        for found in await self._all(project.id, member):
            if not anyway and (stake := await self._stake.of(found.project_id, found.workspace_id)):
                raise Conflict(
                    f"The workspace of {member} holds what is nowhere else: {stake}. It would be gone for good. "
                    "Push what is to be kept, or discard it anyway.",
                    at_stake=stake,
                )
            async with self._records.database.transaction() as connection:
                hosts = await self._forget(found, connection)
                await self._note(identity, project, "discarded", member, connection, address)
            await self._routes.apply(hosts)
            await self._clear(found)
            return
        raise NotFound("There is no such workspace.")

    async def take_back(self, project_id: UUID, whose: UUID) -> None:
        """One that could not be filled, by its id or its member's: nothing was ever in it."""
        for found in await self._all(project_id):
            if whose in (found.account_id, found.workspace_id) and found.filled_at is None:
                async with self._records.database.transaction() as connection:
                    hosts = await self._forget(found, connection)
                await self._routes.apply(hosts)
                await self._clear(found)

    async def _forget(self, own: OwnWorkspace, connection: Connection) -> Sequence[str]:
        facts = await self._records.facts(own.workspace_id, connection)
        gone = await self._queries.remove_own(connection, project_id=own.project_id, workspace_id=own.workspace_id)
        return await self._routes.close(facts, connection) if facts is not None and gone is not None else ()

    async def _clear(self, own: OwnWorkspace) -> None:
        """What it held; nobody finds it any more, so that whatever fails here is rubbish."""
        await self._workspaces.remove(own.workspace_id)
        try:
            await self._unfinished.forget(own.project_id, own.workspace_id)
        except FireflyError as error:
            log.warning("workspace.shadows_left", workspace_id=str(own.workspace_id), reason=error.detail)

    async def _all(self, project_id: UUID, member: str | None = None) -> Sequence[OwnWorkspace]:
        async with self._records.database.connection() as connection:
            rows = [row async for row in self._queries.own_workspaces(connection, project_id=project_id, member=member)]
        return [OwnWorkspace(**{key: plain(row[key]) for key in OwnWorkspace.__slots__}) for row in rows]

    async def _note(
        self,
        identity: Identity,
        project: Project,
        what: str,
        member: str,
        connection: Connection,
        address: str | None,
    ) -> None:
        await self._records.announce("workspaces.changed", project, connection, member=member, what=what)
        await self._audit.record(
            identity.account.id, f"workspace.{what}", f"project:{project.id}", address=address,
            detail={"project": project.path, "member": member}, connection=connection,
        )  # fmt: skip


def _sees_all(identity: Identity, project: Project) -> bool:
    return project.role is Role.OWNER or (project.role is None and is_administrator(identity))
