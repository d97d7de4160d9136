"""Grants as they are recorded: who came in by what, when and from where; and when they were last seen."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from ..auth import Grant, Kind, PreviewGrants
from ..errors import LimitReached
from .model import Visitor
from .records import Records

MOST_VISITORS = 5000
MOST_NOTED = 20_000


class Visits:
    def __init__(self, *, records: Records, grants: PreviewGrants) -> None:
        self._records = records
        self._queries = records.queries
        self._grants = grants
        self._seen: dict[UUID, datetime] = {}

    async def enter(self, grant: Grant, visitor: Visitor, *, who: str | None = None) -> Grant:
        """Write a new grant down, before anything may be seen with it; a session's visits of one project are one grant.

        Raises LimitReached where too many visitors have one.
        """
        async with self._records.database.transaction() as connection:
            found = await self._queries.record_grant(
                connection,
                id=grant.id,
                project_id=grant.project_id,
                kind=grant.kind.value,
                source_id=grant.source_id,
                account_id=grant.account_id,
                session_id=grant.session_id,
                who=who or None,
                address=visitor.address,
                user_agent=visitor.agent,
                now=self._records.clock.now(),
                issued_at=_moment(grant.issued_at),
                expires_at=_moment(grant.ends_at),
                most=MOST_VISITORS,
            )
            if found is None:
                raise LimitReached("Too many visitors are in this preview. Try again later.")
            if grant.kind is not Kind.MEMBER:
                data = {"kind": grant.kind.value, "who": found["who"]}
                await self._records.tell_managers(connection, grant.project_id, "access.entered", data)
        return replace(grant, id=UUID(str(found["id"])))

    async def reopen(self, value: bytes, project_id: UUID, policy_version: int, visitor: Visitor) -> Grant | None:
        """The grant of a cookie that has expired, with a fresh hour, if it still stands.

        Members and people have none to reopen: the app knows better whether they may.
        """
        grant = self._grants.recall(value, project_id, policy_version)
        if grant is None or grant.account_id is not None:
            return None
        now = self._records.clock.now()
        if grant.expires_at > now.timestamp():
            # It is not for want of a fresh cookie that the gate did not let it through.
            return None
        async with self._records.database.connection() as connection:
            found = await self._queries.reopen_grant(connection, id=grant.id, now=now, address=visitor.address)
        return self._grants.renew(grant) if found is not None else None

    def note(self, grant: Grant) -> None:
        """It was used just now. Costs nothing but memory, and little of that."""
        self.note_ids((grant.id,))

    def note_ids(self, ids: Iterable[UUID]) -> None:
        """As `note`, for grants that another process saw."""
        now = self._records.clock.now()
        for id in ids:
            if len(self._seen) < MOST_NOTED:
                self._seen[id] = now

    async def flush(self) -> None:
        """Write down what was noted."""
        seen, self._seen = self._seen, {}
        if seen:
            async with self._records.database.connection() as connection:
                await self._queries.note_seen(connection, ids=list(seen), moments=list(seen.values()))

    async def sweep(self) -> None:
        """Forget what is over."""
        async with self._records.database.connection() as connection:
            await self._queries.sweep(connection, now=self._records.clock.now())


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
