"""Twins of what the parts of building ask of one another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from firefly.builds.model import Build, BuildState, Outcome
from firefly.builds.seams import BuildLog, Notice, StepLog


@dataclass
class RecordedStep(StepLog):
    """`state` is `running`, `succeeded`, `failed` or `ended`; `skipped` the reason, where nothing had to be done."""

    name: str
    command: str | None
    output: bytes = b""
    said: list[str] = field(default_factory=list)
    code: int | None = None
    skipped: str = ""
    state: str = "running"

    async def write(self, data: bytes, *, stream: str = "out") -> None:
        self.output += data

    async def say(self, text: str) -> None:
        self.said.append(text)

    def exited(self, code: int) -> None:
        self.code = code

    def skip(self, reason: str) -> None:
        self.skipped = reason

    @property
    def text(self) -> str:
        return self.output.decode(errors="replace")


class RecordingLog(BuildLog):
    """A build's log in memory: the steps in their order."""

    def __init__(self) -> None:
        self.steps: list[RecordedStep] = []
        self.masked: list[str] = []

    def step(self, name: str, command: str | None = None) -> AbstractAsyncContextManager[StepLog]:
        return self._step(RecordedStep(name, command))

    @asynccontextmanager
    async def _step(self, step: RecordedStep) -> AsyncIterator[StepLog]:
        self.steps.append(step)
        try:
            yield step
            step.state = "failed" if step.code else "succeeded"
        except Exception:
            step.state = "failed"
            raise
        except BaseException:
            step.state = "ended"
            raise

    def mask(self, *values: str) -> None:
        self.masked.extend(values)

    async def last_lines(self, count: int = 40) -> list[str]:
        return self.steps[-1].text.splitlines()[-count:] if self.steps else []


class MemoryLogs:
    """`opened` counts how often the log of each build was."""

    def __init__(self) -> None:
        self.logs: dict[UUID, RecordingLog] = {}
        self.opened: dict[UUID, int] = {}

    @asynccontextmanager
    async def open(self, build: Build) -> AsyncIterator[BuildLog]:
        self.opened[build.id] = self.opened.get(build.id, 0) + 1
        yield self.logs.setdefault(build.id, RecordingLog())


async def succeed(build: Build, log: BuildLog) -> Outcome:
    return Outcome(state=BuildState.SUCCEEDED, reason="Built.")


class MemoryRunner:
    """Builds by calling `does`; `hold` lets everything wait until `go_on`. `cancelled`: what was ended from outside."""

    def __init__(self, does: Callable[[Build, BuildLog], Awaitable[Outcome]] = succeed) -> None:
        self.does = does
        self.started: list[Build] = []
        self.cancelled: list[UUID] = []
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        self._free.clear()

    def go_on(self) -> None:
        self._free.set()

    async def run(self, build: Build, log: BuildLog) -> Outcome:
        self.started.append(build)
        try:
            await self._free.wait()
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


class MemoryListener:
    """`fails`: how often it raises before it listens. `hold` lets it hang until `go_on`."""

    def __init__(self, name: str, *kinds: str, fails: int = 0) -> None:
        self.name = name
        self.kinds = frozenset(kinds)
        self.fails = fails
        self.heard: list[Notice] = []
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        self._free.clear()

    def go_on(self) -> None:
        self._free.set()

    async def heed(self, notice: Notice) -> None:
        await self._free.wait()
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
