"""Deliveries, as maintainers of a project see them."""

from collections.abc import Sequence
from uuid import UUID

from ...audit import Audit
from ...auth import Identity
from ...errors import Conflict, NotFound
from ...projects import Action, Project, Projects
from .deliveries import Deliveries, HookDelivery
from .working import HookWorker

UNKNOWN = "There is no such delivery."


class HookControl:
    def __init__(self, *, projects: Projects, deliveries: Deliveries, worker: HookWorker, audit: Audit) -> None:
        self._projects = projects
        self._deliveries = deliveries
        self._worker = worker
        self._audit = audit

    async def list(
        self, identity: Identity, owner: str, name: str, *, cursor: str | None = None, limit: int = 50
    ) -> tuple[Sequence[HookDelivery], str | None]:
        """The newest first, and the cursor of the next page."""
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        return await self._deliveries.list(project.id, cursor=cursor, limit=limit)

    async def body(self, identity: Identity, owner: str, name: str, delivery_id: UUID) -> bytes:
        """Raises NotFound also for one whose body is no longer kept."""
        _, found = await self._found(identity, owner, name, delivery_id)
        body = await self._deliveries.body(found.id)
        if body is None:
            raise NotFound("The body of this delivery is not kept any more.")
        return body

    async def redeliver(
        self, identity: Identity, owner: str, name: str, delivery_id: UUID, *, address: str | None = None
    ) -> HookDelivery:
        """Handle it once more. Raises Conflict for one that waits, or whose body is no longer kept."""
        project, found = await self._found(identity, owner, name, delivery_id)
        if not await self._deliveries.redeliver(project.id, found.id):
            raise Conflict("It waits to be handled, or its body is not kept any more.")
        await self._audit.record(
            identity.account.id, "hook.redelivered", f"project:{project.id}", address=address,
            detail={"delivery": found.delivery, "event": found.event},
        )  # fmt: skip
        self._worker.wake()
        _, again = await self._found(identity, owner, name, delivery_id)
        return again

    async def _found(
        self, identity: Identity, owner: str, name: str, delivery_id: UUID
    ) -> tuple[Project, HookDelivery]:
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        found = await self._deliveries.find(delivery_id)
        if found is None or found.project_id != project.id:
            raise NotFound(UNKNOWN)
        return project, found
