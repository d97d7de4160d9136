"""Sister hosts: the others of one project. Whoever is let in at one of them is let in at all, as far as they are known.

A cookie belongs to one host, so each has to set its own. Known are the hosts that routes name, those of the ports that
are listened on just now, and those of ports at which somebody was let in before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from .. import hostnames
from ..auth import Grant, PreviewGrants
from ..errors import FireflyError
from .model import Place
from .passes import Passes
from .records import Records

# More than these a visitor's browser is not sent to at once, of them so many ports.
MOST_SISTERS, MOST_PORTS = 16, 8
# Seconds that a visitor may be kept waiting for a sandbox to say what it listens on; a busy machine takes its time.
PATIENCE = 2.0

Ports: TypeAlias = Callable[[UUID], Awaitable[Sequence[int]]]


async def no_ports(workspace_id: UUID) -> Sequence[int]:
    return ()


class Sisters:
    """`ports` tells what a workspace's sandbox listens on, and wakes nothing; `domain` is the content domain's name."""

    def __init__(
        self, *, records: Records, grants: PreviewGrants, passes: Passes, ports: Ports = no_ports, domain: str = ""
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._grants = grants
        self._passes = passes
        self._ports = ports
        self._domain = domain

    async def of(self, place: Place) -> list[str]:
        """Hosts of the same project, without ports, those first that a page is likely to call."""
        async with self._records.database.connection() as connection:
            routes = [row async for row in self._queries.project_hosts(connection, project_id=place.project_id)]
            seen = [row["host"] async for row in self._queries.hosts_seen(connection, project_id=place.project_id)]
        named = [row["host"] for row in routes]
        found = dict.fromkeys([*await self._listening(routes), *seen[:MOST_PORTS], *named])
        found.pop(place.host, None)
        return list(found)[:MOST_SISTERS]

    async def note(self, place: Place) -> None:
        """Somebody was let in there: remembered where no route names the host."""
        if not hostnames.port_of(place.host.partition(".")[0]):
            return
        asked = {"project_id": place.project_id, "host": place.host, "now": self._records.clock.now()}
        async with self._records.database.connection() as connection:
            await self._queries.note_host(connection, **asked)
            await self._queries.forget_hosts(connection, project_id=place.project_id, most=MOST_PORTS)

    def vouch(self, cookie: bytes, place: Place, sister: Place, nonce_hash: bytes) -> str | None:
        """A pass for `sister`, for whoever has a grant at `place`; None for everybody else."""
        grant = self._grants.verify(cookie, place.project_id, place.policy_version)
        if grant is None or sister.project_id != grant.project_id:
            return None
        return self._passes.issue(grant, sister, nonce_hash)

    async def join(self, ticket: str, place: Place, nonce: str) -> Grant:
        """Raises Unauthenticated."""
        grant = await self._passes.redeem(ticket, place, nonce)
        await self.note(place)
        return grant

    async def _listening(self, routes: Iterable[Mapping[str, object]]) -> list[str]:
        """Hosts of the ports of all main hosts below the content domain."""
        mains = {}
        for row in routes:
            host, workspace_id = str(row["host"]), row["main_of"]
            if workspace_id is not None and host.endswith(f".{self._domain}"):
                mains[UUID(str(workspace_id))] = host
        found: list[str] = []
        try:
            async with asyncio.timeout(PATIENCE):
                for workspace_id, host in list(mains.items())[:MOST_PORTS]:
                    found += [f"{port}--{host}" for port in await self._ports(workspace_id)]
        except (TimeoutError, FireflyError):
            # A sandbox that does not tell has no ports: its visitors come in, and by its other hosts a little later.
            pass
        return found[:MOST_PORTS]
