"""Twins of what the parts of building ask of one another."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from firefly.builds.model import Build, BuildState, Outcome
from firefly.builds.seams import BuildLog, Notice


async def succeed(build: Build, log: BuildLog) -> Outcome:
    return Outcome(state=BuildState.SUCCEEDED, reason="Built.")


class Held:
    """`hold` lets everything wait in `passed` until `go_on`."""

    def __init__(self) -> None:
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        self._free.clear()

    def go_on(self) -> None:
        self._free.set()

    async def passed(self) -> None:
        await self._free.wait()


class MemoryRunner(Held):
    """Builds by calling `does`. `cancelled`: what was ended from outside."""

    def __init__(self, does: Callable[[Build, BuildLog], Awaitable[Outcome]] = succeed) -> None:
        super().__init__()
        self.does = does
        self.started: list[Build] = []
        self.cancelled: list[UUID] = []

    async def run(self, build: Build, log: BuildLog) -> Outcome:
        self.started.append(build)
        try:
            await self.passed()
            return await self.does(build, log)
        except asyncio.CancelledError:
            self.cancelled.append(build.id)
            raise


class MemoryPublisher:
    """`fails` is raised by the next one."""

    def __init__(self) -> None:
        self.published: list[Build] = []
        self.fails: Exception | None = None

    async def publish(self, build: Build, log: BuildLog) -> None:
        if self.fails is not None:
            failure, self.fails = self.fails, None
            raise failure
        self.published.append(build)


class MemoryListener(Held):
    """`fails`: how often it raises before it listens."""

    def __init__(self, name: str, *kinds: str, fails: int = 0) -> None:
        super().__init__()
        self.name = name
        self.kinds = frozenset(kinds)
        self.fails = fails
        self.heard: list[Notice] = []

    async def heed(self, notice: Notice) -> None:
        await self.passed()
        if self.fails:
            self.fails -= 1
            raise ConnectionError("nobody there")
        self.heard.append(notice)


class MemoryRunningSites:
    """Fulfils `RunningSites`: as many of each owner as `sites` says; `stopped` are those that were too many."""

    def __init__(self, most: int = 20) -> None:
        self.sites: dict[str, int] = {}
        self.owners: dict[UUID, str] = {}
        self.stopped: list[str] = []
        self._most = most

    async def running(self, owner_id: UUID) -> int:
        return self.sites.get(self.owners.get(owner_id, ""), 0)

    async def enforce(self, owner_id: UUID, owner: str, *, dry: bool) -> Sequence[str]:
        surplus = [f"site {number} of {owner}" for number in range(self.sites.get(owner, 0) - self._most)]
        self.stopped += [] if dry else surplus
        return surplus
