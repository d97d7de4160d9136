"""Freezes and stops what nobody has used for as long as its terms say; gives the pool up where memory is short."""

import asyncio
from collections.abc import Callable

import structlog

from firefly.errors import FireflyError

from .backend import State
from .idleness import Idleness
from .lease import Lease
from .lifecycle import Lifecycle
from .looking import Looking
from .pool import Pool
from .slots import Slot, Slots

log = structlog.get_logger()

AT_ONCE = 8
MEMORY_SHORT, MEMORY_FINE = 0.1, 0.15


class Sweeping:
    """`pause`: seconds between two sweeps. `available_memory` gives the free share of the machine's memory, 0 to 1."""

    def __init__(
        self,
        *,
        slots: Slots,
        lifecycle: Lifecycle,
        idleness: Idleness,
        looking: Looking,
        lease: Lease,
        pool: Pool,
        pause: float,
        available_memory: Callable[[], float],
    ) -> None:
        self._slots = slots
        self._lifecycle = lifecycle
        self._idleness = idleness
        self._looking = looking
        self._lease = lease
        self._pool = pool
        self._pause = pause
        self._available_memory = available_memory
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def always(self) -> None:
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self.sweep()
            # Whatever it is: without sweeps nothing would ever be stopped again.
            except Exception as error:
                log.warning("sandbox.sweep_failed", reason=repr(error))

    async def sweep(self) -> None:
        if not self._lease.held:
            return
        async with asyncio.TaskGroup() as group:
            for slot in self._slots:
                if slot.state in (State.RUNNING, State.FROZEN):
                    group.create_task(self._see_to(slot))
        share = self._available_memory()
        if share < MEMORY_SHORT:
            await self._pool.pause()
        elif share > MEMORY_FINE:
            self._pool.resume()

    async def _see_to(self, slot: Slot) -> None:
        """One that fails keeps no other from its turn."""
        async with self._at_once:
            try:
                await self._act(slot)
            except FireflyError as error:
                log.warning("sandbox.not_swept", workspace_id=str(slot.workspace_id), reason=error.detail)

    async def _act(self, slot: Slot) -> None:
        due = self._idleness.due(slot)
        if slot.state is State.RUNNING and (due is not None or self._looking.is_worth_it(slot)):
            await self._looking.look(slot)
            due = self._idleness.due(slot)
        match due:
            case State.FROZEN:
                await self._lifecycle.freeze(slot, self._idleness.reason(slot))
            case State.STOPPED:
                await self._lifecycle.stop(slot, self._idleness.reason(slot))
