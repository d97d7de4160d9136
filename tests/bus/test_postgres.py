"""The bus: everybody hears, after the commit and not before; who is slow or was cut off is told so."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from firefly.bus import MISSED, Bus, Event, PostgresBus, Subscription
from firefly.bus.interface import QUEUE
from firefly.errors import DatabaseUnavailable, TooLarge
from firefly.settings import Settings
from firefly.store import Database, EmbeddedPostgres
from firefly.testing.bus import MemoryBus
from tests.support.waiting import eventually

Make = Callable[[], Bus]


@pytest.fixture(params=["postgres", "memory"])
async def any_bus(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Bus]:
    """What is promised of a bus is promised of its twin."""
    made: Bus = PostgresBus(database) if request.param == "postgres" else MemoryBus()
    await made.open()
    yield made
    await made.close()


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[Bus]:
    made = PostgresBus(database)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def take(subscription: Subscription, count: int = 1) -> list[Event]:
    async with asyncio.timeout(30):
        return [await anext(subscription) for _ in range(count)]


async def test_subscribers_of_a_topic_hear_it(any_bus: Bus) -> None:
    async with any_bus.subscribe("events") as first, any_bus.subscribe("events", "routes") as second:
        await any_bus.publish("routes", "route.added", {"host": "a"})
        await any_bus.publish("events", "project.created", {"project_id": "7", "name": "ä", "deep": [1, {"x": None}]})
        (heard,) = await take(first)
        assert (heard.topic, heard.kind) == ("events", "project.created")
        assert heard.data == {"project_id": "7", "name": "ä", "deep": [1, {"x": None}]}
        assert [event.topic for event in await take(second, 2)] == ["routes", "events"]


async def test_ids_grow(any_bus: Bus) -> None:
    async with any_bus.subscribe("events") as subscription:
        for _ in range(5):
            await any_bus.publish("events", "tick", {})
        ids = [event.id for event in await take(subscription, 5)]
    assert ids == sorted(set(ids))
    assert ids[0] > 0


async def test_who_left_hears_nothing(any_bus: Bus) -> None:
    subscription = any_bus.subscribe("events")
    async with subscription:
        pass
    async with any_bus.subscribe("events") as witness:
        await any_bus.publish("events", "tick", {})
        await take(witness)
    assert subscription._queue.empty()


async def test_large_events_are_refused(any_bus: Bus) -> None:
    async with any_bus.subscribe("events") as subscription:
        with pytest.raises(TooLarge):
            await any_bus.publish("events", "large", {"text": "ä" * 4000})
        await any_bus.publish("events", "just", {"text": "x" * 7500})
        assert (await take(subscription))[0].kind == "just"


async def test_who_is_slow_is_told_and_goes_on(any_bus: Bus) -> None:
    async with any_bus.subscribe("events") as slow, any_bus.subscribe("done") as done:
        for number in range(QUEUE + 5):
            await any_bus.publish("events", "tick", {"n": number})
        await any_bus.publish("done", "done", {})
        await take(done)
        assert slow.missed
        assert (await take(slow))[0].kind == MISSED
        slow.missed = False
        assert [event.data["n"] for event in await take(slow, 4)] == list(range(QUEUE + 1, QUEUE + 5))
        assert not slow.missed


async def test_closing_ends_the_readers(database: Database) -> None:
    made = PostgresBus(database)
    await made.open()

    async def read(subscription: Subscription) -> list[str]:
        async with subscription:
            return [event.kind async for event in subscription]

    async with AsyncExitStack() as stack:
        subscription = made.subscribe("events")
        await stack.enter_async_context(subscription)
        reading = asyncio.create_task(read(subscription))
        await made.publish("events", "last", {})
        await eventually(lambda: subscription._queue.empty() and not reading.done())
        await made.close()
        assert await asyncio.wait_for(reading, 30) in (["last"], [])


async def test_other_replicas_hear_too(database: Database, bus: Bus) -> None:
    async with opened(database) as replica, replica.subscribe("events") as there, bus.subscribe("events") as here:
        await bus.publish("events", "tick", {})
        assert (await take(there)) == (await take(here))


async def test_an_event_is_heard_with_its_transaction(database: Database, bus: Bus) -> None:
    async with bus.subscribe("events") as subscription:
        async with database.transaction() as connection:
            await bus.publish("events", "inside", {}, connection=connection)
            await bus.publish("events", "outside", {})
            assert (await take(subscription))[0].kind == "outside"
        assert (await take(subscription))[0].kind == "inside"


async def test_an_event_of_a_transaction_that_failed_never_was(database: Database, bus: Bus) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await bus.publish("events", "never", {}, connection=connection)
            raise KeyError

    async with bus.subscribe("events") as subscription:
        with pytest.raises(KeyError):
            await fail()
        await bus.publish("events", "after", {})
        assert (await take(subscription))[0].kind == "after"


async def test_a_lost_connection_comes_back_and_subscribers_know(database: Database, bus: Bus) -> None:
    async with bus.subscribe("events") as subscription:
        async with database.connection() as connection:
            ended = await connection.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE query ILIKE 'listen%' AND datname = current_database()"
            )
        assert ended == 1
        assert (await take(subscription))[0].kind == MISSED
        assert subscription.missed
        await bus.publish("events", "after", {})
        assert (await take(subscription))[0].kind == "after"


async def test_the_loss_of_the_server_is_survived(settings: Settings) -> None:
    server = EmbeddedPostgres(settings, options={"fsync": "off"})
    db = Database(await server.start(), min_size=1)
    await db.open()
    async with db.connection() as connection:
        await connection.execute("CREATE SEQUENCE bus_event_ids")
    async with opened(db) as bus, bus.subscribe("events") as subscription:
        await server.stop()
        with pytest.raises(DatabaseUnavailable):
            await bus.publish("events", "lost", {})
        await server.start()
        assert (await take(subscription))[0].kind == MISSED
        await eventually(lambda: _published(bus))
        assert (await take(subscription))[0].kind == "back"
    await db.close()
    await server.stop()


async def _published(bus: Bus) -> bool:
    try:
        await bus.publish("events", "back", {})
    except DatabaseUnavailable:
        return False
    return True


async def test_what_is_no_event_is_passed_over(database: Database, bus: Bus) -> None:
    async with bus.subscribe("events") as subscription:
        for payload in ("", "nonsense", "1 {}", "x {}", "1 [1]", json.dumps({"topic": "events"})):
            async with database.connection() as connection:
                await connection.execute("SELECT pg_notify('firefly', $1)", payload)
        await bus.publish("events", "good", {})
        assert (await take(subscription))[0].kind == "good"


async def test_a_bus_that_cannot_listen_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firefly.bus.postgres.OPEN_LIMIT", 0.1)
    with pytest.raises(DatabaseUnavailable):
        await PostgresBus(Database(f"postgresql://firefly@/firefly?host={settings.run_dir}")).open()
