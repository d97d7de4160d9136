"""What members do with their project's domains: look, add, have checked, remove."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from ..auth import Identity, Limit, RateLimiter
from ..errors import Conflict, InvalidInput, LimitReached, NameTaken, NotFound
from ..projects import Action, Project, Projects
from ..routes.store import RouteStore
from ..store import Connection
from . import schedule
from .checking import Checking, route_to
from .model import Domain, Kind, State
from .names import Names
from .records import Records

MOST = 20
# An alias that was given up keeps what its pages left in browsers away from others.
RESERVED = timedelta(days=30)
LOOKS = Limit(20, 600)
UNKNOWN = "There is no such domain in this project."


class Domains:
    """Adding needs the role owner, since it opens another way to the project; taking away that of a maintainer."""

    def __init__(
        self,
        *,
        records: Records,
        projects: Projects,
        routes: RouteStore,
        names: Names,
        checking: Checking,
        limiter: RateLimiter,
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._projects = projects
        self._routes = routes
        self._names = names
        self._limiter = limiter
        self.checking = checking

    async def list(self, identity: Identity, owner: str, name: str) -> Sequence[Domain]:
        """Aliases first; for members."""
        project = await self._projects.get(identity, owner, name, Action.FOLLOW)
        return await self._records.list(project.id)

    async def get(self, identity: Identity, owner: str, name: str, id: UUID, action: Action = Action.FOLLOW) -> Domain:
        project = await self._projects.get(identity, owner, name, action)
        return await self._of(project, id)

    async def _of(self, project: Project, id: UUID) -> Domain:
        found = await self._records.find(id)
        if found is None or found.project_id != project.id:
            raise NotFound(UNKNOWN)
        return found

    async def add(
        self,
        identity: Identity,
        owner: str,
        name: str,
        host: str,
        *,
        port: int | None = None,
        address: str | None = None,
    ) -> Domain:
        """An alias is in service at once, a custom domain when its proof was seen.

        Raises InvalidInput, NameTaken for an alias that another project has, Conflict, LimitReached.
        """
        project = await self._projects.get(identity, owner, name, Action.PUBLISH)
        if port is not None and not 0 < port < 65536:
            raise InvalidInput("A port is a number from 1 to 65535.", field="port")
        # The list of public suffixes takes a while to read.
        kind, wanted = await asyncio.to_thread(self._names.read, host)
        async with self._records.database.transaction() as connection:
            facts = await self._hold(project, connection)
            hosts = await self._claim(project, wanted, port, facts, connection) if kind is Kind.ALIAS else ()
            domain = await self._insert(identity, project, kind, wanted, port, connection)
            path = project.owner, project.name
            await self._records.announce(
                domain, path, "added", connection, actor=identity.account.id, address=address
            )  # fmt: skip
        await self._routes.apply(hosts)
        return await self._of(project, domain.id)

    async def _hold(self, project: Project, connection: Connection) -> Mapping[str, Any]:
        """The project as it is now; other changes of it wait, so that simultaneous additions do not pass together."""
        facts = await self._queries.lock_project(connection, project_id=project.id)
        if facts is None:
            raise NotFound(UNKNOWN)
        if await self._queries.count(connection, project_id=project.id) >= MOST:
            raise LimitReached(
                f"A project has at most {MOST} domains. Remove one that is no longer needed.", limit=MOST
            )
        return dict(facts)

    async def _insert(
        self, identity: Identity, project: Project, kind: Kind, host: str, port: int | None, connection: Connection
    ) -> Domain:
        now = self._records.clock.now()
        row = await self._queries.insert(
            connection,
            project_id=project.id,
            host=host,
            port=port,
            by_id=identity.account.id,
            token=f"firefly-{secrets.token_hex(20)}",
            **_first(kind, host, now),
        )
        if row is None:
            raise Conflict(f"The project has {host} already.", field="host")
        return Domain.from_row(row)

    async def _claim(
        self, project: Project, host: str, port: int | None, facts: Mapping[str, Any], connection: Connection
    ) -> Sequence[str]:
        try:
            return await self._routes.add(route_to(host, port, project.id, facts), connection=connection)
        except NameTaken:
            raise NameTaken(f"The alias {host} is taken. Choose another label.", field="host") from None

    async def check(self, identity: Identity, owner: str, name: str, id: UUID, *, address: str | None = None) -> Domain:
        """Look for the proof now. Raises RateLimited after 20 looks within ten minutes."""
        domain = await self.get(identity, owner, name, id, Action.MANAGE)
        await self._limiter.hit(f"domains:{domain.project_id}", LOOKS)
        checked = await self.checking.check(id, actor=identity.account.id, address=address)
        if checked is None:
            raise NotFound(UNKNOWN)
        return checked

    async def remove(self, identity: Identity, owner: str, name: str, id: UUID, *, address: str | None = None) -> None:
        """The host shows nothing any more; an alias stays the project's for 30 days."""
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.database.transaction() as connection:
            row = await self._queries.lock(connection, id=id)
            if row is None or UUID(str(row["project_id"])) != project.id:
                raise NotFound(UNKNOWN)
            domain = Domain.from_row(row)
            hosts: Sequence[str] = ()
            if domain.state.is_served:
                reserve = RESERVED if domain.kind is Kind.ALIAS else None
                hosts = await self._routes.drop(project.id, domain.host, reserve=reserve, connection=connection)
            await self._queries.delete(connection, id=id)
            path = project.owner, project.name
            await self._records.announce(
                domain, path, "removed", connection, actor=identity.account.id, address=address
            )  # fmt: skip
        await self._routes.apply(hosts)


def _first(kind: Kind, host: str, now: datetime) -> dict[str, object]:
    """What a new domain begins with."""
    if kind is Kind.ALIAS:
        return {
            "kind": kind,
            "state": State.ACTIVE,
            "reason": "",
            "added_at": now,
            "proven_at": now,
            "next_check": None,
        }
    reason = "Waits for its proof in the DNS."
    soon = now + schedule.FIRST_PAUSE
    return {
        "kind": kind, "state": State.PENDING, "reason": reason, "added_at": now, "proven_at": None, "next_check": soon,
    }  # fmt: skip
