"""A twin of what makes artifacts: a strategy that makes what it is told."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from firefly.builds.analysis import Plan
from firefly.builds.packing.artifacts import Artifacts
from firefly.builds.seams import BuildLog
from firefly.builds.strategies import BuildStrategy, Job, Made


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
        return Made(await self.store.add(self._pieces(), "archive", job.build.hold))

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield self.content
