"""Logs of builds that ended long ago: a line in their place says that they were kept for so long."""

from datetime import timedelta
from typing import Any

from firefly.clock import Clock
from firefly.store import Database, load_queries

from ..log.pieces import Block, pack
from .part import Cleared, trying

_AT_A_TIME = 200


class OldLogs:
    """Steps, and why a build failed, stay. `days` for which a log is kept; 0: for as long as its project is there."""

    name, every = "logs", timedelta(hours=1)

    def __init__(self, database: Database, clock: Clock, *, days: int) -> None:
        self._database = database
        self._clock = clock
        self._days = days
        self._queries: Any = load_queries("clearing")

    async def clear(self, *, dry: bool) -> Cleared:
        """Not those of builds that a site shows."""
        if not self._days:
            return Cleared()
        if dry:
            return (await self._clear_some(dry=True, most=None))[1]
        count = freed = 0
        while True:
            looked_at, some = await self._clear_some(dry=False, most=_AT_A_TIME)
            count, freed = count + some.count, freed + some.bytes
            if looked_at < _AT_A_TIME:
                return Cleared(count, freed)

    async def _clear_some(self, *, dry: bool, most: int | None) -> tuple[int, Cleared]:
        now = self._clock.now()
        async with trying(self._database, dry=dry) as connection:
            row = await self._queries.drop_old_logs(
                connection, before=now - timedelta(days=self._days), now=now, most=most
            )
            text = f"What was printed here was kept for {self._days} days.".encode()
            await self._queries.put_last_words(
                connection, ids=row["builds"], size=len(text), data=pack([Block.of(0, 1, "firefly", text)])
            )
        return row["looked_at"], Cleared(len(row["builds"]), row["bytes"])
