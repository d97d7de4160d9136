"""Whoever needs a sandbox gets the one run of it; starts are bounded, and failures make them wait."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from firefly.errors import SandboxFailed
from firefly.sandbox.backend import Instance, SandboxSpec, State
from firefly.sandbox.keeper import Keeper
from firefly.testing.faults import Crashing, NeverReady, Slow
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import House, is_in
from tests.support.waiting import eventually


async def test_a_hundred_requests_make_one_start(house: House) -> None:
    backend = Slow(MemoryBackend(house.folder))
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        requests = [asyncio.create_task(keeper.ensure(workspace)) for _ in range(100)]
        await eventually(lambda: backend.waiting == 1)
        assert keeper.running(workspace) is None
        assert (await keeper.status(workspace)).state is State.STARTING
        backend.gate.set()
        instances = set(await asyncio.gather(*requests))
        assert len(instances) == 1
        assert len(backend.started) == 1
        assert keeper.running(workspace) in instances


async def test_a_request_that_goes_away_does_not_end_the_start_of_others(house: House) -> None:
    backend = Slow(MemoryBackend(house.folder))
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        first, second = (asyncio.create_task(keeper.ensure(workspace)) for _ in range(2))
        await eventually(lambda: backend.waiting == 1)
        first.cancel()
        backend.gate.set()
        assert (await second).workspace_id == workspace


class OneSlow(MemoryBackend):
    """Only the first workspace's start waits."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gate = asyncio.Event()

    async def before_ready(self, spec: SandboxSpec) -> None:
        if spec == self.started[0]:
            await self.gate.wait()


async def test_workspaces_do_not_wait_for_each_other(house: House) -> None:
    backend = OneSlow(house.folder)
    async with house.open(backend) as keeper:
        slow, quick = await keeper.create_workspace(), await keeper.create_workspace()
        waiting = asyncio.create_task(keeper.ensure(slow))
        await eventually(lambda: len(backend.started) == 1)
        async with asyncio.timeout(30):
            assert (await keeper.ensure(quick)).workspace_id == quick
        assert not waiting.done()
        backend.gate.set()
        await waiting


@pytest.mark.parametrize("allowed", [1, 3])
async def test_no_more_than_the_allowed_number_start_at_once_first_come_first_served(
    house: House, allowed: int
) -> None:
    backend = Slow(MemoryBackend(house.folder))
    async with house.open(backend, simultaneous_starts=allowed) as keeper:
        workspaces = [await keeper.create_workspace() for _ in range(6)]
        starts = []
        for number, workspace in enumerate(workspaces):
            starts.append(asyncio.create_task(keeper.ensure(workspace)))
            if number < allowed:
                await eventually(lambda: backend.waiting == len(starts))
            else:
                place = f"{number - allowed} before it." if number > allowed else "it is next."
                await _waits(keeper, workspace, place)
        await eventually(lambda: backend.waiting == allowed)
        assert {spec.workspace_id for spec in backend.started} == set(workspaces[:allowed])
        backend.gate.set()
        await asyncio.gather(*starts)
        if allowed == 1:
            assert [spec.workspace_id for spec in backend.started] == workspaces


async def _waits(keeper: Keeper, workspace: UUID, place: str) -> None:
    async def told() -> bool:
        return (await keeper.status(workspace)).reason.endswith(place)

    await eventually(told)


async def test_a_failure_carries_the_output_and_starts_wait_longer_each_time(house: House) -> None:
    backend = Crashing(MemoryBackend(house.folder), crashes=3)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        for pause in (1, 2, 4):
            with pytest.raises(SandboxFailed) as failure:
                await keeper.ensure(workspace)
            assert "Traceback" in failure.value.output
            with pytest.raises(SandboxFailed) as early:
                await keeper.ensure(workspace)
            assert early.value.retry_after == pytest.approx(pause)
            house.clock.advance(pause)
        assert len(backend.started) == 3
        status = await keeper.status(workspace)
        assert (status.state, status.reason) == (State.FAILED, "The bridge ended with code 1.")
        assert "Traceback" in await keeper.logs(workspace)
        assert await keeper.ensure(workspace)


async def test_a_start_on_request_does_not_wait_out_the_pause(house: House) -> None:
    async with house.open(Crashing(MemoryBackend(house.folder), crashes=1)) as keeper:
        workspace = await keeper.create_workspace()
        with pytest.raises(SandboxFailed):
            await keeper.ensure(workspace)
        assert await keeper.ensure(workspace, insist=True)


async def test_a_bridge_that_never_answers_is_a_failure_with_a_reason(house: House) -> None:
    async with house.open(NeverReady(MemoryBackend(house.folder))) as keeper:
        workspace = await keeper.create_workspace()
        with pytest.raises(SandboxFailed, match="did not answer"):
            await keeper.ensure(workspace)
        assert (await keeper.status(workspace)).state is State.FAILED


async def test_a_crash_is_noticed_and_the_next_request_starts_anew(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        first = await keeper.ensure(workspace)
        house.clock.advance(3600)
        backend.end(first.id, code=7, output="boom")
        await eventually(lambda: keeper.running(workspace) is None)
        await eventually(lambda: is_in(keeper, workspace, State.FAILED))
        assert await keeper.logs(workspace) == "boom"
        house.clock.advance(1)
        assert (await keeper.ensure(workspace)).id != first.id


async def test_what_was_lost_with_its_machine_starts_by_itself_and_without_a_pause(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        first = await keeper.ensure(workspace)
        backend.lose(first.id)
        again = await eventually(lambda: other(keeper.running(workspace), first))
        assert list(await backend.list()) == [again]


def other(found: Instance | None, first: Instance) -> Instance | None:
    return found if found is not None and found.id != first.id else None


async def test_crashes_right_after_the_start_make_a_loop_of_growing_pauses(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        for pause in (1, 2, 4, 8):
            instance = await keeper.ensure(workspace)
            backend.end(instance.id, output="boom")
            await eventually(lambda: is_in(keeper, workspace, State.FAILED))
            with pytest.raises(SandboxFailed) as early:
                await keeper.ensure(workspace)
            assert early.value.retry_after == pytest.approx(pause)
            house.clock.advance(pause)
