"""The policies that open previews by themselves, mirrored in memory: the gate asks them without waiting."""

import asyncio
from collections.abc import Callable, Mapping
from uuid import UUID

import structlog

from ..bus import MISSED, Bus, Event
from ..errors import DatabaseUnavailable
from ..store import Database, load_queries
from .model import Policy

TOPIC, KIND = "access", "access.policy"
RECONCILE = 60.0

log = structlog.get_logger()


class Policies:
    """By project. Projects whose policies open nothing by themselves are not in it."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._queries = load_queries("access")
        self._of: dict[UUID, Policy] = {}
        self._listeners: list[Callable[[], None]] = []

    def get(self, project_id: UUID | None) -> Policy | None:
        return self._of.get(project_id) if project_id is not None else None

    @property
    def known(self) -> Mapping[UUID, Policy]:
        return self._of

    def on_change(self, listener: Callable[[], None]) -> None:
        """Called after each change, so that what is open can be looked at again."""
        self._listeners.append(listener)

    async def load(self) -> None:
        """Take all from the database."""
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.policies(connection)]
        found = {UUID(str(row["project_id"])): Policy.from_row(row) for row in rows}
        if found != self._of:
            self._of = found
            self._tell()

    async def apply(self, project_id: UUID) -> None:
        """Put what is committed for a project into effect in this process, without waiting for the bus."""
        async with self._database.connection() as connection:
            row = await self._queries.policy(connection, project_id=project_id)
        policy = Policy.from_row(row) if row else Policy()
        if policy == self._of.get(project_id, Policy()):
            return
        if policy == Policy():
            del self._of[project_id]
        else:
            self._of[project_id] = policy
        self._tell()

    async def follow(self) -> None:
        """Keep in step until cancelled: changes by the bus, everything after a gap and once a minute."""
        async with self._bus.subscribe(TOPIC) as subscription, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._reconcile())
            async for event in subscription:
                subscription.missed = False
                await self._heed(event)

    async def _heed(self, event: Event) -> None:
        try:
            if event.kind == MISSED:
                await self.load()
            else:
                await self.apply(UUID(str(event.data["project_id"])))
        except DatabaseUnavailable as error:
            # The bus reports a gap when the database is back, and everything is read again.
            log.warning("policies.behind", error=error.detail)

    async def _reconcile(self) -> None:
        while True:
            try:
                await self.load()
            except DatabaseUnavailable as error:
                log.warning("policies.behind", error=error.detail)
            await asyncio.sleep(RECONCILE)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
