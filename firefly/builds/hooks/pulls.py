"""Pull requests: built when they open and change, shown, and cleared away when they end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from ...clock import Clock
from ...errors import Unavailable
from ...git.links import ProviderLink
from ...git.providers import PullRequest
from ...store import Database, load_queries
from ..asking.builds import Builds
from ..model import NewBuild, Trigger, Trust
from .seams import Linked

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPull:
    """As it stands in the database."""

    project_id: UUID
    number: int
    title: str
    author: str
    head_ref: str
    head_commit: str
    is_fork: bool
    state: str

    def is_still(self, pull: PullRequest) -> bool:
        """Whether it is as open as it was, at the same commit, which Bitbucket shortens."""
        return self.state == pull.state and self.head_commit.startswith(pull.head_commit)


class PullRequests:
    def __init__(self, database: Database, clock: Clock, *, builds: Builds, linked: Linked) -> None:
        self._database = database
        self._clock = clock
        self._builds = builds
        self._linked = linked
        self._queries: Any = load_queries("hooks")

    async def find(self, project_id: UUID, number: int) -> KnownPull | None:
        async with self._database.connection() as connection:
            row = await self._queries.find_pull(connection, project_id=project_id, number=number)
        return _known(row) if row else None

    async def heed(self, link: ProviderLink, pull: PullRequest, actor: str, *, trigger: Trigger) -> str:
        """Bring what is shown of it in step with what it is; says what was done."""
        assert link.project_id is not None
        if pull.state != "open":
            return await self._end(link, link.project_id, pull)
        commit = await self._linked.fetch_pull(link, pull)
        if not commit.startswith(pull.head_commit):
            raise Unavailable("What can be fetched of the pull request is not what the provider tells.", retry_after=5)
        await self._put(link, pull, commit)
        new = NewBuild(
            project_id=link.project_id, ref=f"refs/pull/{pull.number}", commit=commit, trigger=trigger,
            actor=actor or pull.author, trust=Trust.FORK if pull.is_fork else Trust.PROJECT,
        )  # fmt: skip
        return await self.entered(new)

    async def entered(self, new: NewBuild) -> str:
        """Ask for a build, as far as the project wants it; says what came of it."""
        moved = await self._builds.consider(new)
        if moved.build is None:
            return moved.reason
        async with self._database.connection() as connection:
            # What was fetched may have asked for it already, and could not know who had pushed.
            await self._queries.name_actor(connection, id=moved.build.id, actor=new.actor)
        return f"Build {moved.build.number}, {moved.build.state.value}."

    async def _end(self, link: ProviderLink, project_id: UUID, pull: PullRequest) -> str:
        await self._put(link, pull)
        reason = f"Pull request {pull.number} was {pull.state}."
        await self._builds.ref_ended(project_id, f"refs/pull/{pull.number}", reason)
        await self._linked.drop_pull(link, pull.number)
        log.info("pull.ended", project_id=str(project_id), number=pull.number, state=pull.state)
        return reason

    async def ended_elsewhere(self, link: ProviderLink, number: int) -> None:
        """The provider no longer knows it."""
        known = await self.find(link.project_id, number) if link.project_id else None
        if known is None:
            return
        gone = PullRequest(
            number=number, title=known.title, author=known.author, url="", state="closed", base_ref="",
            head_ref=known.head_ref, head_commit=known.head_commit, is_fork=known.is_fork,
        )  # fmt: skip
        await self._end(link, known.project_id, gone)

    async def _put(self, link: ProviderLink, pull: PullRequest, commit: str | None = None) -> KnownPull:
        async with self._database.connection() as connection:
            row = await self._queries.put_pull(
                connection, project_id=link.project_id, number=pull.number, provider=link.provider,
                title=pull.title[:500], author=pull.author[:200], url=pull.url, base_ref=pull.base_ref,
                head_ref=pull.head_ref, head_commit=commit or pull.head_commit, is_fork=pull.is_fork,
                source_url=pull.source_url, state=pull.state, now=self._clock.now(),
            )  # fmt: skip
        return _known(row)


def _known(row: Mapping[str, Any]) -> KnownPull:
    names = ("number", "title", "author", "head_ref", "head_commit", "is_fork", "state")
    return KnownPull(project_id=UUID(str(row["project_id"])), **{name: row[name] for name in names})
