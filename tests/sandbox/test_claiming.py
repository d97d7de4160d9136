"""Prepared sandboxes, claimed: whole or not at all, whatever goes wrong meanwhile."""

import asyncio
from uuid import UUID

import pytest

from firefly.errors import Unavailable
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import House
from tests.support.waiting import eventually


async def test_the_pool_gives_running_sandboxes_with_fresh_workspaces(house: House) -> None:
    async with house.open(prepared_sandboxes=2) as keeper:
        await eventually(lambda: len(keeper.pool) == 2)
        first, second = await keeper.claim_prepared(), await keeper.claim_prepared()
        assert first is not None
        assert second is not None
        assert first.workspace_id != second.workspace_id
        assert keeper.running(first.workspace_id) == first.instance
        assert await keeper.ensure(first.workspace_id) == first.instance
        await eventually(lambda: len(keeper.pool) == 2)
        assert await keeper.workspaces.is_claimed(first.workspace_id)


async def test_an_empty_pool_gives_none(house: House) -> None:
    async with house.open() as keeper:
        assert await keeper.claim_prepared() is None


async def test_a_prepared_sandbox_that_ends_leaves_the_pool(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend, prepared_sandboxes=1) as keeper:
        await eventually(lambda: len(keeper.pool) == 1)
        ended = (await backend.list())[0]
        backend.end(ended.id)
        await eventually(lambda: ended.workspace_id in backend.removed)
        await eventually(lambda: len(keeper.pool) == 1)
        claimed = await keeper.claim_prepared()
        assert claimed is not None
        assert claimed.instance != ended


async def test_prepared_sandboxes_are_adopted_into_the_pool(house: House) -> None:
    first = MemoryBackend(house.folder)
    async with house.open(first, prepared_sandboxes=1) as keeper:
        await eventually(lambda: len(keeper.pool) == 1)
    prepared = (await first.list())[0]
    async with house.open(MemoryBackend(house.folder, earlier=first), prepared_sandboxes=1) as later:
        claimed = await later.claim_prepared()
        assert claimed is not None
        assert claimed.instance == prepared


async def test_the_pool_is_given_up_when_memory_is_short(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend, prepared_sandboxes=2) as keeper:
        await eventually(lambda: len(keeper.pool) == 2)
        house.memory = 0.05
        await keeper.sweep()
        assert len(keeper.pool) == 0
        assert list(await backend.list()) == []
        house.memory = 0.5
        await keeper.sweep()
        await eventually(lambda: len(keeper.pool) == 2)


async def test_a_claim_that_fails_leaves_the_sandbox_in_the_pool(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house.open(prepared_sandboxes=1) as keeper:
        await eventually(lambda: len(keeper.pool) == 1)
        house.memory = 0.12  # Neither fill up nor give up, so that only this one is there.
        prepared = keeper.pool._ready[0]
        with monkeypatch.context() as patch:

            async def away(_: UUID) -> bool:
                raise Unavailable("The database does not answer.")

            patch.setattr(keeper.workspaces, "claim", away)
            with pytest.raises(Unavailable):
                await keeper.claim_prepared()
        assert prepared in keeper.pool._ready


async def test_a_claim_that_is_given_up_half_way_ends_in_order(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with house.open(prepared_sandboxes=1) as keeper:
        await eventually(lambda: len(keeper.pool) == 1)
        prepared, gate, claim = keeper.pool._ready[0], asyncio.Event(), keeper.workspaces.claim

        async def slowly(workspace_id: UUID) -> bool:
            claimed = await claim(workspace_id)
            await gate.wait()
            return claimed

        monkeypatch.setattr(keeper.workspaces, "claim", slowly)
        waiting = asyncio.create_task(keeper.claim_prepared())
        await eventually(lambda: prepared not in keeper.pool._ready)
        waiting.cancel()
        await asyncio.wait([waiting])
        gate.set()
        # It is the workspace's own, so that it stops when nobody uses it.
        assert await eventually(lambda: keeper.running(prepared.workspace_id)) == prepared.instance


async def test_a_prepared_sandbox_whose_workspace_is_taken_is_stopped(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend, prepared_sandboxes=1) as keeper:
        await eventually(lambda: len(keeper.pool) == 1)
        taken = keeper.pool._ready[0]
        assert await keeper.workspaces.claim(taken.workspace_id)
        await keeper.claim_prepared()
        assert taken.instance not in await backend.list()
