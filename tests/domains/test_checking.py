"""Proofs looked at by themselves: in time, by one replica, and what follows for the host."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from firefly.audit import Audit
from firefly.bus import Bus
from firefly.domains import Checking, Domain, Kind, Records, State
from firefly.domains.schedule import FIRST_PAUSE
from firefly.routes import Access, RouteTable, SandboxTarget
from firefly.routes.store import RouteStore
from firefly.store import Database
from firefly.testing.clock import ManualClock
from firefly.testing.texts import MemoryTexts
from tests.support.waiting import eventually

HOST, TOKEN = "www.example.org", "the token"
RECORD = f"_firefly.{HOST}"
DAY = timedelta(days=1).total_seconds()


@dataclass
class House:
    database: Database
    bus: Bus
    clock: ManualClock
    table: RouteTable = field(default_factory=RouteTable)
    texts: MemoryTexts = field(default_factory=MemoryTexts)

    def __post_init__(self) -> None:
        self.store = RouteStore(self.database, self.bus, self.table)
        self.records = Records(self.database, self.bus, Audit(self.database), self.clock)
        self.checking = self.replica()

    def replica(self) -> Checking:
        return Checking(records=self.records, routes=self.store, texts=self.texts, bus=self.bus)

    async def project(self, *, public: bool = False) -> tuple[UUID, UUID]:
        """A project and its workspace."""
        project_id, workspace_id, name = uuid4(), uuid4(), f"p{uuid4().hex[:8]}"
        async with self.database.connection() as connection:
            account = await connection.fetchval(
                "insert into accounts (id, name, display_name) values ($1, $2, $2) returning id", uuid4(), name
            )
            await connection.execute("insert into workspaces (id) values ($1)", workspace_id)
            await connection.execute(
                "insert into projects (id, owner_id, name, workspace_id, visibility) values ($1, $2, $3, $4, $5)",
                project_id, account, name, workspace_id, "public" if public else "members",
            )  # fmt: skip
        return project_id, workspace_id

    async def add(self, project_id: UUID, host: str = HOST, token: str = TOKEN, *, port: int | None = None) -> UUID:
        now = self.clock.now()
        async with self.database.connection() as connection:
            row = await self.records.queries.insert(
                connection, project_id=project_id, host=host, kind=Kind.CUSTOM, port=port, state=State.PENDING,
                reason="", token=token, by_id=None, added_at=now, proven_at=None, next_check=now + FIRST_PAUSE,
            )  # fmt: skip
        return UUID(str(row["id"]))

    async def find(self, id: UUID) -> Domain:
        found = await self.records.find(id)
        assert found is not None
        return found

    async def look(self, *, after: float) -> int:
        self.clock.advance(after)
        return await self.checking.look()

    async def set_deleted(self, project_id: UUID, *, deleted: bool = True) -> None:
        async with self.database.connection() as connection:
            query = "update projects set deleted_at = case when $2 then now() end where id = $1"
            await connection.execute(query, project_id, deleted)


@pytest.fixture
async def house(database: Database, bus: Bus, clock: ManualClock) -> House:
    return House(database, bus, clock)


async def test_it_is_found_by_itself_and_shows_the_port(house: House) -> None:
    project_id, workspace_id = await house.project(public=True)
    id = await house.add(project_id, port=8080)
    assert await house.look(after=29) == 0
    assert await house.look(after=2) == 1
    assert (await house.find(id)).state is State.PENDING
    house.texts.put(RECORD, TOKEN)
    assert await house.look(after=31) == 1
    assert (await house.find(id)).state is State.ACTIVE
    route = house.table.get(HOST)
    assert route is not None
    assert (route.target, route.access) == (SandboxTarget(workspace_id, 8080), Access.PUBLIC)
    assert await house.look(after=DAY - 60) == 0
    assert await house.look(after=120) == 1


async def test_a_proof_that_is_gone_ends_the_service_after_a_while_and_begins_it_again(house: House) -> None:
    project_id, _ = await house.project()
    id = await house.add(project_id)
    house.texts.put(RECORD, TOKEN)
    await house.look(after=31)
    house.texts.found.clear()
    await house.look(after=DAY + 1)
    assert (await house.find(id)).state is State.FAILING
    assert house.table.get(HOST) is not None
    await house.look(after=3 * DAY)
    found = await house.find(id)
    assert found.state is State.SUSPENDED
    assert "Its proof is gone since" in found.reason
    assert house.table.get(HOST) is None
    house.texts.put(RECORD, TOKEN)
    await house.look(after=60)
    assert (await house.find(id)).state is State.ACTIVE
    assert house.table.get(HOST) is not None


async def test_a_dns_that_does_not_answer_is_borne_with(house: House) -> None:
    project_id, _ = await house.project()
    id = await house.add(project_id)
    house.texts.put(RECORD, TOKEN)
    await house.look(after=31)
    house.texts.fail(RECORD)
    for _ in range(10):
        await house.look(after=DAY)
    assert (await house.find(id)).state is State.FAILING
    assert house.table.get(HOST) is not None


async def test_of_two_replicas_one_looks(house: House) -> None:
    project_id, _ = await house.project()
    for number in range(12):
        await house.add(project_id, f"w{number}.example.org")
    house.clock.advance(31)
    counts = await asyncio.gather(house.checking.look(), house.replica().look())
    assert sum(counts) == 12
    assert len(house.texts.looks) == 12


async def test_a_project_in_the_bin_is_left_alone(house: House) -> None:
    project_id, _ = await house.project()
    id = await house.add(project_id)
    house.texts.put(RECORD, TOKEN)
    await house.set_deleted(project_id)
    assert await house.look(after=31) == 0
    found = await house.checking.check(id)
    assert found is not None
    assert found.state is State.PENDING
    await house.set_deleted(project_id, deleted=False)
    await house.look(after=31)
    assert (await house.find(id)).state is State.ACTIVE


async def test_a_project_in_the_bin_keeps_its_hosts_from_others(house: House) -> None:
    (first, _), (second, _) = await house.project(), await house.project()
    held, id = await house.add(first), await house.add(second, token="another")
    house.texts.put(RECORD, TOKEN, "another")
    await house.checking.check(held)
    await house.set_deleted(first)
    await house.store.remove(first)
    found = await house.checking.check(id)
    assert found is not None
    assert found.state is State.TAKEN


async def test_a_domain_that_is_gone_is_none(house: House) -> None:
    assert await house.checking.check(uuid4()) is None


async def test_two_that_prove_one_host_at_once_do_not_both_have_it(house: House) -> None:
    ids = [await house.add((await house.project())[0], token=f"token {number}") for number in range(4)]
    house.texts.put(RECORD, *(f"token {number}" for number in range(4)))
    await asyncio.gather(*(house.checking.check(id) for id in ids))
    states = sorted([(await house.find(id)).state for id in ids])
    assert states == [State.ACTIVE, State.TAKEN, State.TAKEN, State.TAKEN]


@pytest.fixture
async def told(house: House) -> AsyncIterator[list[Sequence[str]]]:
    """What a listener was told, while the checking runs."""
    heard: list[Sequence[str]] = []

    async def listen(hosts: Sequence[str]) -> None:
        heard.append(hosts)

    house.checking.on_hosts(listen)
    task = asyncio.create_task(house.checking.run())
    await eventually(lambda: heard)
    yield heard
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_whoever_has_certificates_is_told_which_hosts_are_served(house: House, told: list[Sequence[str]]) -> None:
    assert told == [[]]
    project_id, _ = await house.project()
    id = await house.add(project_id)
    house.texts.put(RECORD, TOKEN)
    await house.checking.check(id)
    assert await eventually(lambda: told[-1] == [HOST])
