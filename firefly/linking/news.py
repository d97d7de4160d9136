"""What the GitHub App's hook has told: written down, and which links and connections it concerns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from ..clock import Clock
from ..errors import FireflyError, Unavailable
from ..git.links import Links, ProviderLink
from ..git.providers.payloads.audience import Audience
from ..git.providers.signatures import Envelope
from ..store import Database, load_queries
from .apps import Apps
from .connections import Connections

KEPT = timedelta(days=30)
MOST_KEPT, SHOWN = 10_000, 20
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppDelivery:
    """One that came, and how many projects it concerned; `reason` says why none had use for it."""

    delivery: str
    event: str
    summary: str
    reason: str
    projects: int
    received_at: datetime


class AppNews:
    def __init__(self, *, database: Database, clock: Clock, apps: Apps, links: Links, connections: Connections) -> None:
        self._database = database
        self._clock = clock
        self._apps = apps
        self._links = links
        self._connections = connections
        self._queries: Any = load_queries("github_apps")

    async def hook_secret(self) -> str:
        """Empty where there is no App, its hook is off, or its keys do not open."""
        keys = await self._apps.current()
        return keys.hook_secret if keys else ""

    async def concerned(self, whom: Audience) -> Sequence[ProviderLink]:
        """The links of projects to repositories that it is about."""
        async with self._database.connection() as connection:
            rows = self._queries.links_concerned(
                connection, url=self._apps.url, repositories=list(whom.repositories), owners=list(whom.owners)
            )
            ids = [row["id"] async for row in rows]
        found = [await self._links.get(id) for id in ids]
        return [link for link in found if link is not None and link.project_id is not None]

    async def revoked(self, user_id: str) -> None:
        """Somebody took his leave back at GitHub: his connections are looked at, and shown where they are no good.

        Raises Unavailable where GitHub cannot be asked about one of them.
        """
        async with self._database.connection() as connection:
            rows = self._queries.connections_of(connection, url=self._apps.url, user_id=user_id)
            ids = [UUID(bytes=row["id"].bytes) async for row in rows]
        away: Unavailable | None = None
        for id in ids:
            try:
                await self._connections.check(id)
            except FireflyError as error:
                log.warning("connection.not_checked", connection_id=str(id), reason=error.detail)
                away = error if isinstance(error, Unavailable) else away
        if away is not None:
            raise away

    async def is_noted(self, envelope: Envelope) -> bool:
        """Whether it came before, and was written down."""
        async with self._database.connection() as connection:
            return bool(await self._queries.is_noted(connection, delivery=envelope.delivery))

    async def note(self, envelope: Envelope, told: str, reason: str, projects: int) -> bool:
        """Write down that it came; whether it is new."""
        async with self._database.connection() as connection:
            new = await self._queries.note_delivery(
                connection, delivery=envelope.delivery, event=envelope.event, summary=told[:300], reason=reason[:500],
                projects=projects, now=self._clock.now(),
            )  # fmt: skip
        return new is not None

    async def list(self) -> Sequence[AppDelivery]:
        """The last ones, the newest first."""
        async with self._database.connection() as connection:
            return [_delivery(row) async for row in self._queries.list_deliveries(connection, most=SHOWN)]

    async def forget(self) -> None:
        """What is older than a month, and what is too much."""
        async with self._database.connection() as connection:
            await self._queries.forget_deliveries(connection, before=self._clock.now() - KEPT, most=MOST_KEPT)


def _delivery(row: Mapping[str, Any]) -> AppDelivery:
    return AppDelivery(**dict(row))
