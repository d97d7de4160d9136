"""Bytes in the artifact store that no row names: who put or removed them was killed before he had done the rest.

Safe beside any number of servers that put and remove meanwhile. What is put is named within minutes, so only what was
put a day ago is looked at. What is removed was named until a moment before, so nothing goes but what is still not named
a while after it was looked at first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from firefly.artifacts import ArtifactStore, Held
from firefly.clock import Clock
from firefly.store import Database, load_queries

from .part import Cleared

YOUNGEST = timedelta(days=1)
# Seconds in which whoever no longer names bytes has removed them.
PAUSE = 60.0
_AT_A_TIME = 1000


async def _wait() -> None:
    await asyncio.sleep(PAUSE)


class Strays:
    """`rest` comes between the two looks."""

    name, every = "bytes", timedelta(hours=1)

    def __init__(
        self,
        database: Database,
        store: ArtifactStore,
        clock: Clock,
        *,
        rest: Callable[[], Awaitable[None]] = _wait,
    ) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._rest = rest
        self._queries: Any = load_queries("clearing")

    async def clear(self, *, dry: bool) -> Cleared:
        """Counts artifacts of which something is too much."""
        before = self._clock.now() - YOUNGEST
        found = [held for held, named in await self._named(await self._store.held(before)) if _is_too_much(held, named)]
        if dry or not found:
            return Cleared(len(found), sum(held.size for held in found))
        await self._rest()
        return await self._release(found, before)

    async def _release(self, found: Sequence[Held], before: datetime) -> Cleared:
        count = freed = 0
        for held, named in await self._named(found):
            if _is_too_much(held, named):
                count += 1
                freed += await self._store.release(held.digest, named=named, before=before)
        return Cleared(count, freed)

    async def _named(self, all_held: Sequence[Held]) -> list[tuple[Held, int]]:
        """Each with how often rows name it."""
        named: dict[str, int] = {}
        for at in range(0, len(all_held), _AT_A_TIME):
            named |= await self._count([held.digest for held in all_held[at : at + _AT_A_TIME]])
        return [(held, named.get(held.digest, 0)) for held in all_held]

    async def _count(self, digests: Sequence[str]) -> Mapping[str, int]:
        async with self._database.connection() as connection:
            rows = self._queries.named_bytes(connection, digests=digests)
            return {row["stored"]: row["named"] async for row in rows}


def _is_too_much(held: Held, named: int) -> bool:
    # Bytes of which no put is left any more are too much where nobody names them.
    return held.puts > named or not (held.puts or named)
