"""Hands prepared sandboxes to projects: each to one, or back to the pool."""

from .backend import SandboxBackend
from .lease import Lease
from .lifecycle import Lifecycle
from .pool import Pool, PreparedWorkspace
from .quota import Quota
from .slots import Slots
from .tasks import Tasks
from .workspaces import Workspaces


class Claiming:
    def __init__(
        self,
        *,
        backend: SandboxBackend,
        pool: Pool,
        workspaces: Workspaces,
        slots: Slots,
        lifecycle: Lifecycle,
        lease: Lease,
        quota: Quota,
        tasks: Tasks,
    ) -> None:
        self._backend = backend
        self._pool = pool
        self._workspaces = workspaces
        self._slots = slots
        self._lifecycle = lifecycle
        self._lease = lease
        self._quota = quota
        self._tasks = tasks

    async def claim(self, owner: str | None = None) -> PreparedWorkspace | None:
        """Take a workspace with a running sandbox from the pool; None where it is empty just now.

        Raises TooManySandboxes where `owner` may have no more; None has no bound.
        """
        self._lease.check()
        while (prepared := self._pool.take()) is not None:
            await self._admit(prepared, owner)
            if await self._tasks.finish(self._claim(prepared, owner), f"sandbox-claim-{prepared.workspace_id}"):
                return prepared
        await self._quota.admit(None, owner)
        return None

    async def _admit(self, prepared: PreparedWorkspace, owner: str | None) -> None:
        try:
            await self._quota.admit(prepared.workspace_id, owner)
        except BaseException:
            self._pool.add(prepared)
            raise

    async def _claim(self, prepared: PreparedWorkspace, owner: str | None) -> bool:
        try:
            claimed = await self._workspaces.claim(prepared.workspace_id)
        except BaseException:
            if await self._backend.exit_status(prepared.instance.id) is None:
                self._pool.add(prepared)
            raise
        if not claimed:
            await self._backend.stop(prepared.instance.id, reason="Its workspace is somebody else's.")
            return False
        slot = self._slots.of(prepared.workspace_id)
        # Of whom there is no bound, nobody asks.
        slot.owner = owner or ""
        async with slot.lock:
            await self._lifecycle.take(slot, prepared.instance, "Started ahead of need.")
        return True
