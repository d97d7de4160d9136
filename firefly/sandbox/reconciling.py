"""After a start of the server: what the table says, and what is really there."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from firefly.errors import NotFound

from .archives import Archives
from .awake import KeepAwakes
from .backend import Instance, SandboxBackend, State
from .granting import Granting
from .lifecycle import Lifecycle
from .pool import PreparedWorkspace
from .preparing import Preparation
from .slots import Slots
from .workspaces import Record, Records, Workspaces

INTERRUPTED = "Its files were on the way to its archive, or from there, when the server stopped."
ALIVE = (State.STARTING, State.RUNNING, State.FROZEN, State.STOPPING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    backend: SandboxBackend
    records: Records
    workspaces: Workspaces
    lifecycle: Lifecycle
    preparation: Preparation
    granting: Granting
    awakes: KeepAwakes
    slots: Slots
    archives: Archives

    async def run(self) -> list[UUID]:
        """Adopt what runs, correct the table; returns the workspaces that nobody owns and nothing runs in."""
        found = await self._find()
        for workspace_id, terms in (await self.granting.all()).items():
            self.slots.of(workspace_id).terms = terms
        for workspace_id, awake in (await self.awakes.all()).items():
            self.slots.of(workspace_id).awake = tuple(awake)
        for record in await self.records.all():
            await self._restore(record, runs=record.workspace_id in found)
        async with asyncio.TaskGroup() as group:
            for instance in found.values():
                group.create_task(self._place(instance))
        running = {instance.workspace_id for instance in await self.backend.list()}
        return [workspace_id for workspace_id in await self.workspaces.leftovers() if workspace_id not in running]

    async def _find(self) -> dict[UUID, Instance]:
        """What runs, by workspace; of two runs of one workspace the later one."""
        found: dict[UUID, Instance] = {}
        for instance in await self.backend.adopt():
            earlier = found.get(instance.workspace_id)
            if earlier is not None:
                await self.backend.stop(earlier.id, reason="Its workspace runs a second time.")
            found[instance.workspace_id] = instance
        return found

    async def _restore(self, record: Record, *, runs: bool) -> None:
        slot = self.slots.of(record.workspace_id)
        slot.state, slot.reason, slot.since, slot.output = record.state, record.reason, record.since, record.output
        slot.last_instance_id, slot.born_at, slot.owner = record.instance_id, record.started_at, record.owner
        if record.state not in ALIVE or runs:
            return
        status = await self.backend.exit_status(record.instance_id) if record.instance_id else None
        if status is not None:
            slot.output = status.output
        asked = record.state is State.STOPPING or (status is not None and status.requested)
        reason = status.reason if status else "It ended while the server was away."
        await self.lifecycle.put(slot, State.STOPPED if asked else State.FAILED, reason)

    async def _place(self, instance: Instance) -> None:
        """A run belongs to a project, or to the pool, or to nobody."""
        try:
            claimed = await self.workspaces.is_claimed(instance.workspace_id)
        except NotFound:
            await self.backend.stop(instance.id, reason="Its workspace was deleted.")
            return
        if not claimed:
            self.preparation.adopt(PreparedWorkspace(instance.workspace_id, instance))
            return
        slot = self.slots.of(instance.workspace_id)
        if await self.archives.of(instance.workspace_id) is not None:
            # Nobody was let in yet: its files were being kept elsewhere, or had come back in part.
            await self.backend.stop(instance.id, reason=INTERRUPTED)
            await self.lifecycle.put(slot, State.STOPPED, INTERRUPTED)
            return
        async with slot.lock:
            reason = slot.reason
            since = slot.born_at if slot.last_instance_id == instance.id else instance.started_at
            await self.lifecycle.take(slot, instance, "Found running when the server started.", since=since)
            if self.backend.frozen(instance.id):
                await self.lifecycle.put(slot, State.FROZEN, reason)
