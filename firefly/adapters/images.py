"""What builds images by Dockerfile and keeps them, where there is an engine."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from firefly.builds.strategies import BuildStrategy
from firefly.sandbox.backend import SandboxBackend

from .ground import Ground
from .parts import Hosting

if TYPE_CHECKING:
    from firefly.builds.images.keeping import Keeping
    from firefly.builds.images.making import Making
    from firefly.sandbox.docker.engine import Engine


@dataclass(frozen=True, kw_only=True)
class ImageBuilding:
    engine: "Engine"
    making: "Making"
    keeping: "Keeping"
    strategy: BuildStrategy

    @classmethod
    def build(cls, ground: Ground, *, hosting: Hosting, backend: SandboxBackend) -> Self | None:
        """None: there is no engine, and Docker's client is no concern of installations without it."""
        settings = ground.settings
        if settings.sandbox == "process":
            return None
        from firefly.builds.images.keeping import Keeping
        from firefly.builds.images.making import Making
        from firefly.builds.strategies.dockerfile import DockerfileStrategy
        from firefly.sandbox.docker.containers import installation
        from firefly.sandbox.docker.engine import Engine
        from firefly.sandbox.docker.images import Images

        engine = Engine(settings.docker_host)
        making = Making(git=hosting.git, engine=engine, settings=settings, installation=installation(settings))
        keeping = Keeping(
            database=ground.database, store=ground.artifacts, images=Images(engine), clock=ground.clock,
            folder=settings.data_dir / "images",
        )  # fmt: skip
        backend.offer_images(keeping)
        return cls(engine=engine, making=making, keeping=keeping, strategy=DockerfileStrategy(making, keeping))

    @property
    def sweeps(self) -> Sequence[Callable[[], Awaitable[None]]]:
        return (self.keeping.sweep,)

    async def close(self) -> None:
        await self.keeping.close()
        await self.engine.close()
