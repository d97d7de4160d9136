"""What links leave at providers, hooks and keys: removed there once nobody needs them, tried until it is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from ..clock import Clock
from ..errors import FireflyError, Forbidden, NotFound
from ..git.links import Links, LinkState, ProviderLink
from ..projects import Projects, Records, Visibility
from ..store import Database, load_queries
from .access import ANOTHER, Access
from .steps import Steps

MOST = 20
LEASE = timedelta(minutes=5)
EACH = timedelta(hours=20)
_FIRST, _LONGEST = timedelta(seconds=10), timedelta(hours=1)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Left:
    """`reason` says why it is still there; `due_at` is when it is tried again."""

    id: UUID
    project: str
    provider: str
    url: str
    repository: str
    reason: str
    due_at: datetime
    attempts: int


class Removing:
    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        links: Links,
        access: Access,
        steps: Steps,
        records: Records,
        projects: Projects,
    ) -> None:
        self._database = database
        self._clock = clock
        self._links = links
        self._access = access
        self._steps = steps
        self._records = records
        self._projects = projects
        self._queries: Any = load_queries("linking")

    async def detach(self, link: ProviderLink, project: str) -> None:
        """The project is linked no more; what is at the provider goes as soon as it lets us."""
        async with self._database.connection() as connection:
            await self._queries.detach(connection, id=link.id, project=project, now=self._clock.now())

    async def left(self, account_id: UUID) -> Sequence[Left]:
        """What somebody's links have still at providers."""
        async with self._database.connection() as connection:
            rows = self._queries.left_by(connection, account_id=account_id)
            return [Left(**{**dict(row), "id": UUID(bytes=row["id"].bytes)}) async for row in rows]

    async def look(self) -> int:
        """Remove what is due; returns how many links that were."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            rows = self._queries.take_left(connection, now=now, until=now + LEASE, most=MOST)
            due = [row async for row in rows]
        for row in due:
            link = await self._links.get(row["link_id"])
            if link is not None:
                await self._remove(link, row["attempts"])
        return len(due)

    async def _remove(self, link: ProviderLink, attempts: int) -> None:
        try:
            await self.clear(link)
        except FireflyError as error:
            wait = min(_LONGEST, _FIRST * 2 ** min(attempts, 10))
            log.info("link.not_removed", repository=link.repository, reason=error.detail, attempts=attempts)
            async with self._database.connection() as connection:
                due = self._clock.now() + wait
                await self._queries.retry_removal(connection, id=link.id, due_at=due, reason=error.detail[:500])
            return
        if link.project_id is None:
            await self._links.remove(link.id)
            return
        async with self._database.connection() as connection:
            await self._queries.settle_removal(connection, id=link.id)

    async def clear(self, link: ProviderLink) -> None:
        """Hook and key; each is forgotten as soon as it is gone there."""
        if link.hook_id is None and link.key_id is None:
            return
        provider = await self._access.of(link)
        if link.hook_id is not None:
            await provider.remove_hook(link.repository, link.hook_id)
            await self._links.set_hook(link.id, None)
        if link.key_id is not None:
            await provider.remove_key(link.repository, link.key_id)
            # A project that comes back from the bin has the same again.
            await self._links.set_key(link.id, None, link.key_private, link.key_public)

    async def restore(self) -> None:
        """Projects that came out of the bin get their hooks and keys again."""
        async with self._database.connection() as connection:
            bare = [row["id"] async for row in self._queries.take_bare(connection, most=MOST)]
        for id in bare:
            link = await self._links.get(id)
            project = await self._records.find_by_id(None, link.project_id) if link and link.project_id else None
            if link is None or project is None:
                continue
            try:
                await self._steps.key(project, link, wanted=link.key_private is not None)
                await self._steps.hook(project.id, link)
            except FireflyError as error:
                await self._links.set_state(link.id, LinkState.BROKEN, error.detail)

    async def ask(self) -> int:
        """Once a day: is the repository still there, under which name, and is it private now?"""
        now = self._clock.now()
        async with self._database.connection() as connection:
            rows = self._queries.take_unasked(connection, now=now, before=now - EACH, most=MOST)
            due = [row["id"] async for row in rows]
        for id in due:
            link = await self._links.get(id)
            if link is not None:
                await self.ask_one(link)
        return len(due)

    async def ask_one(self, link: ProviderLink) -> None:
        """Also when the provider says that something about it has changed."""
        try:
            await self.refresh(link)
        except (Forbidden, NotFound) as error:
            await self._links.set_state(link.id, LinkState.BROKEN, error.detail)
        except FireflyError as error:
            # It is away just now, which whoever brings the branches in step shows.
            log.info("link.not_asked", repository=link.repository, reason=error.detail)

    async def refresh(self, link: ProviderLink) -> None:
        """What the provider says of the repository now. Raises what `GitProvider` does."""
        provider = await self._access.of(link)
        try:
            found = await provider.repository(link.repository)
            if found.id != link.repository_id:
                raise NotFound(ANOTHER.format(path=link.repository))
        except NotFound:
            # Deleted, or hidden from us: either way nobody can tell that it is public.
            if link.project_id is not None:
                await self.hide(link.project_id)
            raise
        await self._links.set_repository(link.id, found)
        if link.state is LinkState.BROKEN:
            await self._links.set_state(link.id, LinkState.LINKED)
        if found.is_private and link.project_id is not None:
            await self.hide(link.project_id)

    async def hide(self, project_id: UUID) -> None:
        """What became private there does not stay public here."""
        project = await self._records.find_by_id(None, project_id)
        if project is not None and project.visibility is Visibility.PUBLIC:
            await self._projects.narrow(project_id)
