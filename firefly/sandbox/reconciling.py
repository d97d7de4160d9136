"""After a start of the server: what the table says, and what is really there."""

from typing import TYPE_CHECKING
from uuid import UUID

from firefly.errors import NotFound

from .backend import Instance, State
from .pool import PreparedWorkspace

if TYPE_CHECKING:
    from .keeper import Keeper
    from .workspaces import Record

ALIVE = (State.STARTING, State.RUNNING, State.STOPPING)


async def reconcile(keeper: "Keeper") -> list[UUID]:
    """Adopt what runs, correct what the table says; returns the workspaces that nobody owns and nothing runs in."""
    found = {instance.workspace_id: instance for instance in await keeper.backend.adopt()}
    for record in await keeper.records.all():
        await _restore(keeper, record, found)
    for instance in found.values():
        await _place(keeper, instance)
    in_pool = {instance.workspace_id for instance in found.values()}
    return [workspace_id for workspace_id in await keeper.workspaces.leftovers() if workspace_id not in in_pool]


async def _restore(keeper: "Keeper", record: "Record", found: dict[UUID, Instance]) -> None:
    slot = keeper.slot(record.workspace_id)
    slot.state, slot.reason, slot.since, slot.output = record.state, record.reason, record.since, record.output
    slot.last_instance_id = record.instance_id
    if record.state not in ALIVE or record.workspace_id in found:
        return
    status = await keeper.backend.exit_status(record.instance_id) if record.instance_id else None
    if status is not None:
        slot.output = status.output
    asked = record.state is State.STOPPING or (status is not None and status.requested)
    reason = status.reason if status else "It ended while the server was away."
    await keeper.put(slot, State.STOPPED if asked else State.FAILED, reason)


async def _place(keeper: "Keeper", instance: Instance) -> None:
    """A run belongs to a project, or to the pool, or to nobody."""
    try:
        claimed = await keeper.workspaces.is_claimed(instance.workspace_id)
    except NotFound:
        await keeper.backend.stop(instance.id, reason="Its workspace was deleted.")
        return
    if claimed:
        slot = keeper.slot(instance.workspace_id)
        async with slot.lock:
            await keeper.take(slot, instance, "Found running when the server started.")
        return
    prepared = PreparedWorkspace(instance.workspace_id, instance)
    keeper.pool.add(prepared)
    keeper.watch_prepared(prepared)
