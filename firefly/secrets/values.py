"""Values that projects keep by name: sealed in PostgreSQL, opened only to be given to a sandbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog

from ..clock import Clock
from ..errors import Conflict
from ..store import Connection, Database, load_queries
from .keyring import Keyring

PURPOSE = "project-secret"
log = structlog.get_logger()


class State(StrEnum):
    SET = "set"
    MISSING = "missing"
    """Only the name is there: it came with a remix, and waits for a value."""
    UNREADABLE = "unreadable"
    """Sealed with a key that this installation no longer has."""


@dataclass(frozen=True, slots=True)
class Secret:
    """`by` is the account's name that set it last, None where that is gone or nobody has. `size` is in bytes."""

    name: str
    state: State
    size: int
    by: str | None
    changed_at: datetime


class SecretValues:
    """A sealed value names its project and itself: in another row it does not open."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._queries: Any = load_queries("secrets")

    async def list(self, project_id: UUID, connection: Connection | None = None) -> Sequence[Secret]:
        """By name."""
        if connection is None:
            async with self._database.connection() as own:
                return await self.list(project_id, own)
        rows = [row async for row in self._queries.of_project(connection, project_id=project_id)]
        return [self._described(project_id, row) for row in rows]

    def _described(self, project_id: UUID, row: Mapping[str, Any]) -> Secret:
        value, state = None, State.MISSING
        if row["sealed"] is not None:
            value = self._open(project_id, row["name"], row["sealed"])
            state = State.UNREADABLE if value is None else State.SET
        return Secret(row["name"], state, len((value or "").encode()), row["by"], row["changed_at"])

    async def environment(self, project_id: UUID) -> Mapping[str, str]:
        """Every value that is there, by name."""
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.of_project(connection, project_id=project_id)]
        opened = {row["name"]: self._open(project_id, row["name"], row["sealed"]) for row in rows if row["sealed"]}
        return {name: value for name, value in opened.items() if value is not None}

    async def put(self, project_id: UUID, name: str, value: str, *, by_id: UUID | None, connection: Connection) -> None:
        sealed = self._keyring.seal(PURPOSE, _place(project_id, name) + value.encode())
        await self._queries.put(
            connection, project_id=project_id, name=name, sealed=sealed, by_id=by_id, now=self._clock.now()
        )

    async def remove(self, project_id: UUID, name: str, connection: Connection) -> bool:
        """Whether it was there."""
        return await self._queries.delete(connection, project_id=project_id, name=name) is not None

    async def copy_names(self, source: UUID, target: UUID, connection: Connection) -> None:
        """Let a remix know which values it needs, and none of them."""
        await self._queries.copy_names(connection, source=source, target=target, now=self._clock.now())

    def _open(self, project_id: UUID, name: str, sealed: bytes) -> str | None:
        place = _place(project_id, name)
        try:
            opened = self._keyring.open(PURPOSE, sealed)
        except Conflict as error:
            log.warning("secret.unreadable", project_id=str(project_id), name=name, reason=error.detail)
            return None
        return opened.removeprefix(place).decode() if opened.startswith(place) else None


def _place(project_id: UUID, name: str) -> bytes:
    return f"{project_id}/{name}\0".encode()
