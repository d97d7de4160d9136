"""Images of projects' own beside sandboxes of a Swarm.

A task shares its network with no other. So a sandbox with an image is placed on the node whose engine this server asks,
and that engine runs the image beside it, as an ordinary container.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from firefly.sandbox.backend import SandboxSpec
from firefly.sandbox.docker import companion_plan, containers
from firefly.sandbox.docker.companions import COMPANION, Companion, begun
from firefly.sandbox.docker.contents import USER
from firefly.sandbox.docker.engine import Engine
from firefly.sandbox.docker.images import Images, needed
from firefly.sandbox.docker.labels import INSTANCE, labels
from firefly.sandbox.mounts import HOME, WORKSPACE
from firefly.sandbox.relay import GATEWAY

from .placing import Task
from .runs import Run


class Companions:
    """`folder` holds the folders of runs."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self.images = Images(engine)

    async def constraints(self, spec: SandboxSpec) -> Sequence[str]:
        """Where a sandbox can be. Raises SandboxFailed where its image is nowhere to be had."""
        if spec.image is None:
            return ()
        with needed(spec.image):
            await self.images.ensure(spec.image)
        return (f"node.id=={(await self._engine.call('GET', 'info'))['Swarm']['NodeID']}",)

    async def prepare(self, run: Run, spec: SandboxSpec, task: Task, installation: str) -> None:
        """Have its image run when it is asked for, once its task runs."""
        if spec.image is None:
            return
        mounts = (await self._engine.call("GET", f"containers/{task.container}/json"))["Mounts"]
        files = [
            {"Type": "volume", "Source": mount["Name"], "Target": mount["Destination"]}
            for mount in mounts
            if mount["Destination"] in (WORKSPACE, HOME)
        ]
        marks = labels(installation, run.instance)
        plan = containers.companion(spec, marks, task.container, files=files, user=USER)
        folder = self._folder / run.instance.id
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(companion_plan.note, folder, plan)
        await self.accompany(run)

    async def accompany(self, run: Run) -> None:
        """As `prepare`, of a run that is found again."""
        folder = self._folder / run.instance.id
        plan = await asyncio.to_thread(companion_plan.read_note, folder)
        if plan is None:
            return
        there = begun(await self._engine.containers([COMPANION, f"{INSTANCE}={run.instance.id}"]))
        gateway = folder / GATEWAY
        await asyncio.to_thread(gateway.mkdir, parents=True, exist_ok=True)
        run.companion = Companion(self._engine, plan, gateway, there.get(run.instance.id, ""))
        await run.companion.open()
