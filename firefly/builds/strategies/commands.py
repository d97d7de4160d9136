"""Artifacts by commands: a tree is put into a sandbox, dependencies are installed, it is built, tested and packed."""

from collections.abc import Awaitable, Callable, Set
from contextlib import aclosing

from firefly.errors import Conflict, NotFound, StorageFull, TooLarge, Unavailable
from firefly.protocol.building import Packed, PackParams
from firefly.sandbox.terms import size

from ..analysis import Part, Plan, Strategy
from ..images.running import named, within
from ..making.caches import Caches
from ..making.failures import explain
from ..making.toolchains import missing
from ..making.workplace import Workplace
from ..making.workplaces import Workplaces, wishes
from ..model import Failure, Product
from ..packing.artifacts import Artifacts
from ..seams import BuildLog, StepLog
from .command import run, test
from .strategy import BuildFailed, BuildStrategy, Job, Made

Base = Callable[[Plan], Awaitable[str]]
NO_SPACE = "No space left on device"


class Commands(BuildStrategy):
    """What comes of it is everything that is in the workspace at the end, with which a server of it can start."""

    kind = "archive"

    def __init__(self, *, workplaces: Workplaces, artifacts: Artifacts, caches: Caches, base: Base) -> None:
        self._workplaces = workplaces
        self._artifacts = artifacts
        self._caches = caches
        self._base = base

    def suits(self, plan: Plan) -> bool:
        return plan.strategy is Strategy.COMMANDS

    async def base(self, plan: Plan) -> str:
        return await self._base(plan)

    async def make(self, job: Job, log: BuildLog) -> Made:
        workplace = await self._prepare(job, log)
        try:
            made = await self._work(job, log, workplace)
        except BuildFailed:
            await self._workplaces.keep(workplace)
            raise
        except BaseException:
            await self._workplaces.end(workplace)
            raise
        if made.tests is not None:
            await self._workplaces.keep(workplace)
        else:
            self._workplaces.remove(workplace)
        return made

    async def _prepare(self, job: Job, log: BuildLog) -> Workplace:
        """A sandbox with the tree in it."""
        async with log.step("prepare") as step:
            # One that is started ahead has no image beside it.
            ahead = named(job.plan.runtime) is None
            workplace = await self._workplaces.claim(job.build, wishes(job.plan), step, ahead=ahead)
            try:
                await self._fill(job, workplace, step)
                if lack := await missing(job.plan, workplace, step, env=job.environment):
                    raise BuildFailed(lack)
            except BaseException:
                await self._workplaces.end(workplace)
                raise
            return workplace

    async def _fill(self, job: Job, workplace: Workplace, step: StepLog) -> None:
        try:
            async with aclosing(job.tree.tar()) as tar:
                filled = await workplace.fill(tar)
        except StorageFull as error:
            raise BuildFailed(explain("prepare", lines=[NO_SPACE])) from error
        for refused in filled.refused:
            await step.say(f"Left out: {refused}.")
        await step.say(f"{filled.files} files are in the sandbox.")

    async def _work(self, job: Job, log: BuildLog, workplace: Workplace) -> Made:
        there = await self._restore(job, log, workplace)
        if not _installed(job.plan, there):
            for command in job.plan.install:
                await self._command(job, log, workplace, "install", command)
        await self._keep(job, workplace, Part.INSTALL, there)
        for command in job.plan.build:
            await self._command(job, log, workplace, "build", command)
        await self._keep(job, workplace, Part.BUILD, there)
        tests = await test(job, log, workplace, _line(job.plan))
        return Made(await self._pack(job, log, workplace), tests)

    async def _restore(self, job: Job, log: BuildLog, workplace: Workplace) -> Set[str]:
        """The folders that an earlier build has filled."""
        if not job.plan.caches or job.build.forced:
            return frozenset()
        async with log.step("cache") as step:
            there = await self._caches.restore(job, workplace, step)
            if not there:
                step.skip("No earlier build had the same dependencies.")
        return there

    async def _keep(self, job: Job, workplace: Workplace, part: Part, there: Set[str]) -> None:
        for cache in job.plan.caches:
            if cache.filled_by is part and cache.folder not in there:
                await self._caches.keep(job, cache, workplace)

    async def _command(self, job: Job, log: BuildLog, workplace: Workplace, part: str, command: str) -> None:
        """Raises BuildFailed."""
        await run(job, log, workplace, part=part, command=command, line=_line(job.plan)(command))

    async def _pack(self, job: Job, log: BuildLog, workplace: Workplace) -> Product:
        async with log.step("pack") as step:
            packed: list[Packed] = []
            try:
                async with aclosing(workplace.pack(self._wanted(job.plan), packed.append)) as tar:
                    product = await self._artifacts.add(tar, self.kind, job.build.hold)
            except (NotFound, Conflict, TooLarge) as error:
                raise BuildFailed(Failure("pack", error.detail, self._remedy(job.plan))) from error
            except Unavailable as error:
                if ended := await workplace.ended_because():
                    raise BuildFailed(explain("pack", ended=ended)) from error
                raise
            for left_out in packed[0].left_out:
                await step.say(f"Left out: {left_out}.")
            await step.say(f"{packed[0].files} files, {size(product.size)}: {product.digest}")
        return product

    def _wanted(self, plan: Plan) -> PackParams:
        return PackParams(without=[cache.folder for cache in plan.caches if cache.filled_by is Part.BUILD])

    def _remedy(self, plan: Plan) -> str:
        return "Delete at the end of the build what only the build needs."


def _line(plan: Plan) -> Callable[[str], str]:
    """What the sandbox's shell is given for a command."""
    return within if named(plan.runtime) else str


def _installed(plan: Plan, there: Set[str]) -> bool:
    """Whether the folders make up for `install`: its commands are the analyser's, and depend on what that says."""
    folders = {cache.folder for cache in plan.caches if cache.filled_by is Part.INSTALL}
    return "install" not in plan.configuration.model_fields_set and folders != set() and folders <= there
