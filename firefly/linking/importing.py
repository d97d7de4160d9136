"""The two jobs that make a link: of a project that is imported with it, and of one that is there already.

A step that fails leaves what was done before it, says what to do, and is begun again where it failed, or undone.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from ..clock import Clock
from ..errors import Conflict, FireflyError, NotFound
from ..git import Importer, Progress
from ..git.links import Links, LinkState, ProviderLink
from ..git.providers import Repository
from ..git.remotes import basic
from ..projects import LINKED, BridgeGateway, Filling, Job, Jobs, JobState, Project, Records, Removal
from ..projects.job import Progressing
from .access import Access
from .connections import Connections
from .removing import Removing
from .steps import Steps

LINK = "link"
INSPECT, RECEIVE, OPEN = "Inspect the repository", "Receive its history", "Open the workspace"
KEY, HOOK, BRANCHES = "Add a key", "Add the hook", "Compare branches"
PULLS, ACCESS = "List pull requests", "Settle who may join"
_REST = (KEY, HOOK, BRANCHES, PULLS, ACCESS)
GONE = "The project was removed meanwhile."


class Importing:
    """Registers its jobs with Jobs."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        records: Records,
        clock: Clock,
        filling: Filling,
        importer: Importer,
        bridge: BridgeGateway,
        removal: Removal,
        links: Links,
        access: Access,
        connections: Connections,
        steps: Steps,
        removing: Removing,
    ) -> None:
        self._records = records
        self._clock = clock
        self._filling = filling
        self._importer = importer
        self._bridge = bridge
        self._removal = removal
        self._links = links
        self._access = access
        self._connections = connections
        self._steps = steps
        self._removing = removing
        jobs.register(LINKED, (INSPECT, RECEIVE, OPEN, *_REST), self.import_, self.end)
        jobs.register(LINK, (INSPECT, *_REST), self.link, self.end)

    async def import_(self, progress: Progressing) -> None:
        await self._noting(progress, self._import)

    async def link(self, progress: Progressing) -> None:
        await self._noting(progress, self._link)

    async def _noting(self, progress: Progressing, work: Callable[[Progressing], Awaitable[None]]) -> None:
        try:
            await work(progress)
        except FireflyError as error:
            await self._steps.broken(progress.job.project_id, error)
            raise

    async def end(self, job: Job) -> None:
        """One that failed waits for somebody to resume or undo it; cancelling is undoing."""
        if job.state is JobState.CANCELLED:
            await self.undo(job)

    async def undo(self, job: Job) -> None:
        """Take away all that it made: hook and key at the provider, the link, and the project that it imported."""
        project = await self._records.find_by_id(None, job.project_id)
        link = await self._links.of_project(job.project_id)
        if link is not None:
            await self._removing.detach(link, project.path if project else "")
        if project is not None and job.kind == LINKED:
            await self._removal.purge(project.id, project.workspace_id)
            await self._records.announce("project.removed", project)

    async def _import(self, progress: Progressing) -> None:
        progress.step(INSPECT)
        project, repository = await self._inspect(progress)
        if not await self._is_filled(project.id):
            await self._fill(progress, repository)
        await self._attach(progress, repository)

    async def _is_filled(self, project_id: UUID) -> bool:
        async with self._records.database.connection() as connection:
            return bool(await self._steps.queries.is_filled(connection, id=project_id))

    async def _inspect(self, progress: Progressing) -> tuple[Project, Repository]:
        project = await self._records.find_by_id(None, progress.job.project_id)
        if project is None:
            raise NotFound(GONE)
        given = progress.input
        credential = await self._connections.credential(UUID(given["connection_id"]))
        found = await self._steps.inspect(given["provider"], given["url"], credential, given["path"])
        self._steps.check_visibility(project.visibility, found)
        progress.step(INSPECT, f"{found.path}, {'private' if found.is_private else 'public'}")
        return project, found

    async def _fill(self, progress: Progressing, repository: Repository) -> None:
        """History and files, as any import gets them, but with the connection's token."""
        given = progress.input
        project, facts = await self._filling.project(progress, fresh=bool(given.get("resumed")))
        credential = await self._connections.credential(UUID(given["connection_id"]))
        user, password = self._access.provider(given["provider"], given["url"], credential).git_login()

        def report(news: Progress) -> None:
            progress.step(RECEIVE, news.detail, news.percent)

        progress.step(RECEIVE)
        url = repository.clone_url
        branch = await self._importer.run(project.id, url, report=report, authorization=basic(user, password))
        async with self._records.database.connection() as connection:
            await self._records.queries.set_default_branch(connection, id=project.id, branch=branch)
        progress.step(OPEN)
        await self._bridge.initialize_clone(facts.workspace_id)
        async with self._records.database.connection() as connection:
            await self._records.queries.set_filled(connection, id=project.id, now=self._clock.now())
        await self._filling.finish(project, facts, "imported it")

    async def _link(self, progress: Progressing) -> None:
        progress.step(INSPECT)
        _, repository = await self._inspect(progress)
        await self._attach(progress, repository)

    async def _attach(self, progress: Progressing, repository: Repository) -> None:
        project = await self._records.find_by_id(None, progress.job.project_id)
        if project is None:
            raise NotFound(GONE)
        given = progress.input
        link = await self._steps.attach(
            project, given["provider"], given["url"], repository, connection_id=UUID(given["connection_id"]),
            by_id=progress.job.account_id,
        )  # fmt: skip
        await self._links.set_state(link.id, LinkState.LINKING)
        works: dict[str, Callable[[ProviderLink], Awaitable[str]]] = {
            KEY: lambda link: self._steps.key(project, link, wanted=bool(given["by_key"])),
            HOOK: lambda link: self._steps.hook(project.id, link),
            BRANCHES: lambda link: self._steps.branches(project.id),
            PULLS: lambda link: self._steps.pull_requests(project.id, link),
            ACCESS: lambda link: self._steps.access(project, link),
        }
        for name, work in works.items():
            progress.step(name)
            progress.step(name, await work(await self._present(project.id)))

    async def _present(self, project_id: UUID) -> ProviderLink:
        link = await self._links.of_project(project_id)
        if link is None:
            raise Conflict("The project was unlinked meanwhile.")
        return link
