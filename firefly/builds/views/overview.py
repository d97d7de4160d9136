"""What is being built just now: for a member in their projects, for administrators everywhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ...auth import Identity
from ...store import load_queries
from ..model import Build
from ..queueing.records import Records, to_build

MOST_BUILDS, MOST_OWNERS = 100, 50


@dataclass(frozen=True, slots=True)
class Present:
    """`builders`: how many builds each replica has in hand. `minutes`: what owners used this month, the most first."""

    running: int
    queued: int
    waiting: int
    builds: Sequence[Build]
    builders: Mapping[str, int]
    minutes: Mapping[str, float]


class Overview:
    def __init__(self, records: Records) -> None:
        self._records = records
        self._queries = load_queries("build_overview")

    async def mine(self, identity: Identity) -> Sequence[Build]:
        """Those that run or are queued in projects of which the caller is a member."""
        return await self._on_their_way(identity.account.id)

    async def everything(self) -> Present:
        """For administrators."""
        builds = await self._on_their_way(None)
        month = self._records.clock.now().date().replace(day=1)
        async with self._records.database.connection() as connection:
            counts = await self._queries.counts(connection)
            builders = [row async for row in self._queries.builders(connection)]
            used = [row async for row in self._queries.minutes(connection, month=month, most=MOST_OWNERS)]
        return Present(
            counts["running"], counts["queued"], counts["waiting"], builds,
            {row["holder"]: row["builds"] for row in builders}, {row["owner"]: row["minutes"] for row in used},
        )  # fmt: skip

    async def _on_their_way(self, member: UUID | None) -> Sequence[Build]:
        async with self._records.database.connection() as connection:
            rows = self._queries.on_their_way(connection, member=member, most=MOST_BUILDS)
            return [to_build(row) async for row in rows]
