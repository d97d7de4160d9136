"""Deliveries: what hooks sent, kept for a month so that it can be looked at and handled once more."""

import asyncio
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from ...clock import Clock
from ...errors import InvalidInput
from ...store import Database, load_queries

KEPT = timedelta(days=30)
# Of one project, and the bytes of their compressed bodies.
MOST_KEPT, MOST_BYTES = 1000, 64 << 20
# A project's that wait, of as many bytes at most; whoever sends more has to come again.
MOST_PENDING = 500
# What is too much goes after so many more of a project's; a large one counts for each so many bytes.
THINNED_AFTER, LARGE = 50, 256 << 10
# Whoever handles one says so again long before.
LEASE = timedelta(seconds=60)


class DeliveryState(StrEnum):
    """`ignored`: nothing that Firefly heeds."""

    RECEIVED = "received"
    HANDLED = "handled"
    IGNORED = "ignored"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookDelivery:
    """`delivery` is the provider's own id of it, `size` that of its body in bytes, which may no longer be kept."""

    id: UUID
    project_id: UUID
    provider: str
    delivery: str
    event: str
    summary: str
    size: int
    is_kept: bool
    state: DeliveryState
    reason: str
    attempts: int
    received_at: datetime
    handled_at: datetime | None


class Deliveries:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._added: Counter[UUID] = Counter()
        self._queries: Any = load_queries("hooks")

    async def add(
        self,
        project_id: UUID,
        provider: str,
        *,
        delivery: str,
        event: str,
        summary: str,
        body: bytes,
        state: DeliveryState,
        reason: str = "",
    ) -> UUID | None:
        """Its id; None where the same delivery came before, and did not fail."""
        packed = await asyncio.to_thread(zlib.compress, body)
        async with self._database.connection() as connection:
            row = await self._queries.add_delivery(
                connection, id=uuid4(), project_id=project_id, provider=provider, delivery=delivery, event=event,
                summary=summary[:300], body=packed, size=len(body), state=state.value, reason=reason[:500],
                now=self._clock.now(),
            )  # fmt: skip
        self._added[project_id] += 1 + len(packed) // LARGE
        if self._added[project_id] >= THINNED_AFTER:
            del self._added[project_id]
            await self._thin(project_id)
        return UUID(str(row["id"])) if row else None

    async def is_full(self, project_id: UUID) -> bool:
        """Whether so much waits that no more is taken."""
        async with self._database.connection() as connection:
            row = await self._queries.pending_deliveries(connection, project_id=project_id)
        return bool(row["count"] >= MOST_PENDING or row["bytes"] >= MOST_BYTES)

    async def list(
        self, project_id: UUID, *, cursor: str | None = None, limit: int = 50
    ) -> tuple[Sequence[HookDelivery], str | None]:
        """The newest first, and the cursor of the page that follows."""
        at, before = _position(cursor)
        async with self._database.connection() as connection:
            rows = self._queries.list_deliveries(
                connection, project_id=project_id, before_at=at, before_id=before, most=limit + 1
            )
            found = [_delivery(row) async for row in rows]
        page = found[:limit]
        more = len(found) > limit
        return page, f"{page[-1].received_at.isoformat()}_{page[-1].id}" if more else None

    async def find(self, delivery_id: UUID) -> HookDelivery | None:
        async with self._database.connection() as connection:
            row = await self._queries.find_delivery(connection, id=delivery_id)
        return _delivery(row) if row else None

    async def body(self, delivery_id: UUID) -> bytes | None:
        async with self._database.connection() as connection:
            packed = await self._queries.delivery_body(connection, id=delivery_id)
        return None if packed is None else await asyncio.to_thread(zlib.decompress, packed)

    async def redeliver(self, project_id: UUID, delivery_id: UUID) -> bool:
        """Let it be handled once more; whether it could be: its body is kept, and it does not wait already."""
        async with self._database.connection() as connection:
            found = await self._queries.redeliver(
                connection, id=delivery_id, project_id=project_id, now=self._clock.now()
            )
        return found is not None

    async def claim(self, busy: Collection[UUID] = ()) -> tuple[HookDelivery, UUID] | None:
        """The next that is to be handled, for a minute nobody else's, and the owner of its project, none of `busy`."""
        now = self._clock.now()
        async with self._database.connection() as connection:
            row = await self._queries.claim_delivery(connection, now=now, until=now + LEASE, busy=list(busy))
        if row is None:
            return None
        values = dict(row)
        owner_id = UUID(str(values.pop("owner_id")))
        return _delivery(values), owner_id

    async def hold(self, delivery: HookDelivery) -> None:
        """It is still being handled."""
        await self.put_off(delivery, LEASE.total_seconds(), "")

    async def settle(self, delivery: HookDelivery, state: DeliveryState, reason: str = "") -> None:
        async with self._database.connection() as connection:
            await self._queries.settle_delivery(
                connection, id=delivery.id, attempts=delivery.attempts, state=state.value, reason=reason[:500],
                now=self._clock.now(),
            )  # fmt: skip

    async def put_off(self, delivery: HookDelivery, seconds: float, reason: str) -> None:
        due_at = self._clock.now() + timedelta(seconds=seconds)
        async with self._database.connection() as connection:
            await self._queries.put_off_delivery(
                connection, id=delivery.id, attempts=delivery.attempts, due_at=due_at, reason=reason[:500]
            )

    async def forget(self) -> None:
        """What is older than a month, and what is too much."""
        async with self._database.connection() as connection:
            await self._queries.forget_deliveries(connection, before=self._clock.now() - KEPT)
        await self._thin(None)

    async def _thin(self, project_id: UUID | None) -> None:
        """None: of every project."""
        async with self._database.connection() as connection:
            await self._queries.thin_deliveries(
                connection, project_id=project_id, most=MOST_KEPT, most_bytes=MOST_BYTES
            )


def _delivery(row: Mapping[str, Any]) -> HookDelivery:
    values = dict(row)
    ids = {name: UUID(str(values[name])) for name in ("id", "project_id")}
    return HookDelivery(**(values | ids | {"state": DeliveryState(values["state"])}))


def _position(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    if cursor is None:
        return None, None
    at, _, before = cursor.rpartition("_")
    try:
        return datetime.fromisoformat(at), UUID(before)
    except ValueError as error:
        raise InvalidInput("That cursor is not one of ours. Begin without one.", field="cursor") from error
