"""A stop ends what there is, and goes on to its end whoever asked for it."""

import asyncio
from pathlib import Path

import pytest

from firefly.errors import SandboxFailed, Unavailable
from firefly.sandbox.backend import State
from firefly.testing.faults import Slow
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import House, is_in, row
from tests.support.waiting import eventually


async def test_stop_ends_a_start_under_way(house: House) -> None:
    backend = Slow(MemoryBackend(house.folder))
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        start = asyncio.create_task(keeper.ensure(workspace))
        await eventually(lambda: backend.waiting == 1)
        await keeper.stop(workspace, "Stopped by ada.")
        with pytest.raises(SandboxFailed, match="stopped"):
            await start
        assert await is_in(keeper, workspace, State.STOPPED)
        assert list(await backend.list()) == []


async def test_stop_of_what_does_not_run_is_no_error(house: House) -> None:
    async with house.open() as keeper:
        workspace = await keeper.create_workspace()
        await keeper.stop(workspace, "nothing")
        assert (await keeper.status(workspace)).state is State.ABSENT
        assert await keeper.logs(workspace) == ""
        with pytest.raises(Unavailable):
            keeper.bridge_path(workspace)


async def test_close_stops_all_when_asked_to(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend, stop_all=True, prepared_sandboxes=1) as keeper:
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        await eventually(lambda: len(keeper.pool) == 1)
    assert list(await backend.list()) == []
    assert (await row(house.database, workspace))["reason"] == "The server was shut down."


async def test_a_start_that_is_stopped_before_its_first_step_is_forgotten(house: House) -> None:
    async with house.open() as keeper:
        workspace = await keeper.create_workspace()
        waiting = asyncio.create_task(keeper.ensure(workspace))
        # The request has made the start's task, which has not run yet.
        await asyncio.sleep(0)
        await keeper.stop(workspace, "Stopped by ada.")
        with pytest.raises(SandboxFailed, match="stopped"):
            await waiting
        assert (await keeper.ensure(workspace)).workspace_id == workspace


class SlowlyStopping(MemoryBackend):
    """Each stop waits for `gate`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gate = asyncio.Event()
        self.stopping = 0

    async def stop(self, instance_id: str, *, reason: str) -> None:
        self.stopping += 1
        await self.gate.wait()
        await super().stop(instance_id, reason=reason)


async def test_a_stop_goes_on_when_whoever_asked_for_it_goes_away(house: House) -> None:
    backend = SlowlyStopping(house.folder)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        stop = asyncio.create_task(keeper.stop(workspace, "Stopped by ada."))
        await eventually(lambda: backend.stopping == 1)
        stop.cancel()
        await asyncio.wait([stop])
        assert stop.cancelled()
        backend.gate.set()
        await eventually(lambda: is_in(keeper, workspace, State.STOPPED))
        assert list(await backend.list()) == []


async def test_a_sandbox_whose_stop_failed_is_used_on(house: House) -> None:
    class Stubborn(MemoryBackend):
        async def stop(self, instance_id: str, *, reason: str) -> None:
            raise OSError("no more processes")

    async with house.open(Stubborn(house.folder)) as keeper:
        workspace = await keeper.create_workspace()
        instance = await keeper.ensure(workspace)
        with pytest.raises(OSError, match="processes"):
            await keeper.stop(workspace, "enough")
        assert await keeper.ensure(workspace) == instance
        assert keeper.running(workspace) == instance
