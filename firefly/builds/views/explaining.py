"""How a commit of a hosted repository would be built."""

import asyncio
from functools import partial

from ...git import Git, Repositories
from ...store import Database
from ..analysis import CommitSource, Plan, analyse
from ..making.stored import Stored
from ..model import Build


class Explaining:
    def __init__(self, *, database: Database, git: Git, repositories: Repositories) -> None:
        self._database = database
        self._git = git
        self._repositories = repositories

    async def explain(self, build: Build) -> Plan:
        """What the analyser makes of the build's commit and of the project's settings.

        Raises ManifestError, NotFound, TimedOut.
        """
        stored = await Stored.of(build.project_id, self._database)
        path = await self._repositories.existing(build.project_id)
        async with CommitSource.open(self._git, path, build.commit) as source:
            look = partial(analyse, source, stored.manifest(), forced=stored.forced)
            return await asyncio.to_thread(look)
