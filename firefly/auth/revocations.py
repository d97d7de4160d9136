"""What counts no more although its signature is good: the table, and its mirror that is asked without waiting."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from ..bus import MISSED, Bus, Event, Subscription
from ..clock import Clock
from ..errors import DatabaseUnavailable
from ..store import Connection, Database, load_queries
from ..store.failures import RAISED
from .refusals import Refusals, Revocation

log = structlog.get_logger()

TOPIC, KIND = "grants", "revoked"
# Longer than anything lives that cannot be revoked by deleting its row.
MEMORY = timedelta(days=2)
RETRY = 1.0


class Revocations(Refusals):
    """Known to every replica by the bus within moments; to this process at once."""

    def __init__(self, db: Database, bus: Bus, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._bus = bus
        self._clock = clock
        self._queries = load_queries("auth")
        self._known: set[Revocation] = set()
        self._follower: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Read the table, then follow it."""
        subscription = await self._bus.subscribe(TOPIC).__aenter__()
        try:
            await self.reload()
        except BaseException:
            await subscription.__aexit__(None, None, None)
            raise
        self._follower = asyncio.create_task(self._follow(subscription), name="revocations")

    async def close(self) -> None:
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.wait([self._follower])
            self._follower = None

    async def record(self, reason: str, *, connection: Connection | None = None, **ids: UUID | None) -> None:
        """Refuse what was issued until now and matches all given of account_id, session_id, project_id and token_id,
        or the grants that `grant_id` names.

        With `connection`, in its transaction; this process refuses at once, even should that be rolled back.
        """
        revocation = Revocation(at=self._clock.now().timestamp(), **ids)
        if connection is not None:
            await self._write(connection, revocation, reason)
        else:
            async with self._db.transaction() as own:
                await self._write(own, revocation, reason)
        self.enter(revocation)

    async def reload(self) -> None:
        """Read all revocations that may still matter; forget those that do not."""
        since = self._clock.now() - MEMORY
        async with self._db.connection() as connection:
            rows = [row async for row in self._queries.revocations(connection, since=since)]
        self.latest = {key: at for key, at in self.latest.items() if at > since.timestamp()}
        self.of_grants = {id: at for id, at in self.of_grants.items() if at > since.timestamp()}
        self._known = {known for known in self._known if known.at > since.timestamp()}
        # Only what was missed: what was opened since an older one must not end by it.
        for revocation in map(_revocation, rows):
            if revocation not in self._known:
                self.enter(revocation)

    async def _write(self, connection: Connection, revocation: Revocation, reason: str) -> None:
        fields = asdict(revocation)
        at = datetime.fromtimestamp(fields.pop("at"), tz=self._clock.now().tzinfo)
        await self._queries.insert_revocation(connection, **fields, reason=reason, at=at)
        data = {name: str(value) for name, value in fields.items() if value is not None}
        await self._bus.publish(TOPIC, KIND, {**data, "at": revocation.at}, connection=connection)

    def enter(self, revocation: Revocation) -> None:
        self._known.add(revocation)
        super().enter(revocation)

    async def _follow(self, subscription: Subscription) -> None:
        async with subscription:
            async for event in subscription:
                try:
                    await self._receive(event)
                # Whatever it is: a replica that follows no more would honour all that is revoked.
                except Exception as error:
                    log.error("revocations.unread", kind=event.kind, reason=repr(error))

    async def _receive(self, event: Event) -> None:
        if event.kind == KIND:
            data: Mapping[str, Any] = event.data
            ids = {name: UUID(value) for name, value in data.items() if name != "at"}
            self.enter(Revocation(at=data["at"], **ids))
        while event.kind == MISSED:
            try:
                return await self.reload()
            except (DatabaseUnavailable, *RAISED) as error:
                log.warning("revocations.waiting", reason=repr(error))
                await asyncio.sleep(RETRY)


def _revocation(row: Mapping[str, Any]) -> Revocation:
    return Revocation(
        at=row["at"].timestamp(),
        account_id=row["account_id"],
        session_id=row["session_id"],
        project_id=row["project_id"],
        token_id=row["token_id"],
        grant_id=row["grant_id"],
    )
