"""Looking at pull requests that are open: a hook that was lost is missed for minutes, not for ever."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from ...clock import Clock
from ...errors import FireflyError, NotFound
from ...git.links import Links, ProviderLink
from ...git.providers import GitProvider, PullRequest, everything
from ...store import Database, load_queries
from ..model import Trigger
from .pulls import PullRequests
from .seams import Linked

log = structlog.get_logger()

EACH, LOOK_EVERY = timedelta(minutes=15), 30.0
AT_ONCE = 10
# Seconds for one link: a provider that answers slowly, which anybody may run, is not to keep the others waiting.
LIMIT = 300.0


class PullSweep:
    """The pull requests of each link are listed every quarter of an hour, by one replica."""

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
            # Whatever it is, the server serves on, and looks again.
            except Exception:
                log.exception("pulls.not_looked_at")
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> int:
        """How many links were due."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            rows = self._queries.links_to_sweep(connection, now=now, before=now - EACH, most=AT_ONCE)
            due = [UUID(str(row["id"])) async for row in rows]
        async with asyncio.TaskGroup() as tasks:
            for link_id in due:
                tasks.create_task(self._try_look_at(link_id))
        return len(due)

    async def _try_look_at(self, link_id: UUID) -> None:
        try:
            async with asyncio.timeout(LIMIT):
                link = await self._links.get(link_id)
                if link is not None and link.project_id is not None:
                    await self._look_at(link, link.project_id)
        # Of whatever provider it is, the others are looked at.
        except Exception as error:
            log.warning("pulls.not_looked_at", link_id=str(link_id), reason=repr(error))

    async def _look_at(self, link: ProviderLink, project_id: UUID) -> None:
        provider = await self._linked.provider(link)
        there = {
            pull.number: pull
            for pull in await everything(lambda cursor: provider.pull_requests(link.repository, cursor))
        }
        known = await self._known(project_id)
        for pull in there.values():
            if _is_news(pull, known.get(pull.number)):
                await self._pulls.heed(link, pull, "", trigger=Trigger.SWEEP)
        for number in known.keys() - there.keys():
            await self._ended(link, provider, number)

    async def _known(self, project_id: UUID) -> Mapping[int, Mapping[str, Any]]:
        async with self._database.connection() as connection:
            rows = self._queries.open_pulls(connection, project_id=project_id)
            return {row["number"]: row async for row in rows}

    async def _ended(self, link: ProviderLink, provider: GitProvider, number: int) -> None:
        """It is listed no longer: merged, closed, or removed altogether."""
        try:
            found = await provider.pull_request(link.repository, number)
        except NotFound:
            await self._pulls.ended_elsewhere(link, number)
        else:
            await self._pulls.heed(link, found, "", trigger=Trigger.SWEEP)


def _is_news(pull: PullRequest, known: Mapping[str, Any] | None) -> bool:
    """Bitbucket shortens commits in its lists."""
    return known is None or not known["is_seen"] or not known["head_commit"].startswith(pull.head_commit)
