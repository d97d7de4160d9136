"""Outgoing hooks in PostgreSQL, with address and key sealed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from ...bus import Bus
from ...clock import Clock
from ...secrets import Keyring
from ...store import Connection, Database, load_queries
from ..queueing.records import TOPIC

# Wakes whoever sends.
WAKE = "hook.called"


@dataclass(frozen=True, slots=True)
class Way:
    """Where to, and the key that signs."""

    url: str
    secret: str


class HookRecords:
    def __init__(self, database: Database, bus: Bus, clock: Clock, keyring: Keyring) -> None:
        self.database = database
        self.bus = bus
        self.clock = clock
        self.queries: Any = load_queries("outgoing_hooks")
        self._keyring = keyring

    def seal(self, hook_id: UUID, way: Way) -> bytes:
        """In another row it does not open."""
        return self._keyring.seal(_purpose(hook_id), json.dumps([way.url, way.secret]).encode())

    def open(self, hook_id: UUID, sealed: bytes) -> Way:
        """Raises Conflict where the key is gone."""
        return Way(*json.loads(self._keyring.open(_purpose(hook_id), sealed)))

    async def deliver(
        self, hook_id: UUID, build_id: UUID | None, event: str, body: Mapping[str, Any], connection: Connection
    ) -> UUID:
        """Write down what is to be sent."""
        return await self.deliver_text(hook_id, build_id, event, json.dumps(body, ensure_ascii=False), connection)

    async def deliver_text(
        self, hook_id: UUID, build_id: UUID | None, event: str, body: str, connection: Connection
    ) -> UUID:
        delivery_id, now = uuid4(), self.clock.now()
        await self.queries.insert_delivery(
            connection, id=delivery_id, hook_id=hook_id, build_id=build_id, event=event, body=body, now=now
        )
        await self.bus.publish(TOPIC, WAKE, {}, connection=connection)
        return delivery_id

    async def end(
        self, delivery_id: UUID, *, delivered: bool, status: int | None, reason: str, answer: str, now: datetime,
        connection: Connection,
    ) -> None:  # fmt: skip
        state = "delivered" if delivered else "failed"
        await self.queries.end_delivery(
            connection, id=delivery_id, state=state, status=status, reason=reason, answer=answer, now=now
        )


def _purpose(hook_id: UUID) -> str:
    return f"outgoing-hook/{hook_id}"
