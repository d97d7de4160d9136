"""What builds images by Dockerfile and keeps them, where there is an engine."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from firefly.builds.making.workplaces import Workplaces
from firefly.builds.strategies import BuildStrategy
from firefly.errors import FireflyError, InvalidInput
from firefly.sandbox.backend import SandboxBackend

from .ground import Ground
from .parts import Hosting

if TYPE_CHECKING:
    from firefly.builds.images.clearing import Clearing
    from firefly.builds.images.keeping import Keeping
    from firefly.builds.images.making import Making
    from firefly.sandbox.docker.engine import Engine
    from firefly.sandbox.docker.images import Images


@dataclass(frozen=True, kw_only=True)
class ImageBuilding:
    engine: "Engine"
    images: "Images"
    making: "Making"
    keeping: "Keeping"
    clearing: "Clearing"
    strategy: BuildStrategy

    @classmethod
    def build(cls, ground: Ground, *, hosting: Hosting, backend: SandboxBackend, workplaces: Workplaces) -> Self | None:
        """None: there is no engine, and Docker's client is no concern of installations without it."""
        settings = ground.settings
        if settings.sandbox == "process":
            return None
        from firefly.builds.images.clearing import Clearing
        from firefly.builds.images.keeping import Keeping
        from firefly.builds.images.making import Making
        from firefly.builds.strategies.dockerfile import DockerfileStrategy
        from firefly.sandbox.docker.containers import installation
        from firefly.sandbox.docker.engine import Engine
        from firefly.sandbox.docker.images import Images

        engine = Engine(settings.docker_host)
        images = Images(engine)
        making = Making(git=hosting.git, engine=engine, settings=settings, installation=installation(settings))
        keeping = Keeping(
            database=ground.database, store=ground.artifacts, images=images, clock=ground.clock,
            folder=settings.data_dir / "images",
        )  # fmt: skip
        backend.offer_images(keeping)
        clearing = Clearing(
            database=ground.database, engine=engine, clock=ground.clock, cache=settings.build_cache,
            installation=installation(settings),
        )  # fmt: skip
        return cls(
            engine=engine, images=images, making=making, keeping=keeping, clearing=clearing,
            strategy=DockerfileStrategy(making, keeping, workplaces),
        )  # fmt: skip

    @property
    def sweeps(self) -> Sequence[Callable[[], Awaitable[None]]]:
        return (self.making.sweep, self.keeping.sweep)

    async def id_of(self, image: str) -> str:
        """Of an image that firefly.yml names, once it is here. Raises InvalidInput where it is nowhere to be had."""
        try:
            return await self.images.named(image)
        except FireflyError as error:
            raise InvalidInput(f"The image {image} cannot be had: {error.detail}", field="image") from error

    async def close(self) -> None:
        await self.keeping.close()
        await self.engine.close()
