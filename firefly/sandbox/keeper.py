"""The life of every sandbox: started on first need, kept with a state and a reason, stopped when nobody needs it."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID

import structlog

from firefly.bus import Bus
from firefly.clock import Clock, SystemClock
from firefly.errors import FireflyError, NotFound, SandboxFailed, TimedOut, Unavailable
from firefly.settings import Settings
from firefly.store import Database

from .backend import Instance, Limits, SandboxBackend, SandboxSpec, State, Stats
from .memory import available_share
from .pool import Pool, PreparedWorkspace
from .reconciling import reconcile
from .slots import Slot
from .workspaces import Record, Records, Workspaces

__all__ = ["Keeper", "Observer", "PreparedWorkspace", "Status", "WorkspaceSource"]

log = structlog.get_logger()
T = TypeVar("T")

OBSERVER_LIMIT = 15.0
SWEEP_INTERVAL = 15.0
MEMORY_SHORT, MEMORY_FINE = 0.1, 0.15


@dataclass(frozen=True, slots=True)
class Status:
    """`stops_at`: when the sandbox stops unless something happens before; only for running ones."""

    state: State
    reason: str
    since: datetime
    limits: Limits
    stops_at: datetime | None = None
    instance_id: str | None = None
    usage: Stats | None = None


class WorkspaceSource(Protocol):
    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        """What to start for a workspace. Raises NotFound."""


class Observer(Protocol):
    """Told of each run, before anybody else gets to use it (`started`) and after it has ended (`ended`).

    The keeper's `bridge_path` and `gateway_path` answer in both.
    """

    async def started(self, workspace_id: UUID, instance: Instance) -> None: ...

    async def ended(self, workspace_id: UUID, instance: Instance) -> None: ...


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
        """`available_memory` gives the free share of the machine's memory, 0 to 1."""
        self.backend = backend
        self.clock = clock or SystemClock()
        self.workspaces = Workspaces(database, self.clock)
        self.records = Records(database, bus)
        self._source = source
        self._idle_stop = settings.idle_stop
        self._limits = Limits(settings.sandbox_memory, settings.sandbox_cpu, settings.sandbox_pids)
        self._available_memory = available_memory
        self._slots: dict[UUID, Slot] = {}
        self._observers: list[Observer] = []
        self._starts = asyncio.Semaphore(settings.simultaneous_starts)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._prepared = settings.prepared_sandboxes
        self.pool = Pool(self._prepared, make=self._prepare, discard=self._discard)

    def observe(self, observer: Observer) -> None:
        """Tell `observer` of runs from now on. Before `open`, so that it also hears of adopted ones."""
        self._observers.append(observer)

    async def open(self) -> None:
        """Open the backend, adopt what still runs, reconcile the table, begin to watch and to fill the pool."""
        await self.backend.open()
        self._own(self._clear(await reconcile(self)), "sandbox-leftovers")
        self._own(self._sweep_always(), "sandbox-sweep")
        if self._prepared and self.backend.capabilities().isolated:
            self.pool.open()

    async def close(self, *, stop_all: bool = False) -> None:
        """End the keeper's own work and close the backend; with `stop_all` every sandbox is stopped before."""
        await self.pool.close()
        if stop_all:
            await self.pool.pause()
            async with asyncio.TaskGroup() as group:
                for workspace_id in list(self._slots):
                    group.create_task(self.stop(workspace_id, "The server was shut down."))
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.backend.close()

    async def create_workspace(self) -> UUID:
        """Enter a new, empty workspace, claimed; for when the pool has none. Its files are made at the first start."""
        return await self.workspaces.create(claimed=True)

    async def claim_prepared(self) -> PreparedWorkspace | None:
        """Take a workspace with a running sandbox from the pool; None where it is empty just now."""
        while (prepared := self.pool.take()) is not None:
            if await self.workspaces.claim(prepared.workspace_id):
                slot = self.slot(prepared.workspace_id)
                async with slot.lock:
                    await self.take(slot, prepared.instance, "Started ahead of need.")
                return prepared
        return None

    async def ensure(self, workspace_id: UUID, *, insist: bool = False) -> Instance:
        """The running sandbox, started where there is none. `insist` does not wait out a crash loop.

        Raises SandboxFailed(reason, output, retry_after), NotFound.
        """
        slot = self.slot(workspace_id)
        slot.active_at = self.clock.monotonic()
        if slot.state is State.RUNNING and slot.instance is not None:
            return slot.instance
        if slot.start is None:
            if insist:
                slot.forgive()
            slot.check_pause(self.clock.monotonic())
            slot.start = self._own(self._start(slot), f"sandbox-start-{workspace_id}")
        return await self._outcome(slot.start)

    async def _outcome(self, start: "asyncio.Task[Instance]") -> Instance:
        """The start goes on when one of those who wait for it gives up; it ends for all when it was stopped."""
        await asyncio.wait([start])
        if start.cancelled():
            raise SandboxFailed("The start was stopped.")
        return start.result()

    async def _start(self, slot: Slot) -> Instance:
        try:
            async with slot.lock, self._starts:
                if slot.instance is not None:
                    return slot.instance
                spec = await self._source.spec(slot.workspace_id)
                await self.put(slot, State.STARTING, "Starting.")
                instance = await self.backend.create(spec)
                try:
                    await self.take(slot, instance, "Started.")
                except asyncio.CancelledError:
                    await asyncio.shield(self._give_up(slot, instance))
                    raise
                return instance
        except NotFound:
            self._slots.pop(slot.workspace_id, None)
            raise
        except Exception as error:
            await self._fail(slot, error)
            raise
        finally:
            slot.start = None

    async def _give_up(self, slot: Slot, instance: Instance) -> None:
        """Undo a `take` that was cancelled half-way."""
        slot.state = State.STOPPING
        await self.backend.stop(instance.id, reason="The start was stopped.")
        if slot.watcher is not None:
            await asyncio.wait([slot.watcher])
        slot.instance = None

    async def _fail(self, slot: Slot, error: Exception) -> None:
        slot.failed(self.clock.monotonic())
        slot.output = error.output if isinstance(error, SandboxFailed) else ""
        reason = error.detail if isinstance(error, FireflyError) else f"{type(error).__name__}: {error}"
        await self.put(slot, State.FAILED, reason)

    async def take(self, slot: Slot, instance: Instance, reason: str) -> None:
        """Make a run the workspace's own. The caller holds the lock."""
        slot.instance, slot.last_instance_id = instance, instance.id
        slot.active_at = slot.started_at = self.clock.monotonic()
        slot.output = ""
        await self._tell("started", slot.workspace_id, instance)
        slot.watcher = self._own(self._watch(slot, instance), f"sandbox-watch-{instance.id}")
        await self.put(slot, State.RUNNING, reason)

    async def _watch(self, slot: Slot, instance: Instance) -> None:
        status = await self.backend.wait(instance.id)
        await self._tell("ended", slot.workspace_id, instance)
        slot.instance, slot.output = None, status.output
        if slot.state is State.STOPPING:
            return
        slot.ended_by_itself(self.clock.monotonic())
        quiet = status.requested or status.code == 0
        await self.put(slot, State.STOPPED if quiet else State.FAILED, status.reason)

    async def _tell(self, what: str, workspace_id: UUID, instance: Instance) -> None:
        for observer in self._observers:
            try:
                async with asyncio.timeout(OBSERVER_LIMIT):
                    await getattr(observer, what)(workspace_id, instance)
            except (FireflyError, OSError, TimeoutError) as error:
                log.warning("sandbox.untold", event_name=what, workspace_id=str(workspace_id), reason=str(error))

    async def stop(self, workspace_id: UUID, reason: str) -> None:
        """End the sandbox, and a start under way."""
        slot = self._slots.get(workspace_id)
        if slot is None:
            return
        start = slot.start
        if start is not None:
            start.cancel()
            await asyncio.wait([start])
        async with slot.lock:
            if slot.instance is not None and slot.watcher is not None:
                await self.put(slot, State.STOPPING, reason)
                await self.backend.stop(slot.instance.id, reason=reason)
                await asyncio.wait([slot.watcher])
            elif start is None:
                return
            await self.put(slot, State.STOPPED, reason)

    async def restart(self, workspace_id: UUID, reason: str = "Restarted on request.") -> Instance:
        await self.stop(workspace_id, reason)
        return await self.ensure(workspace_id, insist=True)

    async def status(self, workspace_id: UUID) -> Status:
        slot = self._slots.get(workspace_id) or Slot(workspace_id, self.clock.now())
        usage = None
        if slot.state is State.RUNNING and slot.instance is not None:
            with contextlib.suppress(Unavailable, TimedOut):
                usage = await self.backend.stats(slot.instance.id)
        instance_id = slot.instance.id if slot.instance else None
        return Status(slot.state, slot.reason, slot.since, self._limits, self._stops_at(slot), instance_id, usage)

    def running(self, workspace_id: UUID) -> Instance | None:
        """The run that may be used now; no input or output."""
        slot = self._slots.get(workspace_id)
        return slot.instance if slot is not None and slot.state is State.RUNNING else None

    def touch(self, workspace_id: UUID) -> None:
        """Something was done with the sandbox: put off the idle stop."""
        slot = self._slots.get(workspace_id)
        if slot is not None:
            slot.active_at = self.clock.monotonic()

    async def connect(self, workspace_id: UUID, port: int) -> tuple[Instance, socket.socket]:
        """`ensure`, then connect to a port inside. Raises what both raise."""
        instance = await self.ensure(workspace_id)
        return instance, await self.backend.connect(instance.id, port)

    def bridge_path(self, workspace_id: UUID) -> Path:
        """The bridge's socket of the running sandbox. Raises Unavailable where none runs."""
        return self.backend.bridge_path(self._instance(workspace_id).id)

    def gateway_path(self, workspace_id: UUID) -> Path:
        """The folder in which the server may listen for the sandbox. Raises Unavailable where none runs."""
        return self.backend.gateway_path(self._instance(workspace_id).id)

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
        return await self.backend.logs(slot.instance.id) if slot.instance else slot.output

    async def remove(self, workspace_id: UUID) -> None:
        """Stop the sandbox and delete the workspace and its files, for good."""
        await self.stop(workspace_id, "The workspace is being deleted.")
        await self.workspaces.mark_deleted(workspace_id)
        self._slots.pop(workspace_id, None)
        await self.backend.remove_workspace(workspace_id)
        await self.workspaces.drop(workspace_id)

    async def sweep(self) -> None:
        """Stop what nobody has used for the time that the settings name; give up the pool where memory is short."""
        now = self.clock.monotonic()
        for slot in list(self._slots.values()):
            if slot.state is State.RUNNING and now - slot.active_at >= self._idle_stop:
                minutes = max(round(self._idle_stop / 60), 1)
                await self.stop(slot.workspace_id, f"Nothing happened in it for {minutes} min.")
        share = self._available_memory()
        if share < MEMORY_SHORT:
            await self.pool.pause()
        elif share > MEMORY_FINE:
            self.pool.resume()

    async def _sweep_always(self) -> None:
        while True:
            await asyncio.sleep(min(self._idle_stop / 4, SWEEP_INTERVAL))
            try:
                await self.sweep()
            except FireflyError as error:
                log.warning("sandbox.sweep_failed", reason=error.detail)

    async def _prepare(self) -> PreparedWorkspace:
        workspace_id = await self.workspaces.create(claimed=False)
        try:
            spec = await self._source.spec(workspace_id)
            async with self._starts:
                instance = await self.backend.create(spec)
        except BaseException:
            await asyncio.shield(self._clear([workspace_id]))
            raise
        prepared = PreparedWorkspace(workspace_id, instance)
        self.watch_prepared(prepared)
        return prepared

    def watch_prepared(self, prepared: PreparedWorkspace) -> None:
        """See to it that one that ends in the pool leaves it."""
        self._own(self._watch_prepared(prepared), f"sandbox-prepared-{prepared.instance.id}")

    async def _watch_prepared(self, prepared: PreparedWorkspace) -> None:
        await self.backend.wait(prepared.instance.id)
        if self.pool.forget(prepared.instance) is not None:
            await self._clear([prepared.workspace_id])

    async def _discard(self, prepared: PreparedWorkspace) -> None:
        await self.backend.stop(prepared.instance.id, reason="It was started ahead, and is not needed.")
        await self._clear([prepared.workspace_id])

    async def _clear(self, workspace_ids: "list[UUID]") -> None:
        """Delete workspaces that nobody owns."""
        for workspace_id in workspace_ids:
            try:
                await self.backend.remove_workspace(workspace_id)
                await self.workspaces.drop(workspace_id)
            except FireflyError as error:
                log.warning("workspace.not_cleared", workspace_id=str(workspace_id), reason=error.detail)

    def slot(self, workspace_id: UUID) -> Slot:
        found = self._slots.get(workspace_id)
        if found is None:
            found = self._slots[workspace_id] = Slot(workspace_id, self.clock.now())
        return found

    def _stops_at(self, slot: Slot) -> datetime | None:
        if slot.state is not State.RUNNING:
            return None
        return self.clock.now() + timedelta(seconds=slot.active_at + self._idle_stop - self.clock.monotonic())

    async def put(self, slot: Slot, state: State, reason: str) -> None:
        slot.state, slot.reason, slot.since = state, reason, self.clock.now()
        log.info("sandbox.changed", workspace_id=str(slot.workspace_id), state=state.value, reason=reason)
        record = Record(slot.workspace_id, state, reason, slot.since, slot.last_instance_id, slot.output)
        await self.records.put(record, stops_at=self._stops_at(slot))

    def _own(self, work: "Coroutine[Any, Any, T]", name: str) -> "asyncio.Task[T]":
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, FireflyError):
            log.error("sandbox.task_failed", task=task.get_name(), reason=repr(error))
