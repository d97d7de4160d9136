"""The life of every sandbox: started on first need, kept with a state and a reason, stopped when nobody needs it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import structlog

from firefly.bus import Bus
from firefly.clock import Clock, SystemClock
from firefly.errors import Conflict, NotFound, SandboxFailed, TimedOut, Unavailable
from firefly.settings import Settings
from firefly.store import Database

from .backend import Instance, Limits, SandboxBackend, State
from .idleness import Idleness
from .lifecycle import Lifecycle
from .memory import available_share
from .pool import Pool, PreparedWorkspace
from .preparing import Preparation
from .reconciling import Reconciliation
from .seams import Observer, Status, WorkspaceSource
from .slots import Slot
from .tasks import Tasks
from .workspaces import Records, Workspaces

__all__ = ["Keeper", "Observer", "PreparedWorkspace", "Status", "WorkspaceSource"]

log = structlog.get_logger()

SWEEP_INTERVAL = 15.0
MEMORY_SHORT, MEMORY_FINE = 0.1, 0.15


class Keeper:
    def __init__(
        self,
        *,
        backend: SandboxBackend,
        database: Database,
        bus: Bus,
        source: WorkspaceSource,
        settings: Settings,
        clock: Clock | None = None,
        available_memory: Callable[[], float] = available_share,
    ) -> None:
        """The backend is open, and whoever opened it closes it after the keeper.

        `available_memory` gives the free share of the machine's memory, 0 to 1.
        """
        self.workspaces = Workspaces(database, clock or SystemClock())
        self._backend = backend
        self._clock = clock or SystemClock()
        freezes = backend.capabilities().freezes and settings.idle_freeze > 0
        self._idleness = Idleness(self._clock, settings.idle_freeze if freezes else None, settings.idle_stop)
        self._pause = min(settings.idle_stop / 4, SWEEP_INTERVAL)
        self._limits = Limits(settings.sandbox_memory, settings.sandbox_cpu, settings.sandbox_pids)
        self._available_memory = available_memory
        self._slots: dict[UUID, Slot] = {}
        self._tasks = Tasks()
        self._records = Records(database, bus)
        starts = asyncio.Semaphore(settings.simultaneous_starts)
        self._lifecycle = Lifecycle(
            backend=backend,
            source=source,
            records=self._records,
            clock=self._clock,
            starts=starts,
            tasks=self._tasks,
            idleness=self._idleness,
        )
        self._preparation = Preparation(
            settings.prepared_sandboxes,
            backend=backend,
            source=source,
            workspaces=self.workspaces,
            starts=starts,
            tasks=self._tasks,
        )

    @property
    def pool(self) -> Pool:
        return self._preparation.pool

    def observe(self, observer: Observer) -> None:
        """Tell `observer` of runs from now on. Before `open`, so that it also hears of adopted ones."""
        self._lifecycle.observers.append(observer)

    async def open(self) -> None:
        """Adopt what still runs, reconcile the table, begin to watch and to fill the pool."""
        reconciliation = Reconciliation(
            backend=self._backend,
            records=self._records,
            workspaces=self.workspaces,
            lifecycle=self._lifecycle,
            preparation=self._preparation,
            slot_of=self._slot,
        )
        leftovers = await reconciliation.run()
        self._tasks.start(self._preparation.clear(leftovers), "sandbox-leftovers")
        self._tasks.start(self._sweep_always(), "sandbox-sweep")
        if self._backend.capabilities().isolated:
            self.pool.open()

    async def close(self, *, stop_all: bool = False) -> None:
        """End the keeper's own work; with `stop_all` every sandbox too."""
        await self.pool.close()
        if stop_all:
            await self.pool.pause()
            async with asyncio.TaskGroup() as group:
                for workspace_id in list(self._slots):
                    group.create_task(self.stop(workspace_id, "The server was shut down."))
        await self._tasks.close()

    async def create_workspace(self) -> UUID:
        """Enter a new, empty workspace, claimed; for when the pool has none. Its files are made at the first start."""
        return await self.workspaces.create(claimed=True)

    async def claim_prepared(self) -> PreparedWorkspace | None:
        """Take a workspace with a running sandbox from the pool; None where it is empty just now."""
        while (prepared := self.pool.take()) is not None:
            if await self._tasks.finish(self._claim(prepared), f"sandbox-claim-{prepared.workspace_id}"):
                return prepared
        return None

    async def _claim(self, prepared: PreparedWorkspace) -> bool:
        try:
            claimed = await self.workspaces.claim(prepared.workspace_id)
        except BaseException:
            if await self._backend.exit_status(prepared.instance.id) is None:
                self.pool.add(prepared)
            raise
        if not claimed:
            await self._backend.stop(prepared.instance.id, reason="Its workspace is somebody else's.")
            return False
        slot = self._slot(prepared.workspace_id)
        async with slot.lock:
            await self._lifecycle.take(slot, prepared.instance, "Started ahead of need.")
        return True

    async def ensure(self, workspace_id: UUID, *, insist: bool = False) -> Instance:
        """The running sandbox, woken or started where there is none. `insist` does not wait out a crash loop.

        Raises SandboxFailed(reason, output, retry_after), NotFound.
        """
        slot = self._slot(workspace_id)
        slot.active_at = self._clock.monotonic()
        if slot.state is State.FROZEN:
            await self._tasks.finish(self._lifecycle.wake(slot), f"sandbox-wake-{workspace_id}")
        if slot.state is State.RUNNING and slot.instance is not None:
            return slot.instance
        if slot.start is None:
            if insist:
                slot.forgive()
            slot.check_pause(self._clock.monotonic())
            slot.begin(self._tasks.start(self._lifecycle.start(slot), f"sandbox-start-{workspace_id}"))
        start = slot.start
        assert start is not None
        # The start goes on when one of those who wait for it gives up; it ends for all when it was stopped.
        await asyncio.wait([start])
        if start.cancelled():
            raise SandboxFailed("The start was stopped.")
        if isinstance(start.exception(), NotFound) and self._slots.get(workspace_id) is slot:
            del self._slots[workspace_id]
        return start.result()

    async def stop(self, workspace_id: UUID, reason: str) -> None:
        """End the sandbox, and a start under way; to the end, also when the caller is cancelled."""
        slot = self._slots.get(workspace_id)
        if slot is not None:
            await self._tasks.finish(self._lifecycle.stop(slot, reason), f"sandbox-stop-{workspace_id}")

    async def freeze(self, workspace_id: UUID, reason: str) -> None:
        """Pause the sandbox until somebody needs it. Raises Conflict where it does not run, or this machine cannot."""
        if not self._backend.capabilities().freezes:
            raise Conflict("Sandboxes cannot be frozen on this machine. Stop it instead.")
        slot = self._slots.get(workspace_id)
        if slot is None or slot.state not in (State.RUNNING, State.FROZEN):
            raise Conflict("It does not run.")
        await self._tasks.finish(self._lifecycle.freeze(slot, reason), f"sandbox-freeze-{workspace_id}")

    async def restart(self, workspace_id: UUID, reason: str = "Restarted on request.") -> Instance:
        await self.stop(workspace_id, reason)
        return await self.ensure(workspace_id, insist=True)

    async def status(self, workspace_id: UUID) -> Status:
        slot = self._slots.get(workspace_id) or Slot(workspace_id, self._clock.now())
        usage = None
        if slot.state in (State.RUNNING, State.FROZEN) and slot.instance is not None:
            with contextlib.suppress(Unavailable, TimedOut):
                usage = await self._backend.stats(slot.instance.id)
        instance_id = slot.instance.id if slot.instance else None
        return Status(
            slot.state, slot.reason, slot.since, self._limits, instance_id=instance_id, usage=usage,
            freezes_at=self._idleness.freezes_at(slot), stops_at=self._idleness.stops_at(slot),
        )  # fmt: skip

    def running(self, workspace_id: UUID) -> Instance | None:
        """The run that may be used now; no input or output."""
        slot = self._slots.get(workspace_id)
        return slot.instance if slot is not None and slot.state is State.RUNNING else None

    def alive(self, workspace_id: UUID) -> bool:
        """Whether there is a run, frozen or not; no input or output."""
        slot = self._slots.get(workspace_id)
        return slot is not None and slot.state in (State.RUNNING, State.FROZEN)

    def is_frozen(self, instance: Instance) -> bool:
        """Whether a run, adopted ones too, does nothing just now, not even answer."""
        return self._backend.frozen(instance.id)

    def touch(self, workspace_id: UUID) -> None:
        """Something was done with the sandbox: put off that it is frozen or stopped, and wake it."""
        slot = self._slots.get(workspace_id)
        if slot is None:
            return
        slot.active_at = self._clock.monotonic()
        if slot.state is State.FROZEN:
            self._tasks.start(self._wake(slot), f"sandbox-wake-{workspace_id}")

    async def _wake(self, slot: Slot) -> None:
        try:
            await self._lifecycle.wake(slot)
        except (Unavailable, TimedOut) as error:
            log.warning("sandbox.not_woken", workspace_id=str(slot.workspace_id), reason=error.detail)

    async def connect(self, workspace_id: UUID, port: int) -> tuple[Instance, socket.socket]:
        """`ensure`, then connect to a port inside. Raises what both raise."""
        instance = await self.ensure(workspace_id)
        return instance, await self._backend.connect(instance.id, port)

    async def probe(self, workspace_id: UUID, port: int) -> socket.socket:
        """Connect to a port inside what runs, which starts nothing and puts off no idle stop.

        Raises Unavailable where none runs, and what the backend raises.
        """
        running = self.running(workspace_id)
        if running is None:
            raise Unavailable("The sandbox does not run.")
        return await self._backend.connect(running.id, port)

    def bridge_path(self, workspace_id: UUID) -> Path:
        """The bridge's socket of the running sandbox. Raises Unavailable where none runs."""
        return self._backend.bridge_path(self._instance(workspace_id).id)

    def gateway_path(self, workspace_id: UUID) -> Path:
        """The folder in which the server may listen for the sandbox. Raises Unavailable where none runs."""
        return self._backend.gateway_path(self._instance(workspace_id).id)

    def _instance(self, workspace_id: UUID) -> Instance:
        slot = self._slots.get(workspace_id)
        if slot is None or slot.instance is None:
            raise Unavailable("The sandbox does not run.")
        return slot.instance

    async def logs(self, workspace_id: UUID) -> str:
        """What supervisor and bridge printed last, also after the sandbox has ended."""
        slot = self._slots.get(workspace_id)
        if slot is None:
            return ""
        return await self._backend.logs(slot.instance.id) if slot.instance else slot.output

    async def remove(self, workspace_id: UUID) -> None:
        """Stop the sandbox and delete the workspace and its files, for good."""
        # In this order: from the mark on no start finds it, and those that began before are ended.
        await self.workspaces.mark_deleted(workspace_id)
        await self.stop(workspace_id, "The workspace is being deleted.")
        self._slots.pop(workspace_id, None)
        await self._backend.remove_workspace(workspace_id)
        await self.workspaces.drop(workspace_id)

    async def sweep(self) -> None:
        """Freeze and stop what nobody has used for as long as the settings say; give up the pool if memory is short."""
        for slot in list(self._slots.values()):
            match self._idleness.due(slot):
                case State.FROZEN:
                    await self._lifecycle.freeze(slot, self._idleness.reason(slot))
                case State.STOPPED:
                    await self._lifecycle.stop(slot, self._idleness.reason(slot))
        share = self._available_memory()
        if share < MEMORY_SHORT:
            await self.pool.pause()
        elif share > MEMORY_FINE:
            self.pool.resume()

    async def _sweep_always(self) -> None:
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self.sweep()
            # Whatever it is: without sweeps nothing would ever be stopped again.
            except Exception as error:
                log.warning("sandbox.sweep_failed", reason=repr(error))

    def _slot(self, workspace_id: UUID) -> Slot:
        found = self._slots.get(workspace_id)
        if found is None:
            found = self._slots[workspace_id] = Slot(workspace_id, self._clock.now())
        return found
