"""How many sites of one owner run at one time: what has run longest makes room for the next; demos do not count."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from firefly.errors import FireflyError
from firefly.sandbox.keeper import Keeper

from .facts import SiteFacts
from .records import SiteRecords

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Running:
    """One that runs, or is about to."""

    workspace_id: UUID
    state: str
    name: str


class SiteQuota:
    """`most` sites of each owner run at one time; 0: any number."""

    def __init__(self, records: SiteRecords, keeper: Keeper, *, most: int) -> None:
        self._records = records
        self._queries = records.queries
        self._keeper = keeper
        self._most = most

    async def admit(self, facts: SiteFacts) -> None:
        """Make room for it where there is none."""
        if facts.is_demo:
            return
        async with self._records.database.transaction() as connection:
            # Counted by one at a time, and this one counts for the next as soon as the lock is free.
            await self._queries.lock_sites(connection, owner_id=facts.owner_id)
            rows = self._queries.running_sites(connection, owner_id=facts.owner_id, workspace_id=facts.workspace_id)
            running = [_running(row) async for row in rows]
            await self._queries.admit_site(
                connection, workspace_id=facts.workspace_id, owner=facts.payer, node=self._keeper.node
            )
        for one in self._surplus(running):
            await self._stop(one, facts)

    def _surplus(self, running: Sequence[Running]) -> Sequence[Running]:
        """The oldest of those that still run, one more than there is room for."""
        surplus = len(running) + 1 - self._most
        return running[:surplus] if self._most and surplus > 0 else ()

    async def _stop(self, one: Running, by: SiteFacts) -> None:
        reason = (
            f"{self._most} sites of {by.owner} may run at one time, and build {by.number} of {by.project} started: "
            "this one had run longest. It starts again when somebody asks for it."
        )
        try:
            await self._keeper.stop(one.workspace_id, reason)
        except FireflyError as error:
            log.warning("site.not_stopped", workspace_id=str(one.workspace_id), reason=error.detail)


def _running(row: Any) -> Running:
    return Running(UUID(str(row["workspace_id"])), row["state"], f"build {row['number']} of {row['project']}")
