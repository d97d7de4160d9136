"""Who holds a host after whom: nobody else for 30 days, and then it is known that it was another's."""

import time
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from firefly.bus import Bus
from firefly.errors import NameTaken
from firefly.routes import Route, RouteTable, SandboxTarget
from firefly.routes.store import REMOVED, RENAMED, RouteStore
from firefly.store import Database

HOST, NEW = "shop--ann.preview.localhost", "store--ann.preview.localhost"
FORMER, NEXT = uuid4(), uuid4()


def shop(project_id: UUID, *, host: str = HOST) -> Route:
    return Route(host, SandboxTarget(uuid4()), project_id)


async def later(database: Database, by: timedelta) -> None:
    """Let everything that is reserved have been reserved for so much longer."""
    async with database.connection() as connection:
        await connection.execute("update routes set reserved_until = reserved_until - $1::interval", by)


@pytest.mark.parametrize("how", ["removed", "alias dropped", "renamed"])
async def test_a_host_is_nobody_else_s_for_its_time_and_then_known_as_taken_over(
    store: RouteStore, table: RouteTable, database: Database, how: str
) -> None:
    await store.add(shop(FORMER))
    assert table.get(HOST) is not None
    reserved = REMOVED
    if how == "removed":
        await store.remove(FORMER)
    elif how == "alias dropped":
        await store.drop(FORMER, HOST, reserve=REMOVED)
    else:
        await store.rename(HOST, NEW)
        reserved = RENAMED
    await later(database, reserved - timedelta(minutes=1))
    for _ in range(2):
        with pytest.raises(NameTaken):
            await store.add(shop(NEXT))
        await store.load()
    await later(database, timedelta(minutes=1))
    await store.load()
    await store.add(shop(NEXT))
    found = table.find(f"{HOST}:8000".encode())
    port = table.find(f"8080--{HOST}:8000".encode())
    assert found is not None
    assert port is not None
    assert found.taken_over_at is not None
    assert abs(found.taken_over_at - time.time()) < 60
    assert port.taken_over_at == found.taken_over_at, "hosts of its ports with it"


async def test_what_was_given_free_at_once_is_remembered_too(store: RouteStore, table: RouteTable) -> None:
    """A custom domain goes to whoever proves that it is his."""
    await store.add(shop(FORMER, host="www.example"))
    await store.drop(FORMER, "www.example")
    await store.load()
    await store.add(shop(NEXT, host="www.example"))
    found = table.get("www.example")
    assert found is not None
    assert found.taken_over_at is not None


async def test_a_project_that_takes_its_own_host_up_again_is_no_other(store: RouteStore, table: RouteTable) -> None:
    await store.add(shop(FORMER))
    await store.remove(FORMER)
    await store.add(shop(FORMER))
    await store.rename(HOST, NEW)
    await store.rename(NEW, HOST)
    assert [route.taken_over_at for route in table] == [None, None]


async def test_it_is_known_after_a_restart_and_on_other_replicas(
    store: RouteStore, database: Database, bus: Bus, table: RouteTable
) -> None:
    await store.add(shop(FORMER))
    await store.release(FORMER)
    await store.add(shop(NEXT))
    other = RouteTable()
    await RouteStore(database, bus, other).load()
    found = table.get(HOST)
    assert found is not None
    assert found.taken_over_at is not None
    assert other.get(HOST) == found
