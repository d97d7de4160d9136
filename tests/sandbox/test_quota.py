"""How many sandboxes may run, and keeping one awake: on a real database and the backend in memory."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from firefly.errors import InvalidInput, NotFound, TooManySandboxes
from firefly.sandbox.backend import SandboxSpec, State
from firefly.sandbox.keeper import Keeper
from firefly.store import Database
from firefly.testing.clock import ManualClock
from firefly.testing.faults import Slow
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import House, Source
from tests.support.waiting import eventually


class Owned(Source):
    """Specs of workspaces that somebody owns; administrators' are trusted."""

    def __init__(self, owners: Mapping[UUID, str], database: Database, clock: ManualClock) -> None:
        super().__init__(database, clock)
        self.owners = owners

    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        owner = self.owners.get(workspace_id, "")
        return replace(await super().spec(workspace_id), owner=owner, bounded=owner != "root")


@pytest.fixture
def owners(house: House) -> dict[UUID, str]:
    found: dict[UUID, str] = {}
    house.source = partial(Owned, found)
    return found


async def make(keeper: Keeper, owners: dict[UUID, str], owner: str) -> UUID:
    workspace_id = await keeper.create_workspace()
    owners[workspace_id] = owner
    return workspace_id


async def test_an_owner_has_so_many_and_is_told_which_have_been_idle_longest(
    house: House, owners: dict[UUID, str]
) -> None:
    async with house.open(sandboxes_per_user=2) as keeper:
        first, second, third = [await make(keeper, owners, "ada") for _ in range(3)]
        other = await make(keeper, owners, "bob")
        for workspace_id in (first, second, other):
            await keeper.ensure(workspace_id)
            house.clock.advance(10)
        keeper.touch(first)
        with pytest.raises(TooManySandboxes, match="2 sandboxes of ada are awake or asleep; 2 are allowed") as refusal:
            await keeper.ensure(third)
        assert refusal.value.extra["workspaces"] == f"{second} {first}"
        status = await keeper.status(third)
        assert (status.state, status.refusal) == (State.ABSENT, refusal.value.detail)
        # A frozen one holds memory, so it counts; it was not tried, so there is no pause to wait out.
        await keeper.freeze(second, "On request.")
        with pytest.raises(TooManySandboxes):
            await keeper.ensure(third)
        await keeper.stop(second, "Not needed.")
        await keeper.ensure(third)
        assert (await keeper.status(third)).refusal == ""


async def test_simultaneous_starts_do_not_pass_together_and_adopted_ones_count(
    house: House, owners: dict[UUID, str]
) -> None:
    memory = MemoryBackend(house.folder)
    backend = Slow(memory)
    async with house.open(backend, sandboxes_per_user=2) as keeper:
        workspaces = [await make(keeper, owners, "ada") for _ in range(5)]
        starts = [asyncio.create_task(keeper.ensure(workspace_id)) for workspace_id in workspaces]
        await eventually(lambda: sum(start.done() for start in starts) == 3)
        backend.gate.set()
        results = await asyncio.gather(*starts, return_exceptions=True)
        assert sum(isinstance(result, TooManySandboxes) for result in results) == 3
    async with house.open(MemoryBackend(house.folder, earlier=memory), sandboxes_per_user=2) as keeper:
        with pytest.raises(TooManySandboxes):
            await keeper.ensure(next(one for one, start in zip(workspaces, starts, strict=True) if start.exception()))


async def test_all_servers_count_together_and_one_that_is_gone_does_not_count(
    house: House, owners: dict[UUID, str]
) -> None:
    async with house.open(MemoryBackend(house.folder / "one"), node="one", sandboxes_per_user=3) as one:
        mine = [await make(one, owners, "ada") for _ in range(4)]
        async with house.open(MemoryBackend(house.folder / "two"), node="two", sandboxes_per_user=3) as two:
            theirs = [await make(two, owners, "ada") for _ in range(4)]
            starts = [one.ensure(workspace_id) for workspace_id in mine]
            starts += [two.ensure(workspace_id) for workspace_id in theirs]
            results = await asyncio.gather(*starts, return_exceptions=True)
            assert sum(isinstance(result, TooManySandboxes) for result in results) == 5
            running = {workspace_id for workspace_id in mine if one.running(workspace_id)}
            running |= {workspace_id for workspace_id in theirs if two.running(workspace_id)}
            with pytest.raises(TooManySandboxes) as refusal:
                await one.ensure(next(workspace_id for workspace_id in mine if workspace_id not in running))
            assert set(str(refusal.value.extra["workspaces"]).split()) == set(map(str, running))
        left = sum(one.running(workspace_id) is not None for workspace_id in mine)
        for workspace_id in [other for other in mine if other not in running][: 3 - left]:
            await one.ensure(workspace_id)


