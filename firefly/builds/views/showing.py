"""What is shown beside a build: its place in the queue, its steps, its site, how long its sandbox is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ...clock import Clock
from ...errors import Conflict
from ...store import load_queries
from ..asking.builds import Builds
from ..log.records import LogRecords
from ..model import Build, Site, Step
from ..queueing.queue import Place
from ..queueing.records import plain
from ..sites import SiteRecords


@dataclass(frozen=True, slots=True)
class Kept:
    """A sandbox in which something was built."""

    workspace_id: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    build: Build
    place: Place | None
    kept: Kept | None
    site: Site | None
    steps: Sequence[Step] = ()


class Showing:
    def __init__(self, builds: Builds, log: LogRecords, sites: SiteRecords, clock: Clock) -> None:
        self._builds = builds
        self._log = log
        self._sites = sites
        self._clock = clock
        self._queries = load_queries("build_showing")

    async def one(self, build: Build) -> Shown:
        (shown,) = await self.many([build])
        return replace(shown, steps=await self._log.steps(build.id))

    async def many(self, builds: Sequence[Build]) -> Sequence[Shown]:
        """Without their steps."""
        ids = [build.id for build in builds]
        places, kept, sites = await self._builds.places(builds), await self._kept(ids), await self._sites.of_builds(ids)
        return [Shown(build, places.get(build.id), kept.get(build.id), sites.get(build.id)) for build in builds]

    async def kept_sandbox(self, build: Build) -> UUID:
        """The workspace in which it was built. Raises Conflict where that is not kept."""
        kept = (await self._kept([build.id])).get(build.id)
        if kept is None:
            raise Conflict("The sandbox of this build is gone. That of a build that failed is kept for an hour.")
        return kept.workspace_id

    async def _kept(self, ids: Sequence[UUID]) -> Mapping[UUID, Kept]:
        async with self._log.database.connection() as connection:
            rows = self._queries.kept_sandboxes(connection, ids=ids, now=self._clock.now())
            return {plain(row["build_id"]): Kept(plain(row["workspace_id"]), row["kept_until"]) async for row in rows}
