"""What bridges say decides about idle steps, as far as a run may last at all."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from firefly.errors import InvalidInput, TimedOut
from firefly.sandbox.backend import State
from firefly.sandbox.keeper import Keeper, Sight, Wishes
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import House

GIB = 1 << 30


@dataclass
class Bridge:
    """Says for every sandbox what the test wants; `error` is raised instead."""

    sight: Sight = field(default_factory=Sight)
    error: Exception | None = None
    asked: int = 0

    async def look(self, workspace_id: UUID) -> Sight:
        self.asked += 1
        if self.error:
            raise self.error
        return self.sight


async def state(keeper: Keeper, workspace_id: UUID) -> State:
    return (await keeper.status(workspace_id)).state


async def test_what_is_in_the_middle_of_something_is_neither_frozen_nor_stopped(house: House) -> None:
    bridge = Bridge(Sight(busy=("npm ci runs",)))
    async with house.open(idle_freeze=600, idle_stop=3600) as keeper:
        keeper.inform_by(bridge)
        workspace_id = await keeper.create_workspace()
        await keeper.ensure(workspace_id)
        for _ in range(3):
            house.clock.advance(4000)
            await keeper.sweep()
        status = await keeper.status(workspace_id)
        assert (status.state, status.busy) == (State.RUNNING, ("npm ci runs",))
        assert status.freezes_at == house.clock.now() + timedelta(seconds=600)
        bridge.sight = Sight()
        await keeper.sweep()
        house.clock.advance(601)
        await keeper.sweep()
        assert await state(keeper, workspace_id) is State.FROZEN


async def test_a_run_ends_at_its_age_whatever_its_bridge_says_and_by_another_server_too(house: House) -> None:
    bridge, backend = Bridge(Sight(busy=("it says so",))), MemoryBackend(house.folder)
    async with house.open(backend, sandbox_max_age=7 * 86400) as keeper:
        workspace_id = await keeper.create_workspace()
        await keeper.ensure(workspace_id)
        house.clock.advance(6 * 86400)
    again = MemoryBackend(house.folder, earlier=backend)
    async with house.open(again, sandbox_max_age=7 * 86400) as keeper:
        keeper.inform_by(bridge)
        keeper.touch(workspace_id)
        await keeper.sweep()
        status = await keeper.status(workspace_id)
        assert status.stops_at == house.clock.now() + timedelta(hours=1)
        house.clock.advance(86400)
        keeper.touch(workspace_id)
        await keeper.sweep()
        status = await keeper.status(workspace_id)
        assert status.state is State.STOPPED
        assert status.reason == "It ran for 7 d, the longest that one may. It starts anew when it is needed."


async def test_a_bridge_that_never_answers_keeps_nothing_awake(house: House) -> None:
    bridge = Bridge(error=TimedOut("too late"))
    async with house.open(idle_freeze=600) as keeper:
        keeper.inform_by(bridge)
        workspace_id = await keeper.create_workspace()
        await keeper.ensure(workspace_id)
        for _ in range(3):
            house.clock.advance(601)
            await keeper.sweep()
            assert await state(keeper, workspace_id) is State.RUNNING
        assert (await keeper.status(workspace_id)).busy == ("its project server does not answer",)
        house.clock.advance(601)
        await keeper.sweep()
        assert await state(keeper, workspace_id) is State.FROZEN


async def test_what_was_frozen_by_hand_in_the_middle_of_something_is_not_stopped_in_its_sleep(house: House) -> None:
    async with house.open(idle_stop=3600, sandbox_max_age=86400) as keeper:
        keeper.inform_by(Bridge(Sight(busy=("a command runs",))))
        workspace_id = await keeper.create_workspace()
        await keeper.ensure(workspace_id)
        await keeper.freeze(workspace_id, "On request.")
        house.clock.advance(4000)
        await keeper.sweep()
        assert await state(keeper, workspace_id) is State.FROZEN
        house.clock.advance(86400)
        await keeper.sweep()
        assert await state(keeper, workspace_id) is State.STOPPED


async def test_only_what_was_used_is_looked_at_again(house: House) -> None:
    bridge = Bridge()
    async with house.open() as keeper:
        keeper.inform_by(bridge)
        workspace_id = await keeper.create_workspace()
        await keeper.ensure(workspace_id)
        for _ in range(5):
            house.clock.advance(1)
            await keeper.sweep()
        assert bridge.asked == 1
        keeper.touch(workspace_id)
        await keeper.sweep()
        assert bridge.asked == 2


async def test_what_firefly_yml_asks_for_holds_at_once_and_for_limits_from_the_next_start_on(house: House) -> None:
    backend = MemoryBackend(house.folder)
    bridge = Bridge(Sight(wishes=Wishes(freeze=60, stop=120, memory=GIB // 2)))
    async with house.open(backend) as keeper:
        keeper.inform_by(bridge)
        workspace_id = await keeper.create_workspace()
        await keeper.ensure(workspace_id)
        await keeper.sweep()
        status = await keeper.status(workspace_id)
        assert status.freezes_at == house.clock.now() + timedelta(seconds=60)
        assert (status.limits.memory, status.notes) == (
            GIB, ("Its limits were changed: it has the new ones when it is restarted.",)
        )  # fmt: skip
    async with house.open(MemoryBackend(house.folder, earlier=backend)) as keeper:
        status = await keeper.status(workspace_id)
        assert status.stops_at == house.clock.now() + timedelta(seconds=120)
        await keeper.restart(workspace_id)
        assert (await keeper.status(workspace_id)).limits.memory == GIB // 2


async def test_settings_of_a_project_are_kept_and_more_than_the_most_is_refused(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend) as keeper:
        workspace_id = await keeper.create_workspace()
        await keeper.ask(workspace_id, Wishes(pids=100, freeze=0, disk=GIB))
        with pytest.raises(InvalidInput, match="SANDBOX_PIDS_MAX"):
            await keeper.ask(workspace_id, Wishes(pids=100_000))
        await keeper.ensure(workspace_id)
        assert (backend.started[0].limits.pids, backend.started[0].limits.disk) == (100, GIB)
        assert (await keeper.status(workspace_id)).freezes_at is None
        assert (await keeper.asked(workspace_id)).settings == Wishes(pids=100, freeze=0, disk=GIB)


async def test_ports_are_told_when_they_open_and_close(house: House) -> None:
    bridge = Bridge(Sight(ports=(3000,)))
    async with house.open() as keeper, house.bus.subscribe("events") as events:
        keeper.inform_by(bridge)
        workspace_id = await keeper.create_workspace()
        await keeper.ensure(workspace_id)
        await keeper.sweep()
        assert (await keeper.status(workspace_id)).ports == (3000,)
        bridge.sight = Sight()
        keeper.touch(workspace_id)
        await keeper.sweep()
        told: list[object] = []
        async for event in events:
            if event.kind == "sandbox.ports":
                assert event.data["workspace_id"] == str(workspace_id)
                told.append(event.data["ports"])
                if len(told) == 2:
                    break
        assert told == [[3000], []]


async def test_a_server_that_does_not_keep_a_sandbox_tells_how_it_stands_and_which_ports_are_open(house: House) -> None:
    async with house.open(MemoryBackend(house.folder / "one"), node="one") as one:
        one.inform_by(Bridge(Sight(ports=(3000, 5173))))
        workspace_id = await one.create_workspace()
        async with house.open(MemoryBackend(house.folder / "two"), node="two") as two:
            assert await state(two, workspace_id) is State.ABSENT
            await one.ensure(workspace_id)
            await one.sweep()
            told, kept = await two.status(workspace_id), await one.status(workspace_id)
            assert (told.state, told.reason, told.since) == (State.RUNNING, kept.reason, kept.since)
            assert (told.ports, told.instance_id, told.limits) == ((3000, 5173), kept.instance_id, kept.limits)
            await one.stop(workspace_id, "Not needed.")
            told = await two.status(workspace_id)
            assert (told.state, told.reason, told.ports) == (State.STOPPED, "Not needed.", ())