async def test_administrators_have_as_many_as_they_like_and_the_machine_has_its_most(
    house: House, owners: dict[UUID, str]
) -> None:
    async with house.open(sandboxes_per_user=1, sandboxes_max=3) as keeper:
        for _ in range(3):
            await keeper.ensure(await make(keeper, owners, "root"))
        with pytest.raises(TooManySandboxes, match="3 sandboxes run, which is all"):
            await keeper.ensure(await make(keeper, owners, "ada"))


async def test_a_prepared_sandbox_is_for_whoever_may_have_one_more(house: House, owners: dict[UUID, str]) -> None:
    async with house.open(prepared_sandboxes=1, sandboxes_per_user=1) as keeper:
        await eventually(lambda: len(keeper.pool) == 1)
        await keeper.ensure(await make(keeper, owners, "ada"))
        with pytest.raises(TooManySandboxes):
            await keeper.claim_prepared("ada")
        assert len(keeper.pool) == 1
        claimed = await keeper.claim_prepared("bob")
        assert claimed is not None
        owners[claimed.workspace_id] = "bob"
        with pytest.raises(TooManySandboxes):
            await keeper.claim_prepared("bob")


async def account(house: House, name: str) -> UUID:
    account_id = uuid4()
    async with house.database.connection() as connection:
        await connection.execute("insert into accounts (id, name, display_name) values ($1, $2, $2)", account_id, name)
    return account_id


async def test_what_is_kept_awake_sleeps_when_that_ends_and_another_server_knows(house: House) -> None:
    backend, ada = MemoryBackend(house.folder), await account(house, "ada")
    async with house.open(backend, idle_freeze=600, keep_awake_max=7200) as keeper:
        workspace_id = await keeper.create_workspace()
        await keeper.keep_awake(workspace_id, ada, 7200, "a demonstration")
        assert keeper.running(workspace_id) is not None
        with pytest.raises(InvalidInput, match="2 h at a time"):
            await keeper.keep_awake(workspace_id, ada, 7201, "for ever")
    async with house.open(MemoryBackend(house.folder, earlier=backend), idle_freeze=600) as keeper:
        house.clock.advance(7190)
        await keeper.sweep()
        status = await keeper.status(workspace_id)
        (kept,) = status.awake
        assert (status.state, kept.by, kept.reason) == (State.RUNNING, "ada", "a demonstration")
        assert status.freezes_at == kept.until + timedelta(seconds=600)
        house.clock.advance(611)
        await keeper.sweep()
        status = await keeper.status(workspace_id)
        assert (status.state, status.awake) == (State.FROZEN, ())


async def test_it_is_let_sleep_again_and_none_is_kept_awake_beyond_its_age(house: House) -> None:
    ada = await account(house, "ada")
    async with house.open(idle_freeze=600, idle_stop=3600, sandbox_max_age=5000) as keeper:
        workspace_id = await keeper.create_workspace()
        await keeper.keep_awake(workspace_id, ada, 7200, "")
        assert (await keeper.status(workspace_id)).stops_at == house.clock.now() + timedelta(seconds=5000)
        house.clock.advance(700)
        (kept,) = (await keeper.status(workspace_id)).awake
        await keeper.let_sleep(workspace_id, kept.id)
        with pytest.raises(NotFound):
            await keeper.let_sleep(workspace_id, kept.id)
        await keeper.sweep()
        assert (await keeper.status(workspace_id)).state is State.FROZEN
        await keeper.keep_awake(workspace_id, ada, 7200, "")
        house.clock.advance(4300)
        await keeper.sweep()
        assert (await keeper.status(workspace_id)).state is State.STOPPED
