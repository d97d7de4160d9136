"""Really removing projects: records, repository, workspace."""

from datetime import timedelta
from uuid import UUID

import structlog

from ..clock import Clock
from ..errors import FireflyError
from ..git import Repositories
from .model import RESTORABLE_DAYS
from .records import Records
from .seams import Workspaces

log = structlog.get_logger()

JOBS_KEPT_DAYS = 30


class Removal:
    def __init__(self, *, records: Records, repositories: Repositories, workspaces: Workspaces, clock: Clock) -> None:
        self._records = records
        self._queries = records.queries
        self._repositories = repositories
        self._workspaces = workspaces
        self._clock = clock

    async def purge(self, project_id: UUID, workspace_id: UUID | None) -> None:
        """For good. The record goes first, so that whatever fails afterwards is rubbish and not a broken project."""
        async with self._records.database.connection() as connection:
            await self._queries.remove_project(connection, id=project_id)
        await self._repositories.remove(project_id)
        if workspace_id is not None:
            await self._workspaces.remove(workspace_id)

    async def expire(self) -> int:
        """Purge what was deleted 30 days ago; give old names free; forget old jobs."""
        now = self._clock.now()
        async with self._records.database.connection() as connection:
            rows = self._queries.expired_projects(connection, before=now - timedelta(days=RESTORABLE_DAYS))
            expired = [row async for row in rows]
            await self._queries.free_expired_names(connection, now=now)
        for row in expired:
            try:
                await self.purge(UUID(str(row["id"])), row["workspace_id"])
            except FireflyError as error:
                log.error("project.left", project_id=str(row["id"]), reason=error.detail)
        return len(expired)
