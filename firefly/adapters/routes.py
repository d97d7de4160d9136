"""The hosts of a project's workspace, kept in the route store."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from firefly import hostnames
from firefly.projects.model import Visibility
from firefly.projects.seams import WorkspaceFacts
from firefly.routes import Access, Route, SandboxTarget
from firefly.routes.store import RouteStore
from firefly.settings import Settings

ACCESS = {Visibility.MEMBERS: Access.MEMBERS, Visibility.PUBLIC: Access.PUBLIC}


class WorkspaceRoutes:
    """Fulfils `projects.ProjectRoutes`."""

    def __init__(self, *, store: RouteStore, settings: Settings, revoke: Callable[[UUID], Awaitable[None]]) -> None:
        """`revoke` ends what visitors of a project have open."""
        self._store = store
        self._revoke = revoke
        self._domain = settings.content_domain.partition(":")[0]

    def host(self, facts: WorkspaceFacts) -> str:
        label = hostnames.format(hostnames.WorkspaceLabel(facts.name, facts.owner))
        return f"{label}.{self._domain}"

    async def add(self, facts: WorkspaceFacts, visibility: Visibility) -> None:
        target = SandboxTarget(facts.workspace_id)
        await self._store.add(Route(self.host(facts), target, facts.project_id, ACCESS[visibility]))

    async def rename(self, old: WorkspaceFacts, new: WorkspaceFacts, visibility: Visibility) -> None:
        await self._store.rename(self.host(old), self.host(new))

    async def set_visibility(self, project_id: UUID, visibility: Visibility) -> None:
        await self._store.set_access(project_id, ACCESS[visibility])
        if visibility is not Visibility.PUBLIC:
            await self._revoke(project_id)

    async def remove(self, project_id: UUID) -> None:
        await self._store.remove(project_id)
