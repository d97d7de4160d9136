"""The project image as the nodes know it: by the registry that all of them reach."""

import structlog

from firefly.errors import FireflyError
from firefly.sandbox.docker.engine import Engine
from firefly.settings import Settings

log = structlog.get_logger()


class Images:
    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self.name = "/".join(filter(None, (settings.registry.rstrip("/"), settings.docker_image)))

    async def pinned(self) -> str:
        """The image with its digest, so that all nodes run the same, and one that has it asks no registry.

        By its name alone where the registry does not answer: a node may have it all the same.
        """
        digest = await self.digest()
        return f"{self.name}@{digest}" if digest else self.name

    async def digest(self) -> str:
        """Empty where no registry answers for the image."""
        try:
            found = await self._engine.call("GET", f"distribution/{self.name}/json")
        except FireflyError as error:
            log.warning("swarm.image_unknown", image=self.name, reason=error.detail)
            return ""
        return str(found["Descriptor"]["digest"])
