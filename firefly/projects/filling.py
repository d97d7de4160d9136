"""The two jobs that fill a new project: from a git URL, and from an uploaded archive."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from ..artifacts import ArtifactStore
from ..errors import NotFound
from ..git import Importer, Progress
from .archives import look_over
from .job import Job, Progressing
from .jobs import Jobs
from .model import Project
from .records import Records
from .removal import Removal
from .seams import BridgeGateway, ProjectRoutes, WorkspaceFacts, Workspaces

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
        workspaces: Workspaces,
        removal: Removal,
        largest_unpacked: int,
    ) -> None:
        self._records = records
        self._importer = importer
        self._artifacts = artifacts
        self._bridge = bridge
        self._routes = routes
        self._workspaces = workspaces
        self._removal = removal
        self._largest = largest_unpacked
        jobs.register("import", (FIND, RECEIVE, OPEN), self.import_, self.undo)
        jobs.register("archive", (CHECK, UNPACK), self.unpack, self.undo, tidy=self.forget)

    async def import_(self, progress: Progressing) -> None:
        project, facts = await self.project(progress)

        def report(news: Progress) -> None:
            progress.step(_STEPS[news.step], news.detail, news.percent)

        branch = await self._importer.run(
            project.id, progress.input["url"], report=report, allow_file=bool(progress.input["allow_file"])
        )
        async with self._records.database.connection() as connection:
            await self._records.queries.set_default_branch(connection, id=project.id, branch=branch)
        progress.step(OPEN)
        await self._bridge.initialize_clone(facts.workspace_id)
        await self.finish(project, facts, "imported it")

    async def unpack(self, progress: Progressing) -> None:
        project, facts = await self.project(progress)
        digest = progress.input["digest"]
        progress.step(CHECK, progress.input["filename"])
        async with self._artifacts.local(digest) as archive:
            summary = await look_over(archive, total=self._largest)
        progress.step(UNPACK, f"{summary.entries} entries, {summary.size / 1e6:.1f} MB")
        artifact = await self._artifacts.find(digest)
        async with aclosing(await self._artifacts.read(digest)) as body:
            await self._bridge.initialize_archive(
                facts.workspace_id,
                filename=progress.input["filename"],
                size=artifact.size if artifact else 0,
                body=body,
            )
        await self.finish(project, facts, "uploaded it")

    async def forget(self, input: Mapping[str, Any]) -> None:
        """The archive; not before the end of the job is written, since a server that stops begins again."""
        await self._artifacts.remove(input["digest"])

    async def undo(self, job: Job) -> None:
        project = await self._records.find_by_id(None, job.project_id)
        if project is not None:
            await self._removal.purge(project.id, project.workspace_id)
            await self._records.announce("project.removed", project)

    async def project(self, progress: Progressing, *, fresh: bool = False) -> tuple[Project, WorkspaceFacts]:
        """What a job fills, with an empty workspace; `fresh`: another job has tried before. Raises NotFound."""
        project = await self._records.find_by_id(None, progress.job.project_id)
        if project is not None and (progress.again or fresh):
            project = await self._give_fresh_workspace(project)
        facts = await self._records.facts_of(project) if project else None
        if project is None or facts is None:
            raise NotFound("The project was removed meanwhile.")
        return project, facts

    async def _give_fresh_workspace(self, old: Project) -> Project | None:
        """Only an empty workspace can be filled, and nobody knows how far the present one was."""
        facts = await self._records.facts_of(old)
        if facts is None:
            return None
        facts = replace(facts, workspace_id=await self._workspaces.claim())
        async with self._records.database.transaction() as connection:
            project = await self._records.lock(None, old.id, connection)
            if project is None:
                return None
            await self._records.queries.set_workspace(connection, id=old.id, workspace_id=facts.workspace_id)
            hosts: Sequence[str] = ()
            if project.deleted_at is None:
                facts = replace(facts, name=project.name)
                hosts = await self._routes.add(facts, project.visibility, connection)
        await self._routes.apply(hosts)
        if old.workspace_id is not None:
            await self._workspaces.remove(old.workspace_id)
        return replace(project, workspace_id=facts.workspace_id)

    async def finish(self, project: Project, facts: WorkspaceFacts, what: str) -> None:
        # The project may have been renamed, which a workspace that was not configured yet could not be told.
        await self._bridge.configure(await self._records.facts_of(project) or facts)
        await self._records.announce("project.changed", project, what=what)
