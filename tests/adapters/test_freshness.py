"""A replica that is cut off from the database knows it, and knows again only when it has caught up."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from firefly.adapters.freshness import Freshness
from firefly.bus import Bus, PostgresBus
from firefly.errors import DatabaseUnavailable
from firefly.settings import Settings
from firefly.store import Database, EmbeddedPostgres
from firefly.testing.bus import MemoryBus
from tests.store.test_database import processes_of
from tests.support.waiting import eventually

LIMIT = 0.6


class Replica:
    """What is told, in order, among what is caught up with."""

    def __init__(self, bus: Bus, *, limit: float = LIMIT) -> None:
        self.told: list[object] = []
        self.failure: Exception | None = None
        catch_up: list[Callable[[], Awaitable[None]]] = [self.revocations, self.routes]
        self.freshness = Freshness(bus, catch_up=catch_up, tell=self.told.append, limit=limit)

    async def revocations(self) -> None:
        self.told.append("revocations")

    async def routes(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.told.append("routes")


@asynccontextmanager
async def watching(replica: Replica) -> AsyncIterator[None]:
    task = asyncio.create_task(replica.freshness.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_silence_makes_it_stale_and_nothing_else_does(memory_bus: MemoryBus) -> None:
    replica = Replica(memory_bus)
    async with watching(replica):
        memory_bus.silent_since = time.monotonic()
        await eventually(lambda: replica.told == [True])
        assert replica.freshness.stale
        memory_bus.silent_since = None
        await eventually(lambda: replica.told == [True, False])


async def test_after_a_gap_everything_is_caught_up_with_first(memory_bus: MemoryBus) -> None:
    replica = Replica(memory_bus)
    replica.failure = DatabaseUnavailable("Not yet.")
    async with watching(replica):
        memory_bus.sessions += 1
        await eventually(lambda: True in replica.told)
        assert "routes" not in replica.told
        replica.failure = None
        await eventually(lambda: not replica.freshness.stale)
    assert replica.told[-3:] == ["revocations", "routes", False]


async def test_a_short_gap_is_caught_up_with_unseen(memory_bus: MemoryBus) -> None:
    replica = Replica(memory_bus, limit=60)
    async with watching(replica):
        memory_bus.sessions += 1
        await eventually(lambda: replica.told == ["revocations", "routes"])
    assert not replica.freshness.stale


async def test_a_mistake_while_catching_up_keeps_it_stale(memory_bus: MemoryBus) -> None:
    replica = Replica(memory_bus)
    replica.failure = ZeroDivisionError()
    async with watching(replica):
        memory_bus.sessions += 1
        assert await eventually(lambda: replica.freshness.stale)


async def test_a_database_that_hangs_is_told_from_one_that_has_nothing_to_say(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connections stay open and are silent, as when a machine or a network between vanishes."""
    monkeypatch.setattr("firefly.bus.postgres.PING_INTERVAL", 0.1)
    monkeypatch.setattr("firefly.bus.postgres.PING_LIMIT", 0.5)
    embedded = EmbeddedPostgres(settings, options={"fsync": "off"})
    database = Database(await embedded.start(), min_size=1)
    await database.open()
    bus = PostgresBus(database)
    await bus.open()
    replica = Replica(bus)
    async with watching(replica):
        stopped = processes_of(settings)
        try:
            for process in stopped:
                os.kill(process, signal.SIGSTOP)
            # Not what was told alone: a busy machine may have been silent before.
            assert await eventually(lambda: replica.freshness.stale)
        finally:
            for process in stopped:
                os.kill(process, signal.SIGCONT)
        assert await eventually(lambda: not replica.freshness.stale, within=40)
    assert replica.told[-1] is False
    await bus.close()
    await database.close()
    await embedded.stop()
