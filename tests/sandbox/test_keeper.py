"""The keeper, on a real database and the backend in memory."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from firefly.errors import DatabaseUnavailable, NotFound, Unavailable
from firefly.sandbox.backend import Instance, State
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import Diary, House, is_in, row
from tests.support.waiting import eventually


async def test_each_change_is_written_and_told_with_its_reason(house: House) -> None:
    async with house.open() as keeper, house.bus.subscribe("events") as events:
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        written = await row(house.database, workspace)
        assert (written["state"], written["reason"]) == ("running", "Started.")
        await keeper.stop(workspace, "Stopped by ada.")
        written = await row(house.database, workspace)
        assert (written["state"], written["reason"]) == ("stopped", "Stopped by ada.")
        states = []
        async with asyncio.timeout(30):
            async for event in events:
                assert event.kind == "sandbox.changed"
                assert event.data["workspace_id"] == str(workspace)
                assert event.data["reason"]
                states.append(event.data["state"])
                if event.data["state"] == "stopped":
                    break
        assert states == ["starting", "running", "stopping", "stopped"]


async def test_restart_makes_another_run(house: House) -> None:
    async with house.open() as keeper:
        workspace = await keeper.create_workspace()
        first = await keeper.ensure(workspace)
        second = await keeper.restart(workspace)
        assert first.id != second.id
        assert keeper.running(workspace) == second


async def test_an_unknown_workspace_is_not_found(house: House) -> None:
    async with house.open() as keeper:
        with pytest.raises(NotFound):
            await keeper.ensure(uuid4())


async def test_connect_starts_the_sandbox_first(house: House) -> None:
    backend = MemoryBackend(house.folder)

    async def hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()

    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        backend.listen(workspace, 3000, hello)
        instance, connection = await keeper.connect(workspace, 3000)
        with connection:
            assert await asyncio.get_running_loop().sock_recv(connection, 10) == b"hello"
        assert keeper.running(workspace) == instance
        with pytest.raises(Unavailable):
            await keeper.connect(workspace, 4000)


async def test_observers_hear_of_a_run_before_others_use_it(house: House) -> None:
    keeper = house.keeper()
    diary = Diary(keeper)
    keeper.observe(diary)
    await keeper.open()
    workspace = await keeper.create_workspace()
    instance = await keeper.ensure(workspace)
    await keeper.stop(workspace, "enough")
    assert diary.lines == [("started", instance.id), ("ended", instance.id)]
    await keeper.close()


async def test_an_observer_that_fails_does_not_keep_the_sandbox_from_running(house: House) -> None:
    class Broken(Diary):
        async def started(self, workspace_id: UUID, instance: Instance) -> None:
            raise OSError("no space")

    keeper = house.keeper()
    keeper.observe(Broken())
    await keeper.open()
    workspace = await keeper.create_workspace()
    assert await keeper.ensure(workspace) == keeper.running(workspace)
    await keeper.close()


async def test_each_workspace_has_a_user_of_its_own(house: House) -> None:
    async with house.open() as keeper:
        uids = [await keeper.workspaces.uid(await keeper.create_workspace()) for _ in range(3)]
    assert len(set(uids)) == 3
    assert min(uids) > 1_862_270_976


async def test_what_a_start_needs_to_know_is_asked_at_once(house: House) -> None:
    async with house.open() as keeper, house.database.connection() as connection:
        workspaces, layer = keeper.workspaces, uuid4()
        plain = await workspaces.create(claimed=True)
        await connection.execute(
            "insert into layers (id, depth, uid, template, origin, reaches, size, files, created_at)"
            " values ($1, 1, 1, 'static', '', '', 0, 0, now())", layer,
        )  # fmt: skip
        on_layer = await workspaces.create(claimed=True, layer_id=layer)
        before, raised = await workspaces.standing(plain), await workspaces.raise_epoch(plain)
        assert (before.uid, before.layered) == (await workspaces.uid(plain), False)
        assert raised == replace(before, epoch=before.epoch + 1) == await workspaces.standing(plain)
        assert (await workspaces.standing(on_layer)).layered
        for ask in (workspaces.standing, workspaces.raise_epoch):
            with pytest.raises(NotFound):
                await ask(uuid4())


async def test_a_database_that_is_away_stops_no_sandbox(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnavailable("gone")

    async with house.open() as keeper:
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        monkeypatch.setattr(house.database, "transaction", away)
        await keeper.stop(workspace, "enough")
        assert await is_in(keeper, workspace, State.STOPPED)


async def test_output_that_a_database_cannot_hold_is_no_obstacle(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        instance = await keeper.ensure(workspace)
        backend.end(instance.id, output="before\0after")

        async def written() -> Any:
            return (await row(house.database, workspace))["output"]

        assert await eventually(written) == "before\ufffdafter"


async def test_what_an_observer_raises_ends_no_watching(house: House) -> None:
    class Broken(Diary):
        async def ended(self, workspace_id: UUID, instance: Instance) -> None:
            raise RuntimeError("a mistake")

    backend = MemoryBackend(house.folder)
    keeper = house.keeper(backend)
    keeper.observe(Broken())
    await keeper.open()
    workspace = await keeper.create_workspace()
    first = await keeper.ensure(workspace)
    backend.end(first.id)
    await eventually(lambda: is_in(keeper, workspace, State.FAILED))
    assert (await keeper.ensure(workspace, insist=True)).id != first.id
    await keeper.close()


async def test_the_table_ends_with_the_last_change(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends while its beginning is written down."""
    backend = MemoryBackend(house.folder)
    gate, written = asyncio.Event(), asyncio.Event()

    async with house.open(backend) as keeper:
        put = keeper._records.put

        async def slowly(record: Any, times: Any) -> None:
            if record.state is State.RUNNING:
                written.set()
                await gate.wait()
            await put(record, times)

        monkeypatch.setattr(keeper._records, "put", slowly)
        workspace = await keeper.create_workspace()
        start = asyncio.create_task(keeper.ensure(workspace))
        await written.wait()
        backend.end((await backend.list())[0].id)
        await eventually(lambda: is_in(keeper, workspace, State.FAILED))
        gate.set()
        await start

        async def is_written() -> bool:
            return bool((await row(house.database, workspace))["state"] == "failed")

        assert await eventually(is_written)
