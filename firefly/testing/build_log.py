"""A twin of a build's log, which keeps all of it in memory."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from firefly.builds.model import Build, StepState
from firefly.builds.seams import BuildLog, StepLog


@dataclass
class MemoryStep(StepLog):
    """A step, with what was written in it."""

    name: str
    command: str | None
    state: StepState = StepState.RUNNING
    exit_code: int | None = None
    reason: str = ""
    said: list[str] = field(default_factory=list)
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)

    async def write(self, data: bytes, *, stream: str = "out") -> None:
        (self.out if stream == "out" else self.err).extend(data)

    async def say(self, text: str) -> None:
        self.said.append(text)

    def exited(self, code: int) -> None:
        self.exit_code = code

    def skip(self, reason: str) -> None:
        self.state, self.reason = StepState.SKIPPED, reason


class MemoryBuildLog(BuildLog):
    """Keeps all of it; masks nothing that is written, and remembers what it was to mask."""

    def __init__(self) -> None:
        self.steps: list[MemoryStep] = []
        self.masked: list[str] = []

    def step(self, name: str, command: str | None = None) -> AbstractAsyncContextManager[MemoryStep]:
        return self._step(MemoryStep(name, command))

    @asynccontextmanager
    async def _step(self, step: MemoryStep) -> AsyncIterator[MemoryStep]:
        self.steps.append(step)
        try:
            yield step
        except Exception:
            step.state = StepState.FAILED
            raise
        except BaseException:
            step.state = StepState.ENDED
            raise
        if step.state is StepState.RUNNING:
            step.state = StepState.FAILED if step.exit_code else StepState.SUCCEEDED

    def mask(self, *values: str) -> None:
        self.masked += values

    def hide(self, text: str) -> str:
        for value in self.masked:
            text = text.replace(value, "•••")
        return text

    async def last_lines(self, count: int = 40) -> list[str]:
        if not self.steps:
            return []
        step = self.steps[-1]
        return (bytes(step.out) + bytes(step.err)).decode(errors="replace").splitlines()[-count:]

    def named(self, name: str) -> list[MemoryStep]:
        return [step for step in self.steps if step.name == name]


class MemoryLogs:
    """`opened` counts how often the log of each build was."""

    def __init__(self) -> None:
        self.logs: dict[UUID, MemoryBuildLog] = {}
        self.opened: dict[UUID, int] = {}

    @asynccontextmanager
    async def open(self, build: Build) -> AsyncIterator[BuildLog]:
        self.opened[build.id] = self.opened.get(build.id, 0) + 1
        yield self.logs.setdefault(build.id, MemoryBuildLog())
