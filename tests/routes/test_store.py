"""The route store on a real PostgreSQL: who holds a host."""

from datetime import timedelta
from uuid import uuid4

import pytest

from firefly.bus import Bus
from firefly.errors import InvalidInput, NameTaken, NotFound
from firefly.routes import Access, AppTarget, BridgeTarget, Health, Route, RouteTable, SandboxTarget, Spread
from firefly.routes.store import RouteStore
from firefly.store import Database

from .shops import NEW, OLD, shop


async def test_a_route_is_in_effect_when_add_returns(store: RouteStore, table: RouteTable) -> None:
    route = shop()
    assert await store.add(route) == [OLD]
    assert table.find(b"shop--ann.preview.localhost:8000") == route


async def test_routes_survive_a_restart(store: RouteStore, database: Database, bus: Bus) -> None:
    routes = [shop(), shop(host=NEW), Route("pages.example", AppTarget(), None, Access.PUBLIC)]
    await store.add(*routes)
    later = RouteTable()
    await RouteStore(database, bus, later).load()
    assert {route.host: route for route in later} == {route.host: route for route in routes}


@pytest.mark.parametrize("health", [None, Health(), Health("/up?deep=1", 2.5)])
async def test_a_spread_survives_a_restart(
    store: RouteStore, database: Database, bus: Bus, health: Health | None
) -> None:
    spread = Spread((SandboxTarget(uuid4(), 3000), SandboxTarget(uuid4())), health)
    route = Route("shop.example", spread, uuid4())
    await store.add(route)
    later = RouteTable()
    await RouteStore(database, bus, later).load()
    assert list(later) == [route]


async def test_a_port_of_its_own_survives_a_restart(store: RouteStore, database: Database, bus: Bus) -> None:
    route = Route("api.example", SandboxTarget(uuid4(), 8080), uuid4())
    await store.add(route)
    later = RouteTable()
    await RouteStore(database, bus, later).load()
    assert later.get("api.example") == route


async def test_another_project_cannot_take_a_host(store: RouteStore, table: RouteTable) -> None:
    first = shop()
    await store.add(first)
    with pytest.raises(NameTaken, match="belongs to another project"):
        await store.add(shop(host=NEW), shop())
    assert list(table) == [first], "nothing of the failed change is in effect"


@pytest.mark.parametrize("host", ["", "Shop.example", "a b", "x/y", "a" * 254])
async def test_a_host_that_is_none_is_refused(store: RouteStore, host: str) -> None:
    with pytest.raises(InvalidInput):
        await store.add(shop(host=host))


async def test_a_bridge_is_never_the_target_of_a_host(store: RouteStore) -> None:
    with pytest.raises(InvalidInput, match="bridge"):
        await store.add(Route(OLD, BridgeTarget(uuid4()), uuid4()))


async def test_a_renamed_host_redirects_and_stays_reserved(store: RouteStore, table: RouteTable) -> None:
    route = shop()
    await store.add(route)
    assert sorted(await store.rename(OLD, NEW)) == [OLD, NEW]
    old, new = table.get(OLD), table.get(NEW)
    assert old is not None
    assert new is not None
    assert (old.redirect_to, new.redirect_to, new.target) == (NEW, None, route.target)
    with pytest.raises(NameTaken):
        await store.add(shop())


async def test_a_chain_of_renames_leads_to_the_last_name(store: RouteStore, table: RouteTable) -> None:
    await store.add(shop())
    await store.rename(OLD, NEW)
    await store.rename(NEW, "third--ann.preview.localhost")
    assert {route.redirect_to for route in table} == {None, "third--ann.preview.localhost"}


async def test_a_project_may_take_its_old_name_back(store: RouteStore, table: RouteTable) -> None:
    await store.add(shop())
    await store.rename(OLD, NEW)
    await store.rename(NEW, OLD)
    old, new = table.get(OLD), table.get(NEW)
    assert old is not None
    assert new is not None
    assert (old.redirect_to, new.redirect_to) == (None, OLD)


