"""What counts no more although its signature is good: the table, and its mirror that is asked without waiting."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from ..bus import MISSED, Bus, Event, Subscription
from ..clock import Clock
from ..errors import DatabaseUnavailable
from ..store import Connection, Database, load_queries
from .model import Identity

log = structlog.get_logger()

TOPIC, KIND = "grants", "revoked"
# Longer than anything lives that cannot be revoked by deleting its row.
MEMORY = timedelta(days=2)
RETRY = 1.0


@dataclass(frozen=True)
class Holder:
    """In whose name something is open (a stream, a tunnel), by which credential, into which project."""

    account_id: UUID
    session_id: UUID | None = None
    token_id: UUID | None = None
    project_id: UUID | None = None

    @classmethod
    def of(cls, identity: Identity, project_id: UUID | None = None) -> "Holder":
        return cls(identity.account.id, identity.session_id, identity.token_id, project_id)


@dataclass(frozen=True)
class Revocation:
    """Refuses whatever was issued until `at` and matches every id that is set.

    `grant_id` stands alone and refuses preview grants, nothing else: it is a grant's own id, or that of what grants
    rest on, a link, a code, a password, a person or a whole project.
    """

    at: float
    account_id: UUID | None = None
    session_id: UUID | None = None
    project_id: UUID | None = None
    token_id: UUID | None = None
    grant_id: UUID | None = None

    def ends(self, holder: Holder) -> bool:
        """Whether what `holder` has open must end."""
        if self.grant_id is not None:
            return False
        wanted = ("account_id", "session_id", "token_id", "project_id")
        return all(getattr(self, name) in (None, getattr(holder, name)) for name in wanted)


Key = tuple[UUID | None, UUID | None, UUID | None]
NOBODY: Key = (None, None, None)


class Revocations:
    """Known to every replica by the bus within moments; to this process at once."""

    def __init__(self, db: Database, bus: Bus, clock: Clock) -> None:
        self._db = db
        self._bus = bus
        self._clock = clock
        self._queries = load_queries("auth")
        self._latest: dict[Key, float] = {}
        self._of_grants: dict[UUID, float] = {}
        self._known: set[Revocation] = set()
        self._listeners: list[Callable[[Revocation], None]] = []
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

    def on_record(self, listener: Callable[[Revocation], None]) -> None:
        self._listeners.append(listener)

    def refuses(
        self,
        *,
        issued_at: float,
        account_id: UUID | None,
        session_id: UUID | None = None,
        project_id: UUID | None = None,
        grant_ids: Iterable[UUID] = (),
    ) -> bool:
        """Whether something issued at that moment (POSIX seconds) for these counts no more."""
        latest = self._latest
        if any(issued_at <= self._of_grants.get(id, 0.0) for id in grant_ids):
            return True
        if not latest:
            return False
        keys: tuple[Key, ...] = (
            (account_id, None, None),
            (None, session_id, None),
            (None, None, project_id),
            (account_id, None, project_id),
        )
        return any(issued_at <= latest.get(key, 0.0) for key in keys if key != NOBODY)

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
        self._apply(revocation)

    async def reload(self) -> None:
        """Read all revocations that may still matter; forget those that do not."""
        since = self._clock.now() - MEMORY
        async with self._db.connection() as connection:
            rows = [row async for row in self._queries.revocations(connection, since=since)]
        self._latest = {key: at for key, at in self._latest.items() if at > since.timestamp()}
        self._of_grants = {id: at for id, at in self._of_grants.items() if at > since.timestamp()}
        self._known = {known for known in self._known if known.at > since.timestamp()}
        # Only what was missed: what was opened since an older one must not end by it.
        for revocation in map(_revocation, rows):
            if revocation not in self._known:
                self._apply(revocation)

    async def _write(self, connection: Connection, revocation: Revocation, reason: str) -> None:
        fields = asdict(revocation)
        at = datetime.fromtimestamp(fields.pop("at"), tz=self._clock.now().tzinfo)
        await self._queries.insert_revocation(connection, **fields, reason=reason, at=at)
        data = {name: str(value) for name, value in fields.items() if value is not None}
        await self._bus.publish(TOPIC, KIND, {**data, "at": revocation.at}, connection=connection)

    def _apply(self, revocation: Revocation) -> None:
        self._known.add(revocation)
        key = (revocation.account_id, revocation.session_id, revocation.project_id)
        if revocation.grant_id is not None:
            self._of_grants[revocation.grant_id] = max(revocation.at, self._of_grants.get(revocation.grant_id, 0.0))
        elif key != NOBODY and revocation.token_id is None:
            self._latest[key] = max(revocation.at, self._latest.get(key, 0.0))
        for listener in self._listeners:
            listener(revocation)

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
            self._apply(Revocation(at=data["at"], **ids))
        while event.kind == MISSED:
            try:
                return await self.reload()
            except (DatabaseUnavailable, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
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
