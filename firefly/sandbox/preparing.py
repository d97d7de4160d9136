"""Fills the pool: empty workspaces with running sandboxes, and clears away what nobody owns."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

import structlog

from firefly.errors import FireflyError

from .backend import SandboxBackend
from .lease import Lease
from .pool import Pool, PreparedWorkspace
from .seams import WorkspaceSource
from .starting import Starts
from .tasks import Tasks
from .workspaces import Workspaces

REST = 0.1
log = structlog.get_logger()


class Preparation:
    def __init__(
        self,
        size: int,
        *,
        backend: SandboxBackend,
        source: WorkspaceSource,
        workspaces: Workspaces,
        lease: Lease,
        starts: Starts,
        tasks: Tasks,
    ) -> None:
        self._backend = backend
        self._source = source
        self._workspaces = workspaces
        self._lease = lease
        self._starts = starts
        self._tasks = tasks
        self.pool = Pool(size, make=self._make, discard=self._discard)

    async def _make(self) -> PreparedWorkspace:
        # Whoever took the last one is to see it first.
        await asyncio.sleep(REST)
        await self._starts.calm()
        self._lease.check()
        workspace_id = await self._workspaces.create(claimed=False)
        try:
            spec = await self._source.spec(workspace_id)
            async with self._starts.turn(spec.owner):
                instance = await self._backend.create(spec)
        except BaseException:
            await asyncio.shield(self.clear([workspace_id]))
            raise
        prepared = PreparedWorkspace(workspace_id, instance)
        self.watch(prepared)
        return prepared

    def watch(self, prepared: PreparedWorkspace) -> None:
        """See to it that one that ends in the pool leaves it."""
        self._tasks.start(self._watch(prepared), f"sandbox-prepared-{prepared.instance.id}")

    async def _watch(self, prepared: PreparedWorkspace) -> None:
        await self._backend.wait(prepared.instance.id)
        if self.pool.forget(prepared.instance) is not None:
            await self.clear([prepared.workspace_id])

    async def _discard(self, prepared: PreparedWorkspace) -> None:
        await self._backend.stop(prepared.instance.id, reason="It was started ahead, and is not needed.")
        await self.clear([prepared.workspace_id])

    def adopt(self, prepared: PreparedWorkspace) -> None:
        self.pool.add(prepared)
        self.watch(prepared)

    async def clear(self, workspace_ids: Iterable[UUID]) -> None:
        """Delete workspaces that nobody owns, their files first."""
        for workspace_id in workspace_ids:
            try:
                self._lease.check()
                await self._backend.remove_workspace(workspace_id)
                await self._workspaces.drop(workspace_id)
            except FireflyError as error:
                log.warning("workspace.not_cleared", workspace_id=str(workspace_id), reason=error.detail)
