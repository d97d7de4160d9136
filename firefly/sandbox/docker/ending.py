"""The end of a run: what the engine says of it, its last output, and that nothing of it remains."""

import asyncio
import contextlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firefly.errors import Conflict, NotFound
from firefly.sandbox.backend import ExitStatus

from .engine import Engine
from .labels import INSTALLATION, INSTANCE
from .networks import Networks
from .notes import read_reason
from .runs import status_of

OUTPUT_KEPT = 64 << 10
LINES_KEPT = 2000
ENDED = ("created", "exited", "dead")


class Ender:
    def __init__(self, engine: Engine, networks: Networks, installation: str) -> None:
        self._engine = engine
        self._networks = networks
        self._installation = installation

    async def output(self, container: str) -> str:
        """The last 64 KiB that a container printed."""
        async with self._engine.calling() as docker:
            lines = await docker.containers.container(container).log(stdout=True, stderr=True, tail=LINES_KEPT)
        return "".join(lines)[-OUTPUT_KEPT:]

    async def status(self, container: str, folder: Path) -> ExitStatus:
        """How a container ended. Raises NotFound where somebody has removed it."""
        found = await self._engine.call("GET", f"containers/{container}/json")
        reason = await asyncio.to_thread(read_reason, folder)
        return status_of(found, reason=reason, output=await self.output(container))

    async def clear(self, instance_id: str, folder: Path) -> None:
        """Remove a run's container, running or not, with its anonymous volumes, its network and its folder."""
        for found in await self.found(f"{INSTANCE}={instance_id}"):
            with contextlib.suppress(NotFound, Conflict):
                async with self._engine.calling() as docker:
                    await docker.containers.container(found["Id"]).delete(force=True, v=True)
        await self._networks.remove(instance_id)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def found(self, label: str = "") -> list[Mapping[str, Any]]:
        """The installation's containers, those that have ended too."""
        labels = [f"{INSTALLATION}={self._installation}", *([label] if label else [])]
        return list(await self._engine.containers(labels))
