"""How projects come to be: from a template at once, from elsewhere by a job."""

import asyncio
import contextlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import structlog

from ..audit import Audit
from ..auth import Identity
from ..bus import JSON
from ..clock import Clock
from ..errors import FireflyError, Forbidden, InvalidInput, NameTaken
from ..git import Importer, Repositories
from ..names import validate_name
from ..quotas import Quotas
from ..secrets import SecretValues
from ..store import Connection
from .access import is_administrator
from .catalogue import Catalogue
from .job import Job
from .jobs import Jobs, NewJob
from .model import CreateProject, LastChange, Project, Role
from .naming import SENTENCES, check_free
from .preparation import Preparation
from .records import Records
from .removal import Removal
from .seams import BridgeGateway, LayerSource, ProjectRoutes, WorkspaceFacts, Workspaces

log = structlog.get_logger()

# The kind of job that imports a provider's repository.
LINKED = "linked-import"


@dataclass(frozen=True, slots=True)
class Created:
    """`job` fills the project when it comes from elsewhere; None: it is ready."""

    project: Project
    job: Job | None = None


class Creation:
    def __init__(
        self,
        *,
        records: Records,
        audit: Audit,
        quotas: Quotas,
        clock: Clock,
        repositories: Repositories,
        preparation: Preparation,
        catalogue: Catalogue,
        importer: Importer,
        workspaces: Workspaces,
        bridge: BridgeGateway,
        routes: ProjectRoutes,
        removal: Removal,
        jobs: Jobs,
        secrets: SecretValues,
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._audit = audit
        self._quotas = quotas
        self._clock = clock
        self._repositories = repositories
        self._preparation = preparation
        self._catalogue = catalogue
        self._importer = importer
        self._workspaces = workspaces
        self._bridge = bridge
        self._routes = routes
        self._removal = removal
        self._jobs = jobs
        self._secrets = secrets
        self.ready: LayerSource | None = None
        """What has been made ready; None where nothing is."""

    async def create(
        self, identity: Identity, request: CreateProject, *, address: str | None, source: Project | None = None
    ) -> Created:
        """`source` is what a remix is made of, which the caller may read."""
        await self._check(identity, request)
        project = self._draft(identity, request, source)
        prepared = self._preparation.repository(request.template) if request.template else None
        bounded = None if identity.account.is_administrator else project.owner
        layer_id = await self._layer(request, source)
        project = await self._lay_out(project, prepared, bounded, layer_id)
        facts = facts_of(project, owner_is_administrator=identity.account.is_administrator)
        job = self._job(identity, project, request, source)
        try:
            await self._insert(identity, project, facts, job, address, source)
            if request.template is not None:
                if layer_id is None:
                    await self._bridge.initialize_template(facts.workspace_id, request.template)
                await self._bridge.configure(facts)
                async with self._records.database.connection() as connection:
                    await self._queries.set_filled(connection, id=project.id, now=self._clock.now())
        except BaseException:
            await asyncio.shield(self._undo(project, job))
            raise
        return Created(project, self._jobs.begin(job) if job is not None else None)

    async def _check(self, identity: Identity, request: CreateProject) -> None:
        if not identity.has("write"):
            raise Forbidden("This token does not have the scope write. Use one that has.")
        validate_name(request.name)
        if request.owner not in (None, identity.account.name):
            raise Forbidden("You can make projects under your own name only.")
        sources = (request.template, request.git_url, request.archive, request.remix_of, request.repository)
        if sources.count(None) != 4:
            raise InvalidInput("Give exactly one of template, git_url, remix_of and archive.", field="template")
        if request.template is not None:
            self._catalogue.get(request.template)
        if request.git_url is not None:
            self._importer.check(request.git_url, allow_file=is_administrator(identity))

    def _draft(self, identity: Identity, request: CreateProject, source: Project | None) -> Project:
        now, account = self._clock.now(), identity.account
        return Project(
            id=uuid4(),
            owner=account.name,
            name=request.name,
            description=request.description.strip(),
            visibility=request.visibility,
            default_branch=source.default_branch if source else "main",
            workspace_id=None,
            created_at=now,
            changed_at=now,
            deleted_at=None,
            role=Role.OWNER,
            last_change=LastChange("created it", account.name, now),
            owner_id=account.id,
            template=request.template,
            remix_of=source.path if source else None,
        )

    async def _layer(self, request: CreateProject, source: Project | None) -> UUID | None:
        """What the workspace can begin on, so that nothing has to be copied or installed."""
        if self.ready is None:
            return None
        if source is not None:
            return await self.ready.of_project(source.id)
        return await self.ready.of_template(request.template) if request.template is not None else None

    async def _lay_out(
        self, project: Project, prepared: Path | None, bounded: str | None, layer_id: UUID | None
    ) -> Project:
        """A workspace and a repository, at the same time; the name is looked at first, since that costs less.

        `bounded` is the owner, None where he may have as many sandboxes as he likes.
        """
        async with self._records.database.connection() as connection:
            await check_free(self._records, connection, project, self._clock.now())
        workspace = asyncio.create_task(self._workspaces.claim(bounded, layer_id=layer_id))
        try:
            await self._repositories.create(project.id, prepared=prepared)
            return replace(project, workspace_id=await workspace)
        except BaseException:
            with contextlib.suppress(Exception, asyncio.CancelledError):
                project = replace(project, workspace_id=await workspace)
            await asyncio.shield(self._undo(project))
            raise

    async def _insert(
        self,
        identity: Identity,
        project: Project,
        facts: WorkspaceFacts,
        job: NewJob | None,
        address: str | None,
        source: Project | None,
    ) -> None:
        """All that must be there together: the project, its host, and the job that fills it."""
        account = identity.account
        try:
            async with self._records.database.transaction() as connection:
                await self._quotas.check_projects(
                    account.id, is_administrator=account.is_administrator, connection=connection
                )
                await self._write(connection, project, source)
                hosts = await self._routes.add(facts, project.visibility, connection)
                if source is not None:
                    await self._secrets.copy_names(source.id, project.id, connection)
                if job is not None:
                    await self._jobs.insert(job, connection)
                await self._records.announce("project.created", project, connection)
                await self._audit.record(
                    account.id,
                    "project.created",
                    f"project:{project.id}",
                    address=address,
                    detail={"project": project.path, **({"remix_of": source.path} if source else {})},
                    connection=connection,
                )
        except asyncpg.UniqueViolationError as error:
            raise NameTaken(SENTENCES["used"].format(name=project.name), field="name") from error
        await self._routes.apply(hosts)

    async def _write(self, connection: Connection, project: Project, source: Project | None) -> None:
        now, owner_id = project.created_at, project.owner_id
        await self._queries.insert_project(
            connection,
            id=project.id,
            owner_id=owner_id,
            name=project.name,
            description=project.description,
            visibility=project.visibility,
            default_branch=project.default_branch,
            template=project.template,
            remix_of=source.id if source else None,
            workspace_id=project.workspace_id,
            now=now,
            what=project.last_change.what,
            account_id=owner_id,
        )
        await self._queries.insert_owner(connection, project_id=project.id, account_id=owner_id, now=now)

    def _job(
        self, identity: Identity, project: Project, request: CreateProject, source: Project | None
    ) -> NewJob | None:
        """What is to fill the project; None for a template, which is there at once."""
        account_id = identity.account.id
        if request.archive is not None:
            archive: dict[str, JSON] = {"digest": request.archive.digest, "filename": request.archive.filename[:255]}
            return self._jobs.new("archive", project_id=project.id, account_id=account_id, input=archive)
        if request.git_url is not None:
            url: dict[str, JSON] = {"url": request.git_url, "allow_file": is_administrator(identity)}
            return self._jobs.new("import", project_id=project.id, account_id=account_id, input=url)
        if request.repository is not None:
            repository: dict[str, JSON] = {
                name: str(value) if isinstance(value, UUID) else value
                for name, value in asdict(request.repository).items()
            }
            return self._jobs.new(LINKED, project_id=project.id, account_id=account_id, input=repository)
        if source is not None:
            published = source.role is None and not is_administrator(identity)
            remix: dict[str, JSON] = {"source": str(source.id), "published": published}
            return self._jobs.new("remix", project_id=project.id, account_id=account_id, input=remix)
        return None

    async def reconfigure(self, facts: WorkspaceFacts) -> None:
        """Tell a workspace its new name or secrets; one without a sandbox is told when it starts."""
        if not self._workspaces.alive(facts.workspace_id):
            return
        try:
            await self._bridge.configure(facts)
        except FireflyError as error:
            log.warning("bridge.unconfigured", workspace_id=str(facts.workspace_id), reason=error.detail)

    async def _undo(self, project: Project, job: NewJob | None = None) -> None:
        try:
            if job is not None:
                await self._jobs.withdraw(job)
            await self._removal.purge(project.id, project.workspace_id)
            await self._records.announce("project.removed", project)
        except FireflyError as error:
            log.error("project.left", project_id=str(project.id), reason=error.detail)


def facts_of(project: Project, *, owner_is_administrator: bool) -> WorkspaceFacts:
    workspace_id: UUID | None = project.workspace_id
    assert workspace_id is not None
    return WorkspaceFacts(
        workspace_id=workspace_id,
        project_id=project.id,
        owner=project.owner,
        name=project.name,
        owner_is_administrator=owner_is_administrator,
    )
