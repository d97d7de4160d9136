"""The job that fills a member's own workspace: what was made ready of the project, and what its default branch has."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from ..clock import Clock
from ..errors import NotFound
from ..store import load_queries
from .job import Job, Progressing
from .jobs import Jobs
from .own import KIND, OwnWorkspaces
from .records import Records
from .seams import BridgeGateway, ProjectRoutes, WorkspaceFacts, Workspaces

FILES = "Open the workspace"


class Opening:
    """Registers its job with Jobs. One that fails takes the workspace along."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        records: Records,
        own: OwnWorkspaces,
        workspaces: Workspaces,
        routes: ProjectRoutes,
        bridge: BridgeGateway,
        clock: Clock,
        lies_on_layer: Callable[[UUID], Awaitable[bool]],
    ) -> None:
        self._records = records
        self._own = own
        self._workspaces = workspaces
        self._routes = routes
        self._bridge = bridge
        self._clock = clock
        self._lies_on_layer = lies_on_layer
        self._queries = load_queries("own")
        jobs.register(KIND, (FILES,), self.fill, self._undo)

    async def fill(self, progress: Progressing) -> None:
        facts = await self._facts(progress.job)
        if facts.filled:
            # It was all but done when the server stopped.
            return
        if progress.again:
            facts = await self._give_fresh(facts)
        progress.step(FILES)
        await self._bridge.initialize_clone(facts.workspace_id, onto=await self._lies_on_layer(facts.workspace_id))
        # The project may have been renamed meanwhile.
        await self._bridge.configure(await self._facts(progress.job))
        # Now it may be entered.
        async with self._records.database.connection() as connection:
            await self._queries.set_own_filled(connection, id=facts.workspace_id, now=self._clock.now())

    async def _facts(self, job: Job) -> WorkspaceFacts:
        for facts in await self._records.own(job.project_id):
            if facts.member_id == job.account_id:
                return facts
        raise NotFound("The workspace was discarded, or closed, meanwhile.")

    async def _give_fresh(self, old: WorkspaceFacts) -> WorkspaceFacts:
        """Only an empty workspace can be filled, and nobody knows how far the present one was."""
        workspace_id = await self._own.begin(old.project_id, old.member if old.is_bounded else None)
        try:
            facts = await self._replace(old, workspace_id)
        except BaseException:
            await asyncio.shield(self._workspaces.remove(workspace_id))
            raise
        await self._workspaces.remove(old.workspace_id)
        return facts

    async def _replace(self, old: WorkspaceFacts, workspace_id: UUID) -> WorkspaceFacts:
        async with self._records.database.transaction() as connection:
            project = await self._records.lock(None, old.project_id, connection)
            await self._queries.replace_own(
                connection, project_id=old.project_id, account_id=old.member_id, workspace_id=workspace_id
            )
            facts = await self._records.facts(workspace_id, connection)
            if project is None or facts is None or project.deleted_at is not None:
                raise NotFound("The project was deleted meanwhile.")
            hosts = await self._routes.add(facts, project.visibility, connection)
        await self._routes.apply(hosts)
        return facts

    async def _undo(self, job: Job) -> None:
        await self._own.take_back(job.project_id, job.account_id)
