"""What makes artifacts, and unpacks them, tied together in one place."""

import asyncio
from dataclasses import dataclass
from typing import Self

import structlog

from firefly.builds.analysis import Plan
from firefly.builds.clearing.clearing import Clearing
from firefly.builds.clearing.old_artifacts import OldArtifacts
from firefly.builds.clearing.old_logs import OldLogs
from firefly.builds.clearing.part import Part
from firefly.builds.clearing.strays import Strays
from firefly.builds.images.running import named
from firefly.builds.making.caches import Caches
from firefly.builds.making.runner import BuildRunner
from firefly.builds.making.tree import Bounds, TreeReading
from firefly.builds.making.workplaces import Workplaces
from firefly.builds.packing.artifacts import Artifacts
from firefly.builds.packing.room import ArtifactRoom
from firefly.builds.packing.unpacking import Unpacking
from firefly.builds.strategies import BuildStrategy
from firefly.builds.strategies.commands import Commands
from firefly.builds.strategies.pages import Pages
from firefly.sandbox.backend import SandboxBackend
from firefly.sandbox.layers import Layers
from firefly.sandbox.terms import Wishes

from .ground import Ground
from .images import ImageBuilding
from .parts import Hosting
from .work import Work

log = structlog.get_logger()
EVERY = 60.0


@dataclass(frozen=True, kw_only=True)
class Making:
    """`strategies` are asked in this order."""

    artifacts: Artifacts
    caches: Caches
    workplaces: Workplaces
    unpacking: Unpacking
    layers: Layers
    strategies: list[BuildStrategy]
    runner: BuildRunner
    images: ImageBuilding | None
    clearing: Clearing

    @classmethod
    def build(cls, ground: Ground, *, hosting: Hosting, work: Work, backend: SandboxBackend) -> Self:
        settings, database, store, clock = ground.settings, ground.database, ground.artifacts, ground.clock
        artifacts, caches = Artifacts(database, store, clock), Caches(database, store, clock)
        usual = Wishes(
            memory=settings.build_memory or None, cpu=settings.build_cpu or None, disk=settings.build_disk or None
        )
        workplaces = Workplaces(keeper=work.keeper, database=database, clock=clock, usual=usual)

        images = ImageBuilding.build(ground, hosting=hosting, backend=backend, workplaces=workplaces)

        async def base(plan: Plan) -> str:
            # What commands run in: an image that is named, else what all sandboxes lie upon.
            image = named(plan.runtime)
            return await images.id_of(image) if image is not None and images is not None else await backend.ground()

        kinds = (Pages, Commands)
        strategies: list[BuildStrategy] = [
            kind(workplaces=workplaces, artifacts=artifacts, caches=caches, base=base) for kind in kinds
        ]
        if images is not None:
            strategies.append(images.strategy)
        runner = BuildRunner(
            database=database, git=hosting.git, repositories=hosting.repositories,
            reading=TreeReading(hosting.git, settings.data_dir / "reading.git"), strategies=strategies,
            artifacts=artifacts, secrets_of=work.values.environment,
            bounds=Bounds(files=settings.sandbox_files // 2, size=settings.sandbox_disk // 2),
            engine=images is not None,
        )  # fmt: skip
        unpacking = Unpacking(keeper=work.keeper, artifacts=artifacts, layers=work.layers, layered=work.layered)
        return cls(
            artifacts=artifacts, caches=caches, workplaces=workplaces, unpacking=unpacking, layers=work.layers,
            strategies=strategies, runner=runner, images=images,
            clearing=_clearing(ground, artifacts, caches, workplaces, images),
        )  # fmt: skip

    async def run(self) -> None:
        """Clear away, for as long as the server runs, what nobody needs any more."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.clearing.run())
                tasks.create_task(self._sweep_for_ever())
        finally:
            await self.workplaces.close()
            if self.images is not None:
                await self.images.close()

    async def _sweep_for_ever(self) -> None:
        while True:
            await self._sweep()
            await asyncio.sleep(EVERY)

    async def _sweep(self) -> None:
        for sweep in (self.layers.sweep, *(self.images.sweeps if self.images else ())):
            try:
                await sweep()
            # Whatever it is: what is not cleared away now is the next time, and nobody waits for it.
            except Exception as error:
                log.warning("builds.not_swept", what=str(sweep.__qualname__), reason=repr(error))


def _clearing(
    ground: Ground, artifacts: Artifacts, caches: Caches, workplaces: Workplaces, images: ImageBuilding | None
) -> Clearing:
    settings, database, clock = ground.settings, ground.database, ground.clock
    parts: list[Part] = [
        # What caches leave goes with what artifacts leave.
        caches,
        OldArtifacts(database, artifacts, ArtifactRoom(most=settings.artifacts_per_owner)),
        Strays(database, ground.artifacts, clock),
        OldLogs(database, clock, days=settings.build_log_days),
        workplaces,
    ]
    if images is not None:
        parts.append(images.clearing)
    return Clearing(database, clock, parts)
