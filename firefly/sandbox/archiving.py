"""Archives workspaces that nobody uses, after notice: kept elsewhere, made sure of, and only then removed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog

from firefly.clock import Clock
from firefly.errors import FireflyError

from .archives import Archive, Archives
from .backend import SandboxBackend, State
from .granting import Granting
from .lease import Lease
from .lifecycle import Lifecycle
from .seams import WorkspaceSource
from .slots import Slot, Slots
from .tasks import Tasks
from .workspaces import Records

log = structlog.get_logger()

PAUSE = 600.0
LONGEST_NOTICE = timedelta(days=7)
AGAIN = timedelta(days=7)
# Tells a bridge to start nothing: its run is for the archive alone.
QUIET = "FIREFLY_QUIET"
ARCHIVED = "It is archived, since nobody used it for long. Its files come back when it is opened."


class Archiving:
    """`days` without use after which a workspace is archived; its members are told up to a week before."""

    def __init__(
        self,
        days: float,
        *,
        backend: SandboxBackend,
        archives: Archives,
        source: WorkspaceSource,
        records: Records,
        lifecycle: Lifecycle,
        granting: Granting,
        slots: Slots,
        lease: Lease,
        tasks: Tasks,
        clock: Clock,
    ) -> None:
        self._unused = timedelta(days=days)
        self._notice = min(LONGEST_NOTICE, self._unused / 2)
        self._pause = min(PAUSE, self._unused.total_seconds() / 8)
        self._backend = backend
        self._archives = archives
        self._source = source
        self._records = records
        self._lifecycle = lifecycle
        self._granting = granting
        self._slots = slots
        self._lease = lease
        self._tasks = tasks
        self._clock = clock

    @property
    def wanted(self) -> bool:
        """Where files end with their runs anyhow, nothing lies on a disk that could be removed."""
        return bool(self._unused) and self._backend.capabilities().keeps_files

    async def always(self) -> None:
        while self.wanted:
            await asyncio.sleep(self._pause)
            try:
                await self.sweep()
            # Whatever it is: it is tried again, and nobody who is served would be better off without us.
            except Exception as error:
                log.warning("workspace.archiving_failed", reason=repr(error))

    async def sweep(self) -> int:
        """Tell what will be archived, and archive what is due, one after another; returns how many were."""
        if not (self._lease.held and self.wanted):
            return 0
        for workspace_id in await self._archives.unfinished():
            await self._resume(workspace_id)
        now = self._clock.now()
        at = now + self._notice
        for workspace_id in await self._archives.give_notice(unused_since=at - self._unused, at=at):
            log.info("workspace.notice", workspace_id=str(workspace_id), archives_at=at.isoformat())
            await self._records.tell("workspace.notice", workspace_id, archives_at=at.isoformat())
        return sum([await self._see_to(workspace_id) for workspace_id in await self._archives.due()])

    async def _resume(self, workspace_id: UUID) -> None:
        """What was not made sure of begins anew; what was is removed."""
        slot = self._slots.of(workspace_id)
        async with slot.lock:
            # As it is now: it may have been brought back and used since it was found.
            archive = await self._archives.of(workspace_id)
            if slot.instance is None and archive is Archive.SEALING:
                await self._archives.put_off(workspace_id, self._clock.now())
            elif slot.instance is None and archive is Archive.ARCHIVING:
                await self._remove(workspace_id)

    async def _see_to(self, workspace_id: UUID) -> bool:
        slot = self._slots.of(workspace_id)
        try:
            return await self._tasks.finish(self._archive(slot), f"sandbox-archive-{workspace_id}")
        except FireflyError as error:
            log.warning("workspace.not_archived", workspace_id=str(workspace_id), reason=error.detail)
            await self._archives.put_off(workspace_id, self._clock.now() + AGAIN, error.detail)
            return False

    async def _archive(self, slot: Slot) -> bool:
        """Whoever wants to use it meanwhile waits for the lock, and finds it as it was, or brought back."""
        async with slot.lock:
            if slot.instance is not None or slot.start is not None or not await self._archives.begin(slot.workspace_id):
                return False
            why = await self._seal(slot)
            if why or slot.start is not None:
                log.info("workspace.not_archived", workspace_id=str(slot.workspace_id), reason=why or "it is wanted")
                again = self._clock.now() + AGAIN if why else None
                await self._archives.put_off(slot.workspace_id, again, why)
                return False
            await self._archives.mark(slot.workspace_id)
            await self._remove(slot.workspace_id)
            await self._lifecycle.put(slot, State.STOPPED, ARCHIVED)
            return True

    async def _seal(self, slot: Slot) -> str:
        """Why something in it cannot be kept elsewhere; empty where everything is. Nothing runs in it afterwards."""
        if self._lifecycle.safe is None:
            return "nothing is kept elsewhere here"
        spec = await self._source.spec(slot.workspace_id)
        terms = await self._granting.terms(slot.workspace_id)
        environment = {**spec.environment, QUIET: "1"}
        instance = await self._backend.create(replace(spec, limits=terms.limits, environment=environment))
        try:
            bridge, gateway = self._backend.bridge_path(instance.id), self._backend.gateway_path(instance.id)
            return await self._lifecycle.safe.seal(slot.workspace_id, bridge, gateway)
        finally:
            await asyncio.shield(self._end(instance.id))

    async def _end(self, instance_id: str) -> None:
        await self._backend.stop(instance_id, reason="Its workspace was looked after.")
        await self._backend.wait(instance_id)

    async def _remove(self, workspace_id: UUID) -> None:
        await self._backend.remove_workspace(workspace_id)
        await self._archives.removed(workspace_id)
        log.info("workspace.archived", workspace_id=str(workspace_id))
