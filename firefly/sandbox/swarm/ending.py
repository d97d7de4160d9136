"""The end of a run: its service is removed, and nothing of it remains."""

import asyncio
import contextlib
import shutil
from pathlib import Path

from firefly.clock import Clock
from firefly.errors import FireflyError
from firefly.sandbox.backend import ExitStatus
from firefly.sandbox.living import Runs

from . import services
from .cluster import Cluster
from .runs import Run

STOP_LIMIT, PAUSE = 15.0, 0.1


class Ender:
    """`folder` holds the folders of runs."""

    def __init__(self, cluster: Cluster, runs: Runs[Run], folder: Path, clock: Clock) -> None:
        self._cluster = cluster
        self._runs = runs
        self._folder = folder
        self._clock = clock

    async def remove(self, run: Run, status: ExitStatus) -> None:
        """End a run with its service; returns when its container has ended, or its node is away."""
        called = services.name(run.instance.id)
        with contextlib.suppress(FireflyError):
            await self._cluster.remove_service(called)
            if not status.lost:
                await self._gone(called)
            await self._cluster.discard(called)
        await self._finish(run, status)

    async def _gone(self, called: str) -> None:
        until = self._clock.monotonic() + STOP_LIMIT
        while self._clock.monotonic() < until:
            if all(task.ended for task in await self._cluster.tasks_of(called)):
                return
            await asyncio.sleep(PAUSE)

    async def _finish(self, run: Run, status: ExitStatus) -> None:
        if run.status is not None:
            return
        run.status = status
        self._runs.end(run.instance.id, status)
        if run.companion is not None:
            await run.companion.end()
        await run.let_go()
        run.finished.set()
        await asyncio.to_thread(shutil.rmtree, self._folder / run.instance.id, ignore_errors=True)
