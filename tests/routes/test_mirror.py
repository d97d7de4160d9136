"""Replicas follow by the bus: each change once, in order, and whoever missed something catches up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from firefly.bus import JSON, Bus, Event
from firefly.routes import Access, Route, RouteTable, SandboxTarget
from firefly.routes.mirror import RouteMirror
from firefly.routes.store import RouteStore
from firefly.store import Database
from firefly.testing.bus import MemoryBus
from tests.support.waiting import eventually

from .shops import NEW, OLD, shop


@asynccontextmanager
async def following(mirror: RouteMirror) -> AsyncIterator[None]:
    task = asyncio.create_task(mirror.follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_another_replica_follows(store: RouteStore, database: Database, bus: Bus) -> None:
    elsewhere = RouteTable()
    async with following(RouteMirror(database, bus, elsewhere)):
        project = uuid4()
        await store.add(shop(project))
        await eventually(lambda: elsewhere.get(OLD))
        await store.set_access(project, Access.PUBLIC)
        assert await eventually(lambda: any(route.access is Access.PUBLIC for route in elsewhere))
        await store.remove(project)
        assert await eventually(lambda: len(elsewhere) == 0)


async def test_metrics_tell_how_large_and_how_new_the_table_is(store: RouteStore, bus: Bus) -> None:
    before = store.numbers()
    await store.add(shop(uuid4()))
    after = store.numbers()
    assert (before["routes"], after["routes"]) == (0, 1)
    assert after["routes_version"] > before["routes_version"]
    assert 0 <= after["routes_silence_seconds"] < 60


async def test_many_hosts_at_once_reach_another_replica(store: RouteStore, database: Database, bus: Bus) -> None:
    elsewhere = RouteTable()
    async with following(RouteMirror(database, bus, elsewhere)):
        project = uuid4()
        await store.add(*(shop(project, host=f"{'n' * 60}-{n}.preview.localhost") for n in range(90)))
        assert await eventually(lambda: len(elsewhere) == 90)


async def changed(bus: Bus, count: int, work: Callable[[], Awaitable[object]]) -> list[Event]:
    """The events of `count` changes that `work` makes."""
    async with bus.subscribe("routes") as subscription:
        await work()
        async with asyncio.timeout(30):
            return [await anext(subscription) for _ in range(count)]


async def test_each_change_has_a_version_and_says_what_is_now(store: RouteStore, bus: Bus) -> None:
    first, second = shop(), shop(host=NEW)
    events = await changed(bus, 2, lambda: store.add(first, second))
    assert [event.data["host"] for event in events] == [OLD, NEW]
    versions = [event.data["version"] for event in events]
    assert versions == [store.version - 1, store.version]
    assert first.project_id is not None
    (gone,) = await changed(bus, 1, lambda: store.release(first.project_id))  # type: ignore[arg-type]
    assert (gone.data["host"], gone.data["route"], gone.data["version"]) == (OLD, None, store.version)


@pytest.mark.parametrize(
    "route", [shop(), Route("api.example", SandboxTarget(uuid4(), 8080), uuid4(), Access.PUBLIC, 7)]
)
async def test_a_route_in_an_event_is_the_one_in_the_database(
    store: RouteStore, table: RouteTable, database: Database, route: Route
) -> None:
    elsewhere, silent = RouteTable(), MemoryBus()
    other = RouteMirror(database, silent, elsewhere)
    await other.load()
    async with database.transaction() as connection:
        await store.add(route, connection=connection)
        await connection.execute("set constraints all immediate")
        row = await connection.fetchval(
            "select to_jsonb(r) from (select host, kind, target, project_id, access, policy_version, redirect_to,"
            " extract(epoch from taken_over_at)::float8 as taken_over_at from routes) as r"
        )
    await store.load()
    await other._heed(Event("routes", "routes.changed", {"version": 1, "host": route.host, "route": row}, 1))
    assert elsewhere.get(route.host) == table.get(route.host) == route


async def test_a_replica_that_missed_something_fetches_just_that(
    store: RouteStore, database: Database, bus: Bus, table: RouteTable
) -> None:
    elsewhere = RouteTable()
    other = RouteMirror(database, MemoryBus(), elsewhere)
    project = uuid4()
    await store.add(shop(project))
    await other.load()
    elsewhere.put(mark := shop(host="not.in.the.database"))
    await store.add(*(shop(project, host=f"h{number}.example") for number in range(300)))
    await store.rename(OLD, NEW)
    gone = uuid4()
    await store.add(shop(gone, host="gone.example"))
    await store.remove(gone)
    await other.catch_up()
    assert other.version == store.version
    assert {route.host: route for route in elsewhere} == {route.host: route for route in (*table, mark)}


async def test_a_gap_between_versions_is_noticed(store: RouteStore, database: Database, table: RouteTable) -> None:
    elsewhere, silent = RouteTable(), MemoryBus()
    other = RouteMirror(database, silent, elsewhere)
    await other.load()
    async with following(other):
        await eventually(lambda: other.version == store.version and silent._subscriptions)
        await store.add(shop(), shop(host=NEW))
        data: dict[str, JSON] = {"version": store.version, "host": NEW, "route": None}
        await silent.publish("routes", "routes.changed", data)
        await eventually(lambda: len(elsewhere) == 2)
        assert other.version == store.version


async def test_who_just_loaded_everything_first_fetches_what_changed_since(
    store: RouteStore, database: Database
) -> None:
    elsewhere, silent = RouteTable(), MemoryBus()
    other = RouteMirror(database, silent, elsewhere)
    await other.load()
    await store.add(shop())
    elsewhere.put(mark := shop(host="not.in.the.database"))
    async with following(other):
        assert await eventually(lambda: elsewhere.get(OLD))
        assert other.version == store.version
        assert elsewhere.get(mark.host) == mark


async def test_what_is_old_news_changes_nothing(store: RouteStore, table: RouteTable, bus: Bus) -> None:
    route = shop()
    (event,) = await changed(bus, 1, lambda: store.add(route))
    assert route.project_id is not None
    await store.release(route.project_id)
    await store._mirror._heed(event)
    assert len(table) == 0


async def test_versions_are_committed_in_their_order(store: RouteStore, database: Database, bus: Bus) -> None:
    """Of two transactions that overlap the one that ends first has the lower one."""
    async with database.transaction() as slow:
        await store.add(shop(), connection=slow)
        (event,) = await changed(bus, 1, lambda: store.add(shop(host=NEW)))
        assert event.data["host"] == NEW
        before = store.version
    await store.apply([OLD])
    assert store.version == before + 1


async def test_a_route_too_long_for_an_event_reaches_another_replica(
    store: RouteStore, database: Database, bus: Bus
) -> None:
    elsewhere = RouteTable()
    async with following(RouteMirror(database, bus, elsewhere)):
        await store.add(shop())
        async with database.transaction() as connection:
            query = "update routes set target = target || jsonb_build_object('more', repeat('x', 8000)) where host = $1"
            await connection.execute(query, OLD)
            await connection.execute("update routes set access = 'public' where host = $1", OLD)
        assert await eventually(lambda: any(route.access is Access.PUBLIC for route in elsewhere))


async def test_removals_are_forgotten_in_the_end_and_whoever_was_away_longer_compares_everything(
    store: RouteStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = RouteTable()
    other = RouteMirror(database, MemoryBus(), elsewhere)
    project = uuid4()
    await store.add(shop(project))
    await other.load()
    await store.release(project)
    async with database.connection() as connection:
        await connection.execute("update route_changes set changed_at = now() - interval '2 days'")
    await store.load()
    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from route_changes") == 0
    monkeypatch.setattr("firefly.routes.mirror.REMEMBERED", 0.0)
    await other.catch_up()
    assert len(elsewhere) == 0


async def test_while_everything_is_compared_newer_changes_stand(
    store: RouteStore, database: Database, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = RouteTable()
    other = RouteMirror(database, bus, elsewhere)
    project = uuid4()
    await store.add(shop(project), shop(project, host=NEW))
    await other.load()
    compare = other._compare

    async def compare_while_it_changes() -> tuple[int, set[str], list[Route]]:
        compared = await compare()
        await store.set_access(project, Access.PUBLIC)
        await store.drop(project, NEW)
        await store.add(shop(project, host="third.example"))
        await other.catch_up()
        return compared

    elsewhere.remove(OLD)
    monkeypatch.setattr(other, "_compare", compare_while_it_changes)
    await other.load()
    assert {route.host: route.access for route in elsewhere} == {OLD: Access.PUBLIC, "third.example": Access.MEMBERS}
    assert other.version == store.version


async def test_what_the_table_was_wrong_about_is_told_with_its_reason(store: RouteStore, table: RouteTable) -> None:
    await store.load()
    await store.add(shop())
    table.put(shop(host="ghost.example"))
    table.remove(OLD)
    with capture_logs() as told:
        await store.load()
    differed = {entry["host"]: entry["reason"] for entry in told if entry["event"] == "route.differed"}
    assert differed == {OLD: "the table was behind the database", "ghost.example": "the database does not have it"}


async def test_load_takes_away_what_the_database_does_not_know(store: RouteStore, table: RouteTable) -> None:
    await store.add(shop())
    table.put(shop(host="ghost.example"))
    await store.load()
    assert [route.host for route in table] == [OLD]
