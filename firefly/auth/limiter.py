"""Limits on guessing, in PostgreSQL so that neither a restart nor a second replica resets them."""

import hashlib
from dataclasses import dataclass

from ..clock import Clock
from ..errors import RateLimited
from ..store import Connection, Database, load_queries


@dataclass(frozen=True)
class Limit:
    """`count` attempts at once, refilled evenly over `per` seconds."""

    count: int
    per: float


class RateLimiter:
    """Leaky buckets by key. Keys are stored hashed, and rows of empty buckets are swept: the table stays small."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._queries = load_queries("auth")

    async def hit(self, key: str, limit: Limit) -> None:
        """Count one attempt. Raises RateLimited, with the seconds until the next one, when there were too many."""
        async with self._db.connection() as connection:
            await self._hit(connection, key, limit)

    async def hit_all(self, limits: dict[str, Limit]) -> None:
        """Count one attempt on every key, or on none when one of them is full."""
        async with self._db.transaction() as connection:
            # In one order, so that two attempts never wait for each other's row.
            for key in sorted(limits):
                await self._hit(connection, key, limits[key])

    async def reset(self, key: str) -> None:
        """Forget the attempts on `key`, after one that was right."""
        async with self._db.connection() as connection:
            await self._queries.forget_hits(connection, key=_digest(key))

    async def _hit(self, connection: Connection, key: str, limit: Limit) -> None:
        seconds_each = limit.per / limit.count
        parameters = {"key": _digest(key), "now": self._clock.now(), "seconds_each": seconds_each}
        if await self._queries.hit(connection, **parameters, count=float(limit.count)) is None:
            level = await self._queries.level(connection, **parameters)
            wait = max(1.0, ((level or limit.count) + 1 - limit.count) * seconds_each)
            raise RateLimited(f"Too many attempts. Try again in {wait:.0f} seconds.", retry_after=round(wait, 1))


def _digest(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=16, person=b"firefly-limit").digest()
