"""The changes of one workspace's sandbox: starting, running, ending; each written down, with its reason."""

import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog

from firefly.clock import Clock
from firefly.errors import FireflyError, SandboxFailed, TimedOut, TooManySandboxes, Unavailable, Withheld

from .archives import Archives
from .backend import Instance, SandboxBackend, SandboxSpec, State
from .granting import Granting
from .idleness import Idleness
from .lease import Lease
from .quota import Quota
from .seams import Doorman, Observer, Safe, WorkspaceSource
from .slots import Seen, Slot
from .starting import Starts, Turn
from .tasks import Tasks
from .workspaces import Record, Records

log = structlog.get_logger()

OBSERVER_LIMIT = 15.0
LONGEST_REASON = 1000
RETURNING = "It was archived; its files are being brought back."


class Lifecycle:
    """`quota` bounds how many sandboxes run, `starts` how many start at one time."""

    def __init__(
        self,
        *,
        backend: SandboxBackend,
        source: WorkspaceSource,
        records: Records,
        lease: Lease,
        granting: Granting,
        clock: Clock,
        quota: Quota,
        starts: Starts,
        tasks: Tasks,
        idleness: Idleness,
        archives: Archives,
    ) -> None:
        self._backend = backend
        self._source = source
        self._records = records
        self._lease = lease
        self._granting = granting
        self._clock = clock
        self._quota = quota
        self._starts = starts
        self._tasks = tasks
        self._idleness = idleness
        self._archives = archives
        self.observers: list[Observer] = []
        self.safe: Safe | None = None
        self.doorman: Doorman | None = None

    async def start(self, slot: Slot) -> Instance:
        """Start a sandbox and take it. Raises what kept it from starting; the slot then says so too."""
        # Of what is another node's nothing is tried, nor written down.
        await self._records.check_node(slot.workspace_id)
        try:
            async with slot.lock:
                if slot.instance is not None:
                    return await self._keep(slot, slot.instance)
                if self.doorman is not None:
                    await self.doorman.admit(slot.workspace_id)
                spec = await self._source.spec(slot.workspace_id)
                slot.owner = spec.owner
                await self._quota.admit(slot.workspace_id, spec.owner if spec.bounded else None)
                async with self._starts.turn(spec.owner, waits=partial(self._wait, slot)):
                    return await self._create(slot, await self._source.spec(slot.workspace_id) if slot.turn else spec)
        except (TooManySandboxes, Withheld) as error:
            # Nothing was tried, so nothing failed: the next try need not wait.
            slot.refusal = error.detail
            raise
        except Exception as error:
            await self._fail(slot, error)
            raise
        finally:
            slot.turn, slot.returning = None, False

    async def _wait(self, slot: Slot, turn: Turn) -> None:
        slot.turn = turn
        await self.put(slot, State.STARTING, self.place(slot))

    def place(self, slot: Slot) -> str:
        """Why one that is to start does not yet; empty where it does."""
        if slot.returning:
            return RETURNING
        if slot.turn is None or slot.turn.granted.done():
            return ""
        count = self._starts.before(slot.turn)
        return f"Waiting for its turn to start: {count} before it." if count else "Waiting to start: it is next."

    async def _create(self, slot: Slot, spec: SandboxSpec) -> Instance:
        slot.turn, slot.refusal = None, ""
        slot.terms = await self._granting.terms(slot.workspace_id)
        slot.limits = slot.terms.limits
        self._lease.check()
        await self._take_out(slot)
        await self.put(slot, State.STARTING, RETURNING if slot.returning else "Starting.")
        instance = await self._backend.create(replace(spec, limits=slot.limits))
        try:
            await self.take(slot, instance, "Started.", fresh=True)
        except BaseException:
            await asyncio.shield(self._give_up(slot, instance))
            raise
        return instance

    async def _take_out(self, slot: Slot) -> None:
        """Of one that is archived nothing counts that still lies in its folder, as what came back only in part."""
        archive = await self._archives.of(slot.workspace_id)
        slot.returning = archive is not None and archive.counts
        if slot.returning:
            await self._backend.remove_workspace(slot.workspace_id)

    async def _keep(self, slot: Slot, instance: Instance) -> Instance:
        """Where ending it failed, it is used on."""
        if slot.state is not State.RUNNING:
            await self.put(slot, State.RUNNING, "It runs on.")
        return instance

    async def _give_up(self, slot: Slot, instance: Instance) -> None:
        """Undo a `take` that was cancelled, or failed, half-way."""
        slot.state = State.STOPPING
        await self._backend.stop(instance.id, reason="The start was stopped.")
        if slot.watcher is not None:
            await asyncio.wait([slot.watcher])
        slot.instance = None

    async def _fail(self, slot: Slot, error: Exception) -> None:
        slot.failed(self._clock.monotonic())
        slot.output = error.output if isinstance(error, SandboxFailed) else ""
        reason = error.detail if isinstance(error, FireflyError) else f"{type(error).__name__}: {error}"
        await self.put(slot, State.FAILED, reason)

    async def take(
        self, slot: Slot, instance: Instance, reason: str, *, since: datetime | None = None, fresh: bool = False
    ) -> None:
        """Make a run the workspace's own, which it has been since then, else from now on. The caller holds the lock.

        `fresh`: it has just been started, in whatever is left of the workspace.
        """
        slot.instance, slot.last_instance_id = instance, instance.id
        slot.active_at = slot.started_at = self._clock.monotonic()
        slot.born_at = since or self._clock.now()
        slot.seen, slot.wished, slot.output = Seen(), None, ""
        await self._tell("started", slot.workspace_id, instance)
        if fresh and self.safe is not None:
            await self.safe.restore(slot.workspace_id, instance, archived=slot.returning)
        if fresh and self.doorman is not None:
            await self.doorman.furnish(slot.workspace_id)
        if fresh:
            await self._archives.note_use(slot.workspace_id)
        slot.watcher = self._tasks.start(self._watch(slot, instance), f"sandbox-watch-{instance.id}")
        await self.put(slot, State.RUNNING, reason)

    async def _watch(self, slot: Slot, instance: Instance) -> None:
        status = await self._backend.wait(instance.id)
        await self._tell("ended", slot.workspace_id, instance)
        slot.instance, slot.output = None, status.output
        if slot.state is State.STOPPING:
            return
        if status.lost:
            await self._bring_back(slot, status.reason)
            return
        slot.ended_by_itself(self._clock.monotonic())
        quiet = status.requested or status.code == 0
        await self.put(slot, State.STOPPED if quiet else State.FAILED, status.reason)

    async def _bring_back(self, slot: Slot, reason: str) -> None:
        """Start it again, elsewhere, before anybody asks: that its machine went away is not its fault."""
        await self.put(slot, State.FAILED, reason)
        if slot.start is None and slot.state is State.FAILED:
            slot.begin(self._tasks.start(self.start(slot), f"sandbox-start-{slot.workspace_id}"))

    async def _tell(self, what: str, workspace_id: UUID, instance: Instance) -> None:
        for observer in self.observers:
            try:
                async with asyncio.timeout(OBSERVER_LIMIT):
                    await getattr(observer, what)(workspace_id, instance)
            # Whatever it is: a watcher that ended here would leave a sandbox that nobody can start again.
            except Exception as error:
                log.warning("sandbox.untold", what=what, workspace_id=str(workspace_id), reason=repr(error))

    async def stop(self, slot: Slot, reason: str) -> None:
        """End the sandbox, and a start under way. One that has ended is left as it is."""
        start = slot.start
        if start is not None:
            start.cancel()
            await asyncio.wait([start])
        async with slot.lock:
            # It may end by itself at each of these waits.
            instance = slot.instance
            if instance is not None and slot.watcher is not None:
                await self.put(slot, State.STOPPING, reason)
                await self._save(slot, instance)
                await self._backend.stop(instance.id, reason=reason)
                await asyncio.wait([slot.watcher])
                slot.instance = None
            elif start is None:
                return
            await self.put(slot, State.STOPPED, reason)

    async def empty(self, slot: Slot) -> None:
        """Delete the files of a workspace in which nothing runs; one that was started meanwhile keeps them."""
        async with slot.lock:
            if slot.instance is None:
                await self._backend.remove_workspace(slot.workspace_id)

    async def _save(self, slot: Slot, instance: Instance) -> None:
        """What is frozen was saved before."""
        if self.safe is not None and not self._backend.frozen(instance.id):
            await self.safe.save(slot.workspace_id, instance)

    async def freeze(self, slot: Slot, reason: str) -> None:
        """Pause the run. Whoever needs it from this call on waits until it is frozen, and wakes it."""
        if slot.state is not State.RUNNING:
            return
        slot.state, slot.frozen_at = State.FROZEN, self._clock.monotonic()
        async with slot.lock:
            # It may have been woken, stopped, or ended by itself at the wait before.
            if slot.state is not State.FROZEN or slot.instance is None:
                return
            await self._save(slot, slot.instance)
            if slot.instance is None:
                return
            try:
                await self._backend.freeze(slot.instance.id)
            except (Unavailable, TimedOut) as error:
                slot.active_at = self._clock.monotonic()
                await self.put(slot, State.RUNNING, error.detail)
            else:
                await self.put(slot, State.FROZEN, reason)

    async def wake(self, slot: Slot) -> None:
        """Let a frozen run go on. Raises Unavailable where that fails; one that ended meanwhile is left as it is."""
        async with slot.lock:
            slot.active_at = self._clock.monotonic()
            if slot.state is not State.FROZEN or slot.instance is None:
                return
            await self._backend.thaw(slot.instance.id)
            await self.put(slot, State.RUNNING, "Woken.")

    async def put(self, slot: Slot, state: State, reason: str) -> None:
        """Write a change down and tell everybody."""
        reason = reason.replace("\0", "\ufffd")[:LONGEST_REASON]
        slot.state, slot.reason, slot.since = state, reason, self._clock.now()
        log.info("sandbox.changed", workspace_id=str(slot.workspace_id), state=state.value, reason=reason)
        await self.write(slot)

    async def write(self, slot: Slot) -> None:
        """Write down how it stands, and tell it, with when what will happen next."""
        record = Record(
            slot.workspace_id, slot.state, slot.reason, slot.since, slot.last_instance_id, slot.born_at, slot.output,
            slot.owner, slot.seen.ports,
        )  # fmt: skip
        times = {"freezes_at": self._idleness.freezes_at(slot), "stops_at": self._idleness.stops_at(slot)}
        async with slot.writing:
            await self._records.put(record, times)
