"""Two servers with one database: one keeps the sandboxes, the other takes over when that has ended, never both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest

from firefly.bus import PostgresBus
from firefly.clock import SystemClock
from firefly.errors import Unavailable
from firefly.sandbox.backend import Instance, SandboxSpec, State
from firefly.sandbox.keeper import Keeper
from firefly.sandbox.lease import Lease, node_of, place_of
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import House, Source
from tests.support.waiting import eventually

# Short enough to see it end, long enough for a busy machine to renew it in time.
SECONDS = 3.0


class Acting(MemoryBackend):
    """Writes down who acts; those of one node have the same sandboxes."""

    name = ""
    acts: list[str]

    async def create(self, spec: SandboxSpec) -> Instance:
        self.acts.append(self.name)
        return await super().create(spec)

    async def freeze(self, instance_id: str) -> None:
        self.acts.append(self.name)
        await super().freeze(instance_id)

    async def stop(self, instance_id: str, *, reason: str) -> None:
        self.acts.append(self.name)
        await super().stop(instance_id, reason=reason)


class Servers:
    """Servers on machines of their own that reach the same sandboxes, each with connections of its own."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.acts: list[str] = []
        self._runs: dict[str, MemoryBackend] = {}

    @asynccontextmanager
    async def open(self, name: str, *, node: str = "shared", place: UUID | None = None) -> AsyncIterator[Keeper]:
        house = self.house
        database = Database(house.database.dsn, min_size=1, max_size=4)
        await database.open()
        bus = PostgresBus(database)
        await bus.open()
        backend = Acting(house.folder)
        backend._runs = self._runs.setdefault(node, backend)._runs
        backend.name, backend.acts = name, self.acts
        await backend.open()
        keeper = Keeper(
            backend=backend, database=database, bus=bus, source=Source(database, house.clock),
            settings=house.settings.model_copy(update={"prepared_sandboxes": 0}), clock=house.clock,
            available_memory=lambda: 1.0,
            lease=Lease(database, node=node, place=place or uuid4(), clock=SystemClock(), seconds=SECONDS),
        )  # fmt: skip
        await keeper.open()
        try:
            yield keeper
        finally:
            await keeper.close()
            await bus.close()
            await database.close()


@pytest.fixture
def servers(house: House) -> Servers:
    return Servers(house)


async def test_of_two_servers_one_acts_and_the_other_takes_over_when_it_is_cut_off(
    servers: Servers, house: House
) -> None:
    async with servers.open("first") as first, servers.open("second") as second:
        workspace_id = await first.create_workspace()
        instance = await first.ensure(workspace_id)
        for action in (second.ensure(workspace_id), second.stop(workspace_id, "x"), second.freeze(workspace_id, "x")):
            with pytest.raises(Unavailable, match="Another Firefly server"):
                await action
        house.clock.advance(10_000)
        await second.sweep()
        assert servers.acts == ["first"]
        # The first one's connections are cut: it stops to act before the second may begin.
        await first._lease._database.close()
        await eventually(lambda: second.running(workspace_id) == instance)
        assert not first._lease.held
        for action in (first.stop(workspace_id, "x"), first.freeze(workspace_id, "x")):
            with pytest.raises(Unavailable):
                await action
        house.clock.advance(10_000)
        await first.sweep()
        assert servers.acts == ["first"]
        await second.sweep()
        assert servers.acts == ["first", "second"]
        assert (await second.status(workspace_id)).state is State.STOPPED
        # What is reached again is not acted on by the one that lost it, and it does not get it back.
        await first._lease._database.open()
        await eventually(lambda: first._stood_back)
        await second.ensure(workspace_id)
        assert (first.running(workspace_id), first._lease.held) == (None, False)
    assert servers.acts == ["first", "second", "second"]


async def test_a_server_that_ends_in_order_lets_the_next_one_begin_at_once(servers: Servers) -> None:
    async with servers.open("second", node="other"):
        async with servers.open("first") as first:
            workspace_id = await first.create_workspace()
            await first.ensure(workspace_id)
        async with servers.open("third") as third:
            assert third.running(workspace_id) is not None


async def test_a_killed_server_is_followed_at_once_in_its_own_place_only(servers: Servers) -> None:
    place = uuid4()
    async with servers.open("killed", place=place) as killed:
        workspace_id = await killed.create_workspace()
        await killed.ensure(workspace_id)
        await killed._tenure.close()
        async with servers.open("elsewhere") as elsewhere, servers.open("next", place=place) as following:
            assert following.running(workspace_id) is not None
            assert elsewhere.running(workspace_id) is None
            # The term is another one now, so that what is left of the first one's is worth nothing.
            assert not await killed._lease.renew()


async def test_another_node_neither_touches_nor_starts_what_is_not_its_own(servers: Servers, house: House) -> None:
    async with servers.open("here", node="here") as here:
        workspace_id = await here.create_workspace()
        await here.ensure(workspace_id)
        async with house.database.connection() as connection:
            unclaimed = await here.workspaces.create(claimed=False)
            async with servers.open("there", node="there") as there:
                with pytest.raises(Unavailable, match="kept on another node"):
                    await there.ensure(workspace_id)
                state = await connection.fetchval("select state from sandboxes where workspace_id = $1", workspace_id)
                assert state == "running"
                left = await connection.fetchval("select count(*) from workspaces where id = $1", unclaimed)
                assert left == 1


def test_a_node_keeps_its_name_and_a_place_is_a_folder_of_this_machine(settings: Settings) -> None:
    assert node_of(settings) == node_of(settings)
    assert UUID(node_of(settings))
    assert node_of(settings.model_copy(update={"node": "engine"})) == "engine"
    assert place_of(settings) == place_of(settings)
    other = settings.data_dir / "other"
    other.mkdir()
    assert place_of(settings.model_copy(update={"data_dir": other})) != place_of(settings)


async def test_renewing_is_a_matter_of_the_databases_clock(database: Database) -> None:
    def lease() -> Lease:
        return Lease(database, node="n", place=uuid4(), clock=SystemClock(), seconds=0.5)

    first, second = lease(), lease()
    assert await first.take()
    assert not await second.take()
    assert await first.renew()
    await asyncio.sleep(0)
    await eventually(second.take)
    assert not await first.renew()
    assert not first.held
    await second.give_up()
    assert await first.take()
