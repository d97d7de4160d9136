"""Small networks for sandboxes, out of the operator's range: who has which, so that none is given twice."""

from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any, Protocol

from firefly.clock import Clock
from firefly.errors import LimitReached
from firefly.store import Database, load_queries

# Room for the network itself, its end, the engine's bridge and a sandbox, with some to spare.
PREFIX = 29
BLOCKED = timedelta(days=1)


class Subnets(Protocol):
    """Gives out networks by the id of the run that has each. One engine, any number of servers."""

    async def take(self, instance_id: str) -> IPv4Network:
        """One that nobody has. Raises LimitReached where all are taken."""

    async def block(self, instance_id: str) -> None:
        """What a run took is in use outside of Firefly: give it to nobody for a day."""

    async def release(self, instance_id: str) -> None:
        """Take back what a run has, if it has any."""

    async def taken(self) -> frozenset[str]:
        """The runs that have one."""


class Range:
    """The operator's range in blocks, each with its number."""

    def __init__(self, text: str) -> None:
        self._whole = IPv4Network(text)
        self.size = 1 << (PREFIX - self._whole.prefixlen)

    def block(self, number: int) -> IPv4Network:
        return IPv4Network((int(self._whole.network_address) + (number << (32 - PREFIX)), PREFIX))

    def used_up(self) -> LimitReached:
        return LimitReached(f"All {self.size} networks of {self._whole} are taken. Widen FIREFLY_DOCKER_SUBNETS.")


class DatabaseSubnets(Subnets):
    """In PostgreSQL. `engine` is a name that servers which share an engine share."""

    def __init__(self, database: Database, engine: str, text: str, clock: Clock) -> None:
        self._database = database
        self._engine = engine
        self._range = Range(text)
        self._clock = clock
        self._queries: Any = load_queries("docker")

    async def take(self, instance_id: str) -> IPv4Network:
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await self._queries.lock_blocks(connection, engine=self._engine)
            await self._queries.forget_blocked(connection, engine=self._engine, before=now - BLOCKED)
            row = await self._queries.take_block(
                connection, engine=self._engine, size=self._range.size, instance_id=instance_id, taken_at=now
            )
        if row is None:
            raise self._range.used_up()
        return self._range.block(row["block"])

    async def block(self, instance_id: str) -> None:
        async with self._database.connection() as connection:
            await self._queries.block_subnet(connection, engine=self._engine, instance_id=instance_id)

    async def release(self, instance_id: str) -> None:
        async with self._database.connection() as connection:
            await self._queries.release_block(connection, engine=self._engine, instance_id=instance_id)

    async def taken(self) -> frozenset[str]:
        async with self._database.connection() as connection:
            rows = [row async for row in self._queries.taken_blocks(connection, engine=self._engine)]
        return frozenset(str(row["instance_id"]) for row in rows)
