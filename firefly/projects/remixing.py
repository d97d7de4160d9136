"""The job that fills a remix: the branches and tags of another project, and the files that it has not committed.

What makes the copy somebody's own is never read: members, grants, hooks, secrets and shadow branches stay where they
are, since nothing here asks for them. What git ignores is left out by git.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import structlog

from ..errors import FireflyError, NotFound
from ..git import Copier, Repositories
from .filling import Filling
from .job import Progressing
from .jobs import Jobs
from .model import Project
from .records import Records
from .seams import BridgeGateway

log = structlog.get_logger()

HISTORY, FILES = "Copy the history", "Open the workspace"


class Remixing:
    """Registers its job with Jobs. One that fails takes its project along, so that the name is free again."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        records: Records,
        filling: Filling,
        copier: Copier,
        repositories: Repositories,
        bridge: BridgeGateway,
        lies_on_layer: Callable[[UUID], Awaitable[bool]],
    ) -> None:
        self._records = records
        self._filling = filling
        self._copier = copier
        self._repositories = repositories
        self._bridge = bridge
        self._lies_on_layer = lies_on_layer
        jobs.register("remix", (HISTORY, FILES), self.remix, filling.undo)

    async def remix(self, progress: Progressing) -> None:
        project, facts = await self._filling.project(progress)
        source = await self._records.find_by_id(None, UUID(progress.input["source"]))
        if source is None or source.deleted_at is not None:
            raise NotFound("The project to copy was removed meanwhile.")
        async with AsyncExitStack() as stack:
            # Meanwhile, since it takes as long as the rest: what it raises is raised again by what needs it.
            waking = asyncio.create_task(self._bridge.wake(facts.workspace_id))
            stack.push_async_callback(_end, waking)
            looking = asyncio.create_task(self._changes(stack, source, bool(progress.input["published"])))
            stack.push_async_callback(_end, looking)
            progress.step(HISTORY)
            branch = await self._copier.copy(source.id, project.id)
            async with self._records.database.connection() as connection:
                await self._records.queries.set_default_branch(connection, id=project.id, branch=branch)
            progress.step(FILES)
            onto = await self._lies_on_layer(facts.workspace_id)
            changes = await self._looked(looking, progress)
            if changes is None:
                await self._bridge.initialize_clone(facts.workspace_id, onto=onto)
            else:
                await self._bridge.initialize_remix(facts.workspace_id, changes, onto=onto)
        await self._filling.finish(project, facts, "remixed it")

    async def _changes(self, stack: AsyncExitStack, source: Project, published: bool) -> AsyncIterator[bytes] | None:
        """What differs from the default branch as it is now; what is pushed while it is copied makes no difference."""
        if source.workspace_id is None:
            return None
        branch = await self._repositories.default_branch(source.id)
        head = (await self._repositories.refs(source.id)).get(f"refs/heads/{branch}", "")
        return await stack.enter_async_context(
            self._bridge.changes(source.workspace_id, base=head, published=published)
        )

    async def _looked(
        self, looking: "asyncio.Task[AsyncIterator[bytes] | None]", progress: Progressing
    ) -> AsyncIterator[bytes] | None:
        """None where they cannot be read: a sandbox that does not start is no reason to keep the rest back."""
        try:
            return await looking
        except FireflyError as error:
            log.warning("remix.without_changes", project_id=str(progress.job.project_id), reason=error.detail)
            progress.step(FILES, f"Without what is not committed: {error.detail}")
            return None


async def _end(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
