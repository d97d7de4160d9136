"""Keeping hosted repositories small: packs are joined in the background, and never while somebody pushes."""

import asyncio
from collections import Counter
from uuid import UUID

import structlog

from ..errors import FireflyError, NotFound
from .command import Git, GitFailed
from .repositories import Repositories

log = structlog.get_logger()

LONGEST = 1800.0
_NICENESS = 15
# Every push comes as a pack of its own (transfer.unpackLimit); this is git's own measure for too many.
MOST_PACKS = 50
_SETTINGS = {
    "gc.auto": "6700",
    "gc.autoDetach": "false",
    "pack.threads": "1",
    "pack.windowMemory": "256m",
}


class Maintenance:
    """One repository at a time, at low priority, after its last push; git decides whether there is anything to do.

    A push to the repository that is being tended ends that; it is taken up again afterwards.
    """

    def __init__(
        self, *, git: Git, repositories: Repositories, most_packs: int = MOST_PACKS, longest: float = LONGEST
    ) -> None:
        self._git = git
        self._repositories = repositories
        self._longest = longest
        self._settings = {**_SETTINGS, "gc.autoPackLimit": str(most_packs)}
        self._waiting: dict[UUID, None] = {}
        self._pushing: Counter[UUID] = Counter()
        self._wake = asyncio.Event()
        self._current: tuple[UUID, asyncio.Task[None]] | None = None

    async def push_begins(self, project_id: UUID) -> None:
        """Returns when nothing is being done to the repository, and nothing will until `push_ends`."""
        self._pushing[project_id] += 1
        if self._current is None or self._current[0] != project_id:
            return
        task = self._current[1]
        task.cancel()
        try:
            await asyncio.wait([task])
        except BaseException:
            self.push_ends(project_id)
            raise

    def push_ends(self, project_id: UUID) -> None:
        self._pushing[project_id] -= 1
        if not self._pushing[project_id]:
            del self._pushing[project_id]
            self.suggest(project_id)

    def suggest(self, project_id: UUID) -> None:
        """Look after the repository when there is time."""
        self._waiting[project_id] = None
        self._wake.set()

    async def run(self) -> None:
        """Tend what was pushed to, until cancelled."""
        while True:
            await self._wake.wait()
            project_id = next((project for project in self._waiting if project not in self._pushing), None)
            if project_id is None:
                self._wake.clear()
                continue
            del self._waiting[project_id]
            task = asyncio.create_task(self._tend(project_id), name=f"maintenance {project_id}")
            self._current = (project_id, task)
            try:
                await asyncio.wait([task])
            finally:
                task.cancel()
                await asyncio.wait([task])
                self._current = None

    async def _tend(self, project_id: UUID) -> None:
        try:
            path = await self._repositories.existing(project_id)
            await self._git.run(
                "gc", "--auto", "--quiet", cwd=path, limit=self._longest, settings=self._settings, niceness=_NICENESS
            )
        except NotFound:
            return
        except (FireflyError, GitFailed, OSError) as error:
            log.warning("repository.not_tended", project_id=str(project_id), reason=str(error))
