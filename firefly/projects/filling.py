"""The two jobs that fill a new project: from a git URL, and from an uploaded archive."""

from uuid import UUID

from ..artifacts import ArtifactStore
from ..errors import FireflyError, NotFound
from ..git import Importer, Progress
from .archives import look_over
from .job import Job, Progressing
from .jobs import Jobs
from .model import Project
from .records import Records
from .removal import Removal
from .seams import BridgeGateway, ProjectRoutes, WorkspaceFacts

FIND, RECEIVE, OPEN = "Find the repository", "Receive its history", "Open the workspace"
CHECK, UNPACK = "Check the archive", "Unpack it"
_STEPS = {"find": FIND, "receive": RECEIVE}


class Filling:
    """Registers its jobs with Jobs. A job that fails takes its project along, so that the name is free again."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        records: Records,
        importer: Importer,
        artifacts: ArtifactStore,
        bridge: BridgeGateway,
        routes: ProjectRoutes,
        removal: Removal,
        largest_unpacked: int,
    ) -> None:
        self._records = records
        self._importer = importer
        self._artifacts = artifacts
        self._bridge = bridge
        self._routes = routes
        self._removal = removal
        self._largest = largest_unpacked
        jobs.register("import", (FIND, RECEIVE, OPEN), self.import_, self.undo)
        jobs.register("archive", (CHECK, UNPACK), self.unpack, self.undo)

    async def import_(self, progress: Progressing) -> None:
        project, facts = await self._project(progress.job.project_id)

        def report(news: Progress) -> None:
            progress.step(_STEPS[news.step], news.detail, news.percent)

        branch = await self._importer.run(
            project.id, progress.input["url"], report=report, allow_file=bool(progress.input["allow_file"])
        )
        async with self._records.database.connection() as connection:
            await self._records.queries.set_default_branch(connection, id=project.id, branch=branch)
        progress.step(OPEN)
        await self._bridge.initialize_clone(facts.workspace_id)
        await self._finish(project, facts, "imported it")

    async def unpack(self, progress: Progressing) -> None:
        project, facts = await self._project(progress.job.project_id)
        try:
            await self._unpack(progress, project, facts)
        except FireflyError:
            # The job is over, and the archive is of no more use; a server that stops in between begins again.
            await self._artifacts.remove(progress.input["digest"])
            raise

    async def _unpack(self, progress: Progressing, project: Project, facts: WorkspaceFacts) -> None:
        digest = progress.input["digest"]
        progress.step(CHECK, progress.input["filename"])
        summary = await look_over(await self._artifacts.local(digest), total=self._largest)
        progress.step(UNPACK, f"{summary.entries} entries, {summary.size / 1e6:.1f} MB")
        artifact = await self._artifacts.find(digest)
        await self._bridge.initialize_archive(
            facts.workspace_id,
            filename=progress.input["filename"],
            size=artifact.size if artifact else 0,
            body=await self._artifacts.read(digest),
        )
        await self._finish(project, facts, "uploaded it")
        await self._artifacts.remove(digest)

    async def undo(self, job: Job) -> None:
        project = await self._records.find_by_id(None, job.project_id)
        if project is not None:
            await self._removal.purge(project.id, project.workspace_id)
            await self._records.announce("project.removed", project)

    async def _project(self, project_id: UUID) -> tuple[Project, WorkspaceFacts]:
        project = await self._records.find_by_id(None, project_id)
        facts = await self._records.facts_of(project) if project else None
        if project is None or facts is None:
            raise NotFound("The project was removed meanwhile.")
        return project, facts

    async def _finish(self, project: Project, facts: WorkspaceFacts, what: str) -> None:
        await self._bridge.configure(facts)
        await self._routes.add(facts, project.visibility)
        await self._records.announce("project.changed", project, what=what)
