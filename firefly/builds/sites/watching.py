"""Whether applications of sites still run: one that crashes is started by its bridge again, and its site says so."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog

from firefly.errors import DatabaseUnavailable, FireflyError
from firefly.protocol.application import State

from ..model import SiteState
from ..queueing.records import plain
from .records import SiteRecords
from .seams import SiteBridges

EVERY, LIMIT = 15.0, 5.0
AT_A_TIME = 16
CRASHED, SHOWN = "Its application crashed. ", "It is shown."
_AGAIN = re.compile(r" Trying again in \d+ s\.$")
log = structlog.get_logger()


class Watching:
    """Of the sites whose sandboxes run on `node`; to be looked at is no use of one, and wakes none."""

    def __init__(self, records: SiteRecords, bridges: SiteBridges, *, node: str) -> None:
        self._records = records
        self._queries = records.queries
        self._bridges = bridges
        self._node = node

    async def run(self) -> None:
        """For as long as the server runs."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.look()
            except DatabaseUnavailable as error:
                log.warning("sites.not_watched", reason=error.detail)
            # Whatever it is: nobody who is served would be better off without us.
            except Exception:
                log.exception("sites.not_watched")

    async def look(self) -> None:
        async with self._records.database.connection() as connection:
            rows = [row async for row in self._queries.awake_sites(connection, node=self._node)]
        for start in range(0, len(rows), AT_A_TIME):
            async with asyncio.TaskGroup() as tasks:
                for row in rows[start : start + AT_A_TIME]:
                    tasks.create_task(self._look_at(row))

    async def _look_at(self, row: Mapping[str, Any]) -> None:
        try:
            async with asyncio.timeout(LIMIT):
                status = await self._bridges.application(plain(row["workspace_id"]), wait=0)
        # What answers runs beside the project's code; one that fell asleep meanwhile is not ill.
        except (FireflyError, TimeoutError, aiohttp.ClientError):
            return
        if status.state is State.CRASHED:
            await self._note(row, f"{CRASHED}{without_retry(status.reason)}")
        elif status.state is State.RUNNING and row["reason"].startswith(CRASHED):
            await self._note(row, SHOWN)

    async def _note(self, row: Mapping[str, Any], reason: str) -> None:
        if reason != row["reason"]:
            await self._records.note(plain(row["id"]), SiteState.LIVE, reason)


def without_retry(reason: str) -> str:
    """Why an application ended, without when it is started again: that is another moment each time."""
    return _AGAIN.sub("", reason)
