"""Looking at pull requests that are open: a hook that was lost is missed for minutes, not for ever."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from ...clock import Clock
from ...errors import FireflyError, NotFound
from ...git import GitFailed
from ...git.links import Links
from ...store import Database, load_queries
from ..model import Trigger
from .pulls import PullRequests
from .seams import Linked

log = structlog.get_logger()

EACH, LOOK_EVERY = timedelta(minutes=15), 30.0
AT_ONCE = 20


class PullSweep:
    """Each open pull request is asked for every quarter of an hour, by one replica."""

    def __init__(self, database: Database, clock: Clock, *, links: Links, linked: Linked, pulls: PullRequests) -> None:
        self._database = database
        self._clock = clock
        self._links = links
        self._linked = linked
        self._pulls = pulls
        self._queries: Any = load_queries("hooks")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except FireflyError as error:
                log.warning("pulls.not_looked_at", reason=error.detail)
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> int:
        """How many were due."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            due = [
                row async for row in self._queries.pulls_to_check(connection, now=now, before=now - EACH, most=AT_ONCE)
            ]
        for row in due:
            await self._look_at(row)
        return len(due)

    async def _look_at(self, row: Mapping[str, Any]) -> None:
        link = await self._links.of_project(UUID(str(row["project_id"])))
        if link is None:
            return
        try:
            provider = await self._linked.provider(link)
            try:
                found = await provider.pull_request(link.repository, row["number"])
            except NotFound:
                await provider.repository(link.repository)
                return await self._pulls.ended_elsewhere(link, row["number"])
            if found.state != "open" or not row["head_commit"].startswith(found.head_commit):
                await self._pulls.heed(link, found, "", trigger=Trigger.SWEEP)
        except (FireflyError, GitFailed, OSError) as error:
            log.warning(
                "pull.not_looked_at", project_id=str(row["project_id"]), number=row["number"], reason=str(error)
            )
