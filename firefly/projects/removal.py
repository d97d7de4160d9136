"""Really removing projects: records, repository, workspaces."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from ..clock import Clock
from ..errors import FireflyError
from ..git import Repositories
from ..store import load_queries
from .model import RESTORABLE_DAYS
from .records import Records, plain
from .seams import ProjectRoutes, Workspaces

log = structlog.get_logger()

JOBS_KEPT = timedelta(days=30)
# No project takes this long to be made from a template.
INTERRUPTED = timedelta(minutes=10)


class Removal:
    def __init__(
        self,
        *,
        records: Records,
        repositories: Repositories,
        workspaces: Workspaces,
        routes: ProjectRoutes,
        clock: Clock,
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._jobs = load_queries("jobs")
        self._repositories = repositories
        self._workspaces = workspaces
        self._routes = routes
        self._clock = clock

    async def purge(self, project_id: UUID, workspace_id: UUID | None, *, before: datetime | None = None) -> bool:
        """For good. The record goes first, so that whatever fails afterwards is rubbish and not a broken project.

        With `before` only if it was deleted before that, and not restored since; returns whether it went.
        """
        async with self._records.database.transaction() as connection:
            own = await self._records.own(project_id, connection, closed=True)
            rows = self._queries.built_workspaces(connection, project_id=project_id)
            built = [plain(row["workspace_id"]) async for row in rows]
            gone = await self._queries.remove_project(connection, id=project_id, before=before)
            if gone is None and before is not None:
                return False
            hosts = await self._routes.release(project_id, connection)
        await self._routes.apply(hosts)
        await self._repositories.remove(project_id)
        shared = [workspace_id] if workspace_id is not None else []
        for each in (*shared, *(facts.workspace_id for facts in own), *built):
            await self._workspaces.remove(each)
        return True

    async def expire(self) -> int:
        """Purge what was deleted 30 days ago, and what a server that stopped left half made; returns how many.

        Gives old names free, and forgets old jobs, too.
        """
        now = self._clock.now()
        before = now - timedelta(days=RESTORABLE_DAYS)
        async with self._records.database.connection() as connection:
            rows = self._queries.expired_projects(connection, before=before)
            expired = [row async for row in rows]
            await self._queries.free_expired_names(connection, now=now)
            await self._jobs.forget_jobs(connection, before=now - JOBS_KEPT)
        return sum([await self._expire(row, before=before) for row in expired]) + await self._clear_interrupted(now)

    async def _clear_interrupted(self, now: datetime) -> int:
        """Whoever wanted them got no answer, or an error."""
        async with self._records.database.connection() as connection:
            rows = [row async for row in self._queries.interrupted_projects(connection, before=now - INTERRUPTED)]
        return sum([await self._expire(row) for row in rows])

    async def _expire(self, row: Mapping[str, Any], *, before: datetime | None = None) -> bool:
        try:
            return await self.purge(plain(row["id"]), plain(row["workspace_id"]), before=before)
        except FireflyError as error:
            log.error("project.left", project_id=str(row["id"]), reason=error.detail)
            return False
