"""How many sites of one owner run at one time: what has run longest makes room for the next; demos do not count."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from firefly.sandbox.keeper import Keeper

from .draining import Draining
from .facts import SiteFacts
from .records import SiteRecords

NONE = UUID(int=0)
LONGEST, AGAIN = "this one had run longest.", "It starts again when somebody asks for it."


@dataclass(frozen=True, slots=True)
class Running:
    """One that runs, or is about to."""

    site_id: UUID
    state: str
    name: str


class SiteQuota:
    """`most` sites of each owner run at one time; 0: any number."""

    def __init__(self, records: SiteRecords, keeper: Keeper, draining: Draining, *, most: int) -> None:
        self._records = records
        self._queries = records.queries
        self._keeper = keeper
        self._draining = draining
        self._most = most

    async def admit(self, facts: SiteFacts) -> None:
        """Make room for it where there is none."""
        if facts.is_demo:
            return
        async with self._records.database.transaction() as connection:
            # Counted by one at a time, and this one counts for the next as soon as the lock is free.
            await self._queries.lock_sites(connection, owner_id=facts.owner_id)
            rows = self._queries.running_sites(connection, owner_id=facts.owner_id, workspace_id=facts.workspace)
            running = [_running(row) async for row in rows]
            await self._queries.admit_site(
                connection, workspace_id=facts.workspace, owner=facts.payer, node=self._keeper.node
            )
        started = f"build {facts.number} of {facts.project} started"
        reason = f"{self._most} sites of {facts.owner} may run at one time, and {started}: {LONGEST} {AGAIN}"
        for one in self._surplus(running, room=1):
            await self._draining.stop(one.site_id, reason)

    async def running(self, owner_id: UUID) -> int:
        """How many of the owner's sites run and count."""
        return len(await self._of_owner(owner_id))

    async def enforce(self, owner_id: UUID, owner: str, *, dry: bool = False) -> Sequence[str]:
        """Stop those beyond the limit, which have run longest; with `dry` only say which."""
        surplus = self._surplus(await self._of_owner(owner_id), room=0)
        for one in surplus if not dry else ():
            await self._draining.stop(one.site_id, f"{self._most} sites of {owner} may run at one time. {AGAIN}")
        return [f"the site of {one.name}" for one in surplus]

    async def _of_owner(self, owner_id: UUID) -> Sequence[Running]:
        async with self._records.database.connection() as connection:
            rows = self._queries.running_sites(connection, owner_id=owner_id, workspace_id=NONE)
            return [_running(row) async for row in rows]

    def _surplus(self, running: Sequence[Running], *, room: int) -> Sequence[Running]:
        """The oldest of those that still run, so that there is room for so many more."""
        surplus = len(running) + room - self._most
        return running[:surplus] if self._most and surplus > 0 else ()


def _running(row: Any) -> Running:
    return Running(UUID(str(row["id"])), row["state"], f"build {row['number']} of {row['project']}")
