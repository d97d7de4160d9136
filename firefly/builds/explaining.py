"""How a commit of a hosted repository would be built."""

import asyncio

from ..git import Git, Repositories
from .analysis import CommitSource, Plan, analyse
from .model import Build


class Explaining:
    def __init__(self, *, git: Git, repositories: Repositories) -> None:
        self._git = git
        self._repositories = repositories

    async def explain(self, build: Build) -> Plan:
        """What the analyser makes of the build's commit. Raises ManifestError, NotFound, TimedOut."""
        path = await self._repositories.existing(build.project_id)
        async with CommitSource.open(self._git, path, build.commit) as source:
            return await asyncio.to_thread(analyse, source)
