"""Who keeps a sandbox awake, until when and why: the table `keep_awakes`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from firefly.clock import Clock
from firefly.errors import InvalidInput, LimitReached, NotFound
from firefly.store import Database, load_queries

from .terms import duration

MOST = 10


@dataclass(frozen=True, slots=True)
class KeepAwake:
    """`by` is an account's name. Until then it counts as used; no sandbox runs longer than the greatest age."""

    id: UUID
    by: str
    reason: str
    created_at: datetime
    until: datetime


class KeepAwakes:
    """`longest`: seconds that one may last."""

    def __init__(self, database: Database, clock: Clock, *, longest: float) -> None:
        self._database = database
        self._clock = clock
        self._longest = longest
        self._queries: Any = load_queries("keeping")

    async def add(self, workspace_id: UUID, account_id: UUID, *, seconds: float, reason: str) -> None:
        """Raises InvalidInput where that is too long, LimitReached where there are too many, NotFound."""
        if not 0 < seconds <= self._longest:
            raise InvalidInput(
                f"`for`: a sandbox is kept awake for {duration(self._longest)} at a time here, at most "
                "(FIREFLY_KEEP_AWAKE_MAX).",
                field="for",
            )
        if len(await self.of(workspace_id)) >= MOST:
            raise LimitReached(f"{MOST} keep it awake already. End one of them first.", limit=MOST)
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await self._queries.end_keep_awakes(connection, workspace_id=workspace_id, now=now)
            await self._queries.add_keep_awake(
                connection, id=uuid4(), workspace_id=workspace_id, account_id=account_id, reason=reason,
                created_at=now, until=now + timedelta(seconds=seconds),
            )  # fmt: skip

    async def remove(self, workspace_id: UUID, keep_awake_id: UUID) -> None:
        """Raises NotFound."""
        async with self._database.connection() as connection:
            found = await self._queries.remove_keep_awake(connection, id=keep_awake_id, workspace_id=workspace_id)
        if found is None:
            raise NotFound("Nothing with this id keeps it awake.")

    async def of(self, workspace_id: UUID) -> tuple[KeepAwake, ...]:
        """Those that last, the one that ends last first."""
        async with self._database.connection() as connection:
            rows = self._queries.keep_awakes_of(connection, workspace_id=workspace_id, now=self._clock.now())
            return tuple([_made(row) async for row in rows])

    async def all(self) -> Mapping[UUID, Sequence[KeepAwake]]:
        found: dict[UUID, list[KeepAwake]] = {}
        async with self._database.connection() as connection:
            async for row in self._queries.all_keep_awakes(connection, now=self._clock.now()):
                found.setdefault(UUID(str(row["workspace_id"])), []).append(_made(row))
        return found


def _made(row: Mapping[str, Any]) -> KeepAwake:
    return KeepAwake(UUID(str(row["id"])), row["by"], row["reason"], row["created_at"], row["until"])
