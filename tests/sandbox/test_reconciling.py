"""A server that starts finds what runs, what has ended meanwhile, and what nobody wants."""

from firefly.sandbox.backend import State
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import Diary, House
from tests.support.waiting import eventually


async def test_sandboxes_outlive_the_server_and_are_adopted(house: House) -> None:
    first = MemoryBackend(house.folder)
    async with house.open(first) as keeper:
        workspace, gone = await keeper.create_workspace(), await keeper.create_workspace()
        instance = await keeper.ensure(workspace)
        ended = await keeper.ensure(gone)
    first.end(ended.id, output="it ended alone")
    second = house.keeper(MemoryBackend(house.folder, earlier=first))
    diary = Diary()
    second.observe(diary)
    await second.open()
    assert second.running(workspace) == instance
    assert diary.lines == [("started", instance.id)]
    status = await second.status(gone)
    assert (status.state, status.reason) == (State.FAILED, "The bridge ended with code 1.")
    assert await second.logs(gone) == "it ended alone"
    await second.close()


async def test_what_was_starting_when_the_server_was_killed_is_corrected(house: House) -> None:
    async with house.open() as keeper:
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
    async with house.open(MemoryBackend(house.folder / "empty")) as later:
        status = await later.status(workspace)
        assert (status.state, status.reason) == (State.FAILED, "It ended while the server was away.")
        assert await later.ensure(workspace)


async def test_workspaces_that_nobody_owns_are_cleared_at_the_next_start(house: House) -> None:
    async with house.open() as keeper:
        orphan = await keeper.workspaces.create(claimed=False)
    backend = MemoryBackend(house.folder)
    async with house.open(backend):
        assert await eventually(lambda: backend.removed == [orphan])


async def test_of_two_runs_of_one_workspace_the_later_one_is_kept(house: House) -> None:
    first = MemoryBackend(house.folder, clock=house.clock)
    async with house.open(first) as keeper:
        workspace = await keeper.create_workspace()
        earlier = await keeper.ensure(workspace)
        house.clock.advance(1)
        later = await first.create(first.started[0])
    backend = MemoryBackend(house.folder, earlier=first)
    async with house.open(backend) as again:
        assert again.running(workspace) == later
        assert list(await backend.list()) == [later]
        assert earlier != later


async def test_a_run_of_a_deleted_workspace_is_stopped_and_its_files_are_cleared(house: House) -> None:
    first = MemoryBackend(house.folder)
    async with house.open(first) as keeper:
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        await keeper.workspaces.mark_deleted(workspace)
    backend = MemoryBackend(house.folder, earlier=first)
    async with house.open(backend):
        assert list(await backend.list()) == []
        assert await eventually(lambda: backend.removed == [workspace])
