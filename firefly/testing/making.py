"""Twins of what makes artifacts: a log in memory, and a strategy that makes what it is told."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from firefly.builds.analysis import Plan
from firefly.builds.artifacts import Artifacts
from firefly.builds.model import StepState
from firefly.builds.seams import BuildLog, StepLog
from firefly.builds.strategies import BuildStrategy, Job, Made


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
    """Keeps all of it; masks nothing, and remembers what it was to mask."""

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
        except BaseException:
            step.state = StepState.FAILED
            raise
        if step.state is StepState.RUNNING:
            step.state = StepState.FAILED if step.exit_code else StepState.SUCCEEDED

    def mask(self, *values: str) -> None:
        self.masked += values

    async def last_lines(self, count: int = 40) -> list[str]:
        step = self.steps[-1]
        return (bytes(step.out) + bytes(step.err)).decode(errors="replace").splitlines()[-count:]

    def named(self, name: str) -> list[MemoryStep]:
        return [step for step in self.steps if step.name == name]


@dataclass
class MemoryStrategy(BuildStrategy):
    """Makes `content` of every tree and keeps it in `store`, or raises `error`; `jobs` are those that it was given."""

    store: Artifacts
    content: bytes = b"made"
    ground: str = "memory"
    error: Exception | None = None
    jobs: list[Job] = field(default_factory=list)

    def suits(self, plan: Plan) -> bool:
        return True

    async def base(self, plan: Plan) -> str:
        return self.ground

    async def make(self, job: Job, log: BuildLog) -> Made:
        self.jobs.append(job)
        async with log.step("make") as step:
            await step.write(self.content)
            if self.error is not None:
                raise self.error
        return Made(await self.store.add(self._pieces(), "archive"))

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield self.content
