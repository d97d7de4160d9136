"""Whoever needs a sandbox gets the one run of it: used, woken, or started where there is none."""

import asyncio
from uuid import UUID

import structlog

from firefly.clock import Clock
from firefly.errors import NotFound, SandboxFailed, TimedOut, Unavailable

from .backend import Instance, State
from .lease import Lease
from .lifecycle import Lifecycle
from .slots import Slot, Slots
from .tasks import Tasks

log = structlog.get_logger()


class Waking:
    def __init__(self, *, slots: Slots, lifecycle: Lifecycle, lease: Lease, tasks: Tasks, clock: Clock) -> None:
        self._slots = slots
        self._lease = lease
        self._lifecycle = lifecycle
        self._tasks = tasks
        self._clock = clock

    async def ensure(self, workspace_id: UUID, *, insist: bool) -> Instance:
        """Raises SandboxFailed(reason, output, retry_after), NotFound, Unavailable where another server keeps it."""
        slot = self._slots.of(workspace_id)
        slot.active_at = self._clock.monotonic()
        if slot.state is State.FROZEN:
            await self._tasks.finish(self._lifecycle.wake(slot), f"sandbox-wake-{workspace_id}")
        if slot.state is State.RUNNING and slot.instance is not None:
            return slot.instance
        start = slot.start or self._begin(slot, insist=insist)
        # The start goes on when one of those who wait for it gives up; it ends for all when it was stopped.
        await asyncio.wait([start])
        if start.cancelled():
            raise SandboxFailed("The start was stopped.")
        if isinstance(start.exception(), NotFound):
            self._slots.forget(slot)
        return start.result()

    def _begin(self, slot: Slot, *, insist: bool) -> "asyncio.Task[Instance]":
        self._lease.check()
        if insist:
            slot.forgive()
        slot.check_pause(self._clock.monotonic())
        start = self._tasks.start(self._lifecycle.start(slot), f"sandbox-start-{slot.workspace_id}")
        slot.begin(start)
        return start

    def touch(self, workspace_id: UUID, at: float | None) -> None:
        """As `Keeper.touch`."""
        slot = self._slots.get(workspace_id)
        if slot is None:
            return
        at = self._clock.monotonic() if at is None else at
        slot.active_at = max(slot.active_at, at)
        if slot.state is State.FROZEN and at >= slot.frozen_at:
            self._tasks.start(self._wake(slot), f"sandbox-wake-{workspace_id}")

    async def _wake(self, slot: Slot) -> None:
        try:
            await self._lifecycle.wake(slot)
        except (Unavailable, TimedOut) as error:
            log.warning("sandbox.not_woken", workspace_id=str(slot.workspace_id), reason=error.detail)
