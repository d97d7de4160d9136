"""The mirror of what opens previews by itself: here at once, on other replicas by the bus, after a gap all anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from firefly.access import Policies
from firefly.access.model import REMEMBERED, Policy
from firefly.access.policies import KIND, TOPIC
from firefly.bus import Bus
from firefly.store import Database, load_queries
from firefly.testing.bus import MemoryBus
from tests.support.waiting import eventually


@pytest.fixture
async def project(database: Database) -> UUID:
    project_id = uuid4()
    async with database.connection() as connection:
        query = "insert into accounts (name, display_name) values ('ada', 'Ada') returning id"
        owner = await connection.fetchval(query)
        await connection.execute("insert into projects (id, owner_id, name) values ($1, $2, 'site')", project_id, owner)
    return project_id


async def put(database: Database, project_id: UUID, **change: object) -> None:
    closed = {"is_public": False, "addresses": [], "public_paths": [], "public_preflights": False}
    row = {**closed, "service_workers": False, **change}
    async with database.connection() as connection:
        await load_queries("access").put_policy(connection, project_id=project_id, **row)


@asynccontextmanager
async def following(policies: Policies) -> AsyncIterator[None]:
    task = asyncio.create_task(policies.follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_opens_nothing_is_not_kept(database: Database, bus: Bus, project: UUID) -> None:
    policies = Policies(database, bus)
    await put(database, project)
    await policies.load()
    assert policies.get(project) is None
    assert policies.get(None) is None


async def test_it_is_read_at_the_start(database: Database, bus: Bus, project: UUID) -> None:
    await put(database, project, addresses=["192.0.2.0/24"], public_paths=["/healthz"])
    policies = Policies(database, bus)
    await policies.load()
    found = policies.get(project)
    assert found is not None
    assert found.public_paths == {b"/healthz"}
    assert [found.admits(address) for address in (b"192.0.2.1", b"192.0.3.1", b"unknown")] == [True, False, False]


async def test_another_replica_follows_and_looks_again_at_what_is_open(
    database: Database, bus: Bus, project: UUID
) -> None:
    other, told = Policies(database, bus), list[int]()
    other.on_change(lambda: told.append(1))
    async with following(other):
        await put(database, project, is_public=True)
        await bus.publish(TOPIC, KIND, {"project_id": str(project)})
        await eventually(lambda: other.get(project) is not None)
        await put(database, project)
        await bus.publish(TOPIC, KIND, {"project_id": str(project)})
        await eventually(lambda: other.get(project) is None)
    assert len(told) == 2


async def test_after_a_gap_everything_is_read_again(database: Database, project: UUID) -> None:
    bus = MemoryBus()
    policies = Policies(database, bus)
    async with following(policies):
        await eventually(lambda: bool(bus._subscriptions))
        await put(database, project, is_public=True)
        bus.lose()
        await eventually(lambda: policies.get(project) is not None)
    assert policies.get(project) is not None


async def test_a_change_that_changes_nothing_is_not_told(database: Database, bus: Bus, project: UUID) -> None:
    policies, told = Policies(database, bus), list[int]()
    await put(database, project, is_public=True)
    policies.on_change(lambda: told.append(1))
    for _ in range(3):
        await policies.apply(project)
        await policies.load()
    assert told == [1]


def test_it_does_not_remember_addresses_without_bound() -> None:
    policy = Policy()
    for number in range(3 * REMEMBERED):
        policy.admits(f"192.0.{number // 256}.{number % 256}".encode())
    assert len(policy._known) <= REMEMBERED
