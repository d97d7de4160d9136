"""Sees which runs have ended, by asking: an engine's events tell of its own node only. Also clears away leftovers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

import structlog

from firefly.clock import Clock
from firefly.sandbox.backend import ExitStatus

from . import services
from .cluster import Cluster
from .placing import Node, Task
from .runs import Run, end_of, explained

log = structlog.get_logger()

LOOK_EVERY, SWEEP_EVERY = 1.0, 60.0

Ended = Callable[[Run, ExitStatus], Awaitable[None]]


class Following:
    """`runs` are looked at as they are then; `ended` is told of each that ended though nobody asked for it."""

    def __init__(self, cluster: Cluster, runs: Iterable[Run], clock: Clock, *, ended: Ended) -> None:
        self._cluster = cluster
        self._runs = runs
        self._clock = clock
        self._ended = ended

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            running = [run for run in self._runs if run.settled]
            if not running:
                continue
            try:
                await self._see(running, await self._cluster.tasks(), await self._cluster.nodes())
            # Whatever it is: who no longer looks sees no end.
            except Exception as error:
                log.warning("swarm.away", reason=str(error) or repr(error))

    async def _see(self, running: list[Run], tasks: Mapping[str, Task], nodes: Mapping[str, Node]) -> None:
        for run in running:
            called = services.name(run.instance.id)
            status = end_of(run, tasks.get(called), nodes, self._clock.now())
            if status is None or not run.settled:
                continue
            status = explained(status, "" if status.lost else await self._cluster.log(called))
            log.info("swarm.ended", instance=run.instance.id, node=run.node, reason=status.reason, lost=status.lost)
            await self._ended(run, status)

    async def sweep(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            try:
                await self._cluster.sweep()
            # Whatever it is: the next time it may be otherwise.
            except Exception as error:
                log.warning("swarm.not_swept", reason=str(error) or repr(error))
