"""The hosts of a project's workspaces, kept in the route store."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import structlog

from firefly import hostnames
from firefly.builds.sites import SiteHosts
from firefly.errors import NameTaken
from firefly.projects.model import Visibility
from firefly.projects.seams import WorkspaceFacts
from firefly.routes import Access, Route, SandboxTarget
from firefly.routes.store import REMOVED, RouteStore
from firefly.settings import Settings
from firefly.store import Connection

log = structlog.get_logger()

# Further hosts of a project, each with the port that it shows.
Domains = Callable[[UUID, Connection], Awaitable[Sequence[tuple[str, int | None]]]]
ACCESS = {Visibility.MEMBERS: Access.MEMBERS, Visibility.PUBLIC: Access.PUBLIC}


class WorkspaceRoutes:
    """Fulfils `projects.ProjectRoutes`."""

    def __init__(
        self,
        *,
        store: RouteStore,
        settings: Settings,
        domains: Domains,
        sites: SiteHosts,
        revoke: Callable[[UUID], Awaitable[None]],
    ) -> None:
        """`domains` and `sites` know the further hosts of a project, `revoke` ends what its visitors have open."""
        self._store = store
        self._sites = sites
        self._domains = domains
        self._revoke = revoke
        self._domain = settings.content_domain.partition(":")[0]

    def host(self, facts: WorkspaceFacts) -> str:
        return f"{hostnames.format(facts.label)}.{self._domain}"

    async def add(self, facts: WorkspaceFacts, visibility: Visibility, connection: Connection) -> Sequence[str]:
        access, id = ACCESS[visibility], facts.project_id
        route = Route(self.host(facts), SandboxTarget(facts.workspace_id), id, access)
        hosts = await self._store.add(route, connection=connection)
        if facts.member:
            # A project's domains show what its members share.
            return hosts
        for host, port in await self._domains(id, connection):
            route = Route(host, SandboxTarget(facts.workspace_id, port), id, access)
            try:
                hosts += await self._store.add(route, connection=connection)
            except NameTaken as error:
                # The project comes back all the same.
                log.warning("domain.lost", host=host, project_id=str(id), reason=error.detail)
        return [*hosts, *await self._sites.route(id, visibility, connection)]

    async def rename(self, old: WorkspaceFacts, new: WorkspaceFacts, connection: Connection) -> Sequence[str]:
        hosts = await self._store.rename(self.host(old), self.host(new), connection=connection)
        if new.member:
            return hosts
        before, after = (old.name, old.owner), (new.name, new.owner)
        return [*hosts, *await self._sites.rename(new.project_id, before, after, connection)]

    async def set_visibility(self, project_id: UUID, visibility: Visibility, connection: Connection) -> Sequence[str]:
        return await self._store.set_access(project_id, ACCESS[visibility], connection=connection)

    async def remove(self, project_id: UUID, connection: Connection) -> Sequence[str]:
        return await self._store.remove(project_id, connection=connection)

    async def close(self, facts: WorkspaceFacts, connection: Connection) -> Sequence[str]:
        return await self._store.drop(facts.project_id, self.host(facts), reserve=REMOVED, connection=connection)

    async def release(self, project_id: UUID, connection: Connection) -> Sequence[str]:
        return await self._store.release(project_id, connection=connection)

    async def apply(self, hosts: Sequence[str]) -> None:
        await self._store.apply(hosts)

    async def end_visits(self, project_id: UUID) -> None:
        await self._revoke(project_id)
