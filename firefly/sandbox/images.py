"""Where images are kept that an engine may lack."""

from collections.abc import AsyncGenerator
from typing import Protocol

from firefly.errors import SandboxFailed

NEEDS_ENGINE = "Images run with FIREFLY_SANDBOX=docker, or in a Swarm; here is no engine that could run one beside."


class ImageSource(Protocol):
    async def read(self, image: str) -> AsyncGenerator[bytes, None]:
        """The archive of an image, by its id, as `docker load` takes it, in pieces. Raises NotFound."""


def refuse(image: str | None) -> None:
    """Where none can be run. Raises SandboxFailed for one."""
    if image is not None:
        raise SandboxFailed(NEEDS_ENGINE)
