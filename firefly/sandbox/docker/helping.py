"""A script that a container carries out on the engine's machine, for what this server has no right to."""

import asyncio
from collections.abc import Mapping
from typing import Any

from firefly.errors import Unavailable

from .engine import Engine
from .labels import INSTALLATION

LIMIT = 30.0


class HelperFailed(Unavailable):
    """The script ended otherwise than well; `detail` is what it said."""


async def carry_out(engine: Engine, installation: str, image: str, script: str, host: Mapping[str, Any]) -> None:
    """By the image's /bin/sh, as root without any capability that `host`, a HostConfig, does not add.

    Raises HelperFailed, and what the engine's calls raise.
    """
    config: dict[str, Any] = {
        "Image": image,
        "User": "0:0",
        "Entrypoint": ["/bin/sh", "-c"],
        "Cmd": [script],
        "Labels": {INSTALLATION: installation},
        "HostConfig": {"CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges:true"], **host},
    }
    async with engine.calling(LIMIT) as docker:
        container = await docker.containers.create(config)
        try:
            await container.start()
            ended = await container.wait()
            said = "".join(await container.log(stdout=True, stderr=True)).strip()
        finally:
            await asyncio.shield(container.delete(force=True, v=True))
    if ended["StatusCode"] != 0:
        raise HelperFailed(said)
