"""Sites whose place another one took: they end when what their visitors had begun has had its time."""

import asyncio
from uuid import UUID

import structlog

from firefly.errors import DatabaseUnavailable, FireflyError
from firefly.sandbox.keeper import Keeper

from .records import SiteRecords

log = structlog.get_logger()

REASON = "Another build took its place. It starts again when somebody opens its own address."


class Draining:
    """What was begun by a server that ended goes on with the next."""

    def __init__(self, records: SiteRecords, keeper: Keeper, *, longest: float) -> None:
        """`longest`: seconds that what visitors had begun may take."""
        self._records = records
        self._queries = records.queries
        self._keeper = keeper
        self._longest = longest
        self._wanted = asyncio.Event()
        self._wanted.set()

    def begin(self) -> None:
        """Something has been written down to be drained."""
        self._wanted.set()

    async def run(self) -> None:
        """For as long as the server runs."""
        while True:
            await self._wanted.wait()
            try:
                left = await self.look()
            except DatabaseUnavailable as error:
                log.warning("sites.not_drained", reason=error.detail)
                left = True
            except Exception:
                log.exception("sites.not_drained")
                left = True
            if not left:
                self._wanted.clear()
            await asyncio.sleep(min(1.0, self._longest / 4))

    async def look(self) -> bool:
        """Stop those that are due; whether there are others."""
        now, left = self._records.clock.now(), False
        async with self._records.database.connection() as connection:
            rows = [row async for row in self._queries.draining(connection)]
        for row in rows:
            workspace_id = UUID(str(row["workspace_id"]))
            waited = (now - row["drains_since"]).total_seconds()
            if self._keeper.alive(workspace_id) and waited < self._longest:
                left = True
                continue
            await self._stop(workspace_id)
            async with self._records.database.connection() as connection:
                await self._queries.drained(connection, id=row["id"])
        return left

    async def _stop(self, workspace_id: UUID) -> None:
        try:
            await self._keeper.stop(workspace_id, REASON)
        except FireflyError as error:
            log.warning("site.not_stopped", workspace_id=str(workspace_id), reason=error.detail)