async def test_what_is_not_there_cannot_be_renamed(store: RouteStore) -> None:
    with pytest.raises(NotFound):
        await store.rename(OLD, NEW)


async def test_a_change_of_access_ends_older_grants(store: RouteStore, table: RouteTable) -> None:
    project = uuid4()
    await store.add(shop(project), shop(project, host=NEW), shop(host="other.example"))
    await store.set_access(project, Access.PUBLIC)
    found = {route.host: (route.access, route.policy_version) for route in table}
    assert found == {
        OLD: (Access.PUBLIC, 2),
        NEW: (Access.PUBLIC, 2),
        "other.example": (Access.MEMBERS, 1),
    }


async def test_hosts_of_a_deleted_project_are_kept_for_it(store: RouteStore, table: RouteTable) -> None:
    project = uuid4()
    await store.add(shop(project))
    assert await store.remove(project) == [OLD]
    assert len(table) == 0
    with pytest.raises(NameTaken):
        await store.add(shop())
    await store.add(shop(project))
    restored = table.get(OLD)
    assert restored is not None
    assert restored.policy_version > 1, "grants from before the deletion have ended"


async def test_what_a_project_shows_already_keeps_its_visitors(store: RouteStore, table: RouteTable) -> None:
    first = shop()
    await store.add(first)
    await store.add(Route(OLD, SandboxTarget(uuid4()), first.project_id))
    again = table.get(OLD)
    assert again is not None
    assert (again.policy_version, again.target) != (1, first.target)
    assert again.policy_version == 1
    await store.add(Route(OLD, first.target, first.project_id, Access.PUBLIC))
    opened = table.get(OLD)
    assert opened is not None
    assert opened.policy_version == 2


async def test_a_reservation_ends(store: RouteStore, table: RouteTable) -> None:
    project = uuid4()
    await store.add(shop(project))
    await store.remove(project, reserve=timedelta(seconds=-1))
    other = shop()
    await store.add(other)
    found = table.get(OLD)
    assert found is not None
    assert found.project_id == other.project_id


async def test_a_change_takes_part_in_a_transaction(store: RouteStore, table: RouteTable, database: Database) -> None:
    async with database.transaction() as connection:
        hosts = await store.add(shop(), connection=connection)
        assert len(table) == 0
    await store.apply(hosts)
    assert len(table) == 1


async def test_a_change_that_is_rolled_back_never_was(store: RouteStore, table: RouteTable, database: Database) -> None:
    async def fail_after_adding() -> None:
        async with database.transaction() as connection:
            await store.add(shop(), connection=connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_adding()
    await store.load()
    assert len(table) == 0


async def test_hosts_of_a_project_that_is_no_more_are_free(store: RouteStore, table: RouteTable) -> None:
    gone = shop()
    await store.add(gone)
    await store.rename(OLD, NEW)
    assert gone.project_id is not None
    assert sorted(await store.release(gone.project_id)) == [OLD, NEW]
    assert list(table) == []
    await store.add(shop(), shop(host=NEW))
    assert {route.host for route in table} == {OLD, NEW}


async def test_hosts_renamed_in_a_circle_end_where_they_began(store: RouteStore, table: RouteTable) -> None:
    await store.add(shop())
    for old, new in ((OLD, NEW), (NEW, OLD), (OLD, NEW), (NEW, OLD)):
        await store.rename(old, new)
    first, second = table.get(OLD), table.get(NEW)
    assert first is not None
    assert second is not None
    assert (first.redirect_to, second.redirect_to) == (None, OLD)


async def test_a_change_within_a_transaction_that_fails_is_none(
    store: RouteStore, table: RouteTable, database: Database
) -> None:
    await store.add(shop())
    project_id = next(iter(table)).project_id
    assert project_id is not None

    async def fail() -> None:
        async with database.transaction() as connection:
            await store.set_access(project_id, Access.PUBLIC, connection=connection)
            raise RuntimeError("what the change was part of failed")

    with pytest.raises(RuntimeError):
        await fail()
    await store.load()
    route = table.get(OLD)
    assert route is not None
    assert (route.access, route.policy_version) == (Access.MEMBERS, 1)
