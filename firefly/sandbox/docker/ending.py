"""The end of a run: what the engine says of it, its last output, and that nothing of it remains."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Mapping, Sequence
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
# Seconds that nothing takes which is no sandbox.
LONGEST_STRAY = 300.0
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

    async def status(self, container: str, folder: Path) -> ExitStatus | None:
        """How a container ended; None where it runs. Raises NotFound where somebody has removed it."""
        found = await self._engine.call("GET", f"containers/{container}/json")
        if found["State"]["Running"]:
            return None
        reason = await asyncio.to_thread(read_reason, folder)
        return status_of(found, reason=reason, output=await self.output(container))

    async def clear(self, instance_id: str, folder: Path) -> None:
        """Remove a run's container, running or not, with its anonymous volumes, its network and its folder."""
        for found in await self.found(f"{INSTANCE}={instance_id}"):
            await self._delete(found["Id"])
        await self._networks.remove(instance_id)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def clear_strays(self, everything: Sequence[Mapping[str, Any]]) -> None:
        """Remove what set rules, or was about to, when its server or its engine ended."""
        before = time.time() - LONGEST_STRAY
        for found in everything:
            if INSTANCE not in found["Labels"] and found["State"] != "running" and found["Created"] < before:
                await self._delete(found["Id"])

    async def _delete(self, container: str) -> None:
        with contextlib.suppress(NotFound, Conflict):
            async with self._engine.calling() as docker:
                await docker.containers.container(container).delete(force=True, v=True)

    async def found(self, label: str = "") -> list[Mapping[str, Any]]:
        """The installation's containers, those that have ended too."""
        labels = [f"{INSTALLATION}={self._installation}", *([label] if label else [])]
        return list(await self._engine.containers(labels))
