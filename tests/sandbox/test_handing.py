"""A keeper that lets go: nothing is ended, nothing is started twice, and whoever comes meanwhile waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from firefly.bus import Bus
from firefly.errors import TimedOut
from firefly.sandbox import handing
from firefly.sandbox.backend import SandboxBackend, State
from firefly.sandbox.handing import HandingKeeper
from firefly.sandbox.keeper import Wishes
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from firefly.testing.faults import Slow
from firefly.testing.sandbox import MemoryBackend
from tests.support.waiting import eventually

from .keeping import Source, opened


class Successor:
    """Hands each call to the keeper that it stands for, once that is there."""

    def __init__(self) -> None:
        self.keeper: HandingKeeper | None = None
        self.decided = asyncio.Event()
        self.touched: list[object] = []

    def arrive(self, keeper: HandingKeeper | None) -> None:
        self.keeper = keeper
        self.decided.set()

    async def comes(self) -> bool:
        await self.decided.wait()
        return self.keeper is not None

    async def call(self, name: str, *values: Any) -> Any:
        if name == "ensure":
            return await cast(HandingKeeper, self.keeper).ensure(values[0], insist=values[1])
        return await getattr(self.keeper, name)(*values)

    def note(self, name: str, *values: object) -> None:
        self.touched += values


class House:
    """Keepers on one database and, as it were, one machine."""

    def __init__(self, database: Database, bus: Bus, settings: Settings, clock: ManualClock, folder: Path) -> None:
        self.database, self.bus, self.clock, self.folder = database, bus, clock, folder
        self.settings = settings.model_copy(update={"prepared_sandboxes": 0})

    @asynccontextmanager
    async def open(self, backend: SandboxBackend, *, stop_all: bool = False) -> AsyncIterator[HandingKeeper]:
        def make() -> HandingKeeper:
            return HandingKeeper(
                backend=backend, database=self.database, bus=self.bus, source=Source(self.database, self.clock),
                settings=self.settings, clock=self.clock, available_memory=lambda: 1.0,
            )  # fmt: skip

        async with opened(backend, make, stop_all=stop_all) as keeper:
            yield keeper


@pytest.fixture
def house(database: Database, bus: Bus, settings: Settings, clock: ManualClock, tmp_path: Path) -> House:
    return House(database, bus, settings, clock, tmp_path / "memory")


async def test_the_successor_is_asked_for_everything_and_nothing_is_ended(house: House) -> None:
    first, successor = MemoryBackend(house.folder), Successor()
    async with house.open(first, stop_all=True) as keeper:
        workspace = await keeper.create_workspace()
        instance = await keeper.ensure(workspace)
        await keeper.let_go(successor)
        early = asyncio.create_task(keeper.ensure(workspace))
        second = MemoryBackend(house.folder, earlier=first)
        async with house.open(second, stop_all=True) as other:
            assert not early.done()
            successor.arrive(other)
            assert await early == instance
            assert (await keeper.status(workspace)).reason == "Found running when the server started."
            again = await keeper.restart(workspace)
            assert again.id != instance.id
            assert keeper.running(workspace) == other.running(workspace) == again
            await keeper.stop(workspace, "Stopped by a test.")
            assert (await other.status(workspace)).state is State.STOPPED
            await keeper.ask(workspace, Wishes(stop=60))
            assert (await other.asked(workspace)).terms.stop == 60
            keeper.touch(workspace)
            assert successor.touched == [workspace]
            fresh = await keeper.create_workspace()
            await keeper.ensure(fresh)
            assert other.running(fresh) is not None
            await keeper.close(stop_all=True)
            assert other.running(fresh) is not None
    assert len(first.started) == 1


async def test_what_was_begun_is_finished_before_it_lets_go(house: House) -> None:
    backend, successor = Slow(MemoryBackend(house.folder)), Successor()
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        starting = asyncio.create_task(keeper.ensure(workspace))
        await eventually(lambda: backend.waiting == 1)
        letting_go = asyncio.create_task(keeper.let_go(successor))
        later = asyncio.create_task(keeper.ensure(await keeper.create_workspace()))
        await asyncio.sleep(0)
        assert not letting_go.done()
        backend.gate.set()
        await asyncio.wait_for(letting_go, 30)
        assert (await starting).workspace_id == workspace
        assert len(backend.started) == 1
        assert not later.done()
        later.cancel()


async def test_one_that_cannot_let_go_keeps_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing, "SETTLE_LIMIT", 0.05)
    backend, successor = Slow(MemoryBackend(house.folder)), Successor()
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        starting = asyncio.create_task(keeper.ensure(workspace))
        await eventually(lambda: backend.waiting == 1)
        with pytest.raises(TimedOut):
            await keeper.let_go(successor)
        backend.gate.set()
        assert (await starting).workspace_id == workspace
        assert (await keeper.status(workspace)).state is State.RUNNING


async def test_what_is_taken_back_serves_those_who_waited(house: House) -> None:
    backend, successor = MemoryBackend(house.folder), Successor()
    async with house.open(backend) as keeper:
        workspace, other = await keeper.create_workspace(), await keeper.create_workspace()
        instance = await keeper.ensure(workspace)
        await keeper.let_go(successor)
        waiting = [asyncio.create_task(keeper.ensure(each)) for each in (workspace, other)]
        successor.arrive(None)
        await keeper.take_back()
        assert (await waiting[0]) == instance
        assert (await waiting[1]).workspace_id == other
        assert len(backend.started) == 2
