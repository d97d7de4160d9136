"""What nobody uses is frozen, then stopped; whoever needs a frozen one wakes it."""

import asyncio

import pytest

from firefly.errors import Conflict, Unavailable
from firefly.sandbox.backend import Capabilities, State
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import House, is_in
from tests.support.waiting import eventually


async def test_an_idle_sandbox_is_stopped_and_a_used_one_is_not(house: House) -> None:
    async with house.open(idle_stop=600) as keeper:
        idle, used = await keeper.create_workspace(), await keeper.create_workspace()
        await keeper.ensure(idle)
        await keeper.ensure(used)
        house.clock.advance(590)
        keeper.touch(used)
        stops_at = (await keeper.status(used)).stops_at
        assert stops_at is not None
        assert (stops_at - house.clock.now()).total_seconds() == pytest.approx(600)
        house.clock.advance(20)
        await keeper.sweep()
        assert keeper.running(used) is not None
        status = await keeper.status(idle)
        assert (status.state, status.stops_at) == (State.STOPPED, None)
        assert status.reason == "Nothing happened in it for 10 min."


async def test_an_idle_sandbox_is_frozen_woken_by_use_and_stopped_in_the_end(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend, idle_freeze=600, idle_stop=3600) as keeper:
        workspace_id = await keeper.create_workspace()
        first = await keeper.ensure(workspace_id)
        house.clock.advance(601)
        await keeper.sweep()
        status = await keeper.status(workspace_id)
        assert (status.state, status.reason) == (State.FROZEN, "Nothing happened in it for 10 min.")
        assert (backend.frozen(first.id), keeper.running(workspace_id), status.freezes_at) == (True, None, None)
        assert await keeper.ensure(workspace_id) == first
        assert (backend.frozen(first.id), keeper.running(workspace_id)) == (False, first)
        house.clock.advance(601)
        await keeper.sweep()
        keeper.touch(workspace_id)
        await eventually(lambda: keeper.running(workspace_id) == first)
        house.clock.advance(601)
        await keeper.sweep()
        house.clock.advance(3000)
        await keeper.sweep()
        status = await keeper.status(workspace_id)
        assert (status.state, status.reason) == (State.STOPPED, "Nothing happened in it for 60 min.")


async def test_what_was_before_it_was_frozen_is_told_late_and_does_not_wake_it(house: House) -> None:
    async with house.open() as keeper:
        workspace_id = await keeper.create_workspace()
        instance = await keeper.ensure(workspace_id)
        house.clock.advance(10)
        before = house.clock.monotonic()
        house.clock.advance(1)
        await keeper.freeze(workspace_id, "On request.")
        keeper.touch(workspace_id, before)
        assert [task.get_name() for task in asyncio.all_tasks() if "sandbox-wake" in task.get_name()] == []
        assert (await keeper.status(workspace_id)).state is State.FROZEN
        keeper.touch(workspace_id, house.clock.monotonic())
        await eventually(lambda: keeper.running(workspace_id) == instance)


async def test_a_hundred_requests_wake_what_is_frozen_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, thawed = MemoryBackend(house.folder), list[str]()

    async def thaw(instance_id: str) -> None:
        thawed.append(instance_id)
        await MemoryBackend.thaw(backend, instance_id)

    monkeypatch.setattr(backend, "thaw", thaw)
    async with house.open(backend) as keeper:
        workspace_id = await keeper.create_workspace()
        instance = await keeper.ensure(workspace_id)
        await keeper.freeze(workspace_id, "On request.")
        assert set(await asyncio.gather(*(keeper.ensure(workspace_id) for _ in range(100)))) == {instance}
        assert thawed == [instance.id]
        assert not backend.frozen(instance.id)


async def test_a_request_while_it_is_being_frozen_finds_it_awake(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    backend, begun, go_on = MemoryBackend(house.folder), asyncio.Event(), asyncio.Event()

    async def freeze(instance_id: str) -> None:
        begun.set()
        await go_on.wait()
        await MemoryBackend.freeze(backend, instance_id)

    monkeypatch.setattr(backend, "freeze", freeze)
    async with house.open(backend) as keeper:
        workspace_id = await keeper.create_workspace()
        instance = await keeper.ensure(workspace_id)
        async with asyncio.TaskGroup() as group:
            group.create_task(keeper.freeze(workspace_id, "On request."))
            await begun.wait()
            assert keeper.running(workspace_id) is None
            request = group.create_task(keeper.ensure(workspace_id))
            go_on.set()
        assert request.result() == instance
        assert not backend.frozen(instance.id)
        assert keeper.running(workspace_id) == instance


async def test_a_freezer_that_fails_leaves_it_running(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = MemoryBackend(house.folder)

    async def freeze(instance_id: str) -> None:
        raise Unavailable("The sandbox cannot be frozen: a process does not let itself be frozen.")

    monkeypatch.setattr(backend, "freeze", freeze)
    async with house.open(backend, idle_freeze=600) as keeper:
        workspace_id = await keeper.create_workspace()
        instance = await keeper.ensure(workspace_id)
        house.clock.advance(601)
        await keeper.sweep()
        status = await keeper.status(workspace_id)
        assert (status.state, keeper.running(workspace_id)) == (State.RUNNING, instance)
        assert "does not let itself be frozen" in status.reason
        assert status.freezes_at is not None
        assert status.freezes_at > house.clock.now()


async def test_what_cannot_be_woken_is_told_and_can_still_be_stopped(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = MemoryBackend(house.folder)

    async def thaw(instance_id: str) -> None:
        raise Unavailable("The sandbox cannot be woken: Input/output error.")

    monkeypatch.setattr(backend, "thaw", thaw)
    async with house.open(backend) as keeper:
        workspace_id = await keeper.create_workspace()
        await keeper.ensure(workspace_id)
        await keeper.freeze(workspace_id, "On request.")
        with pytest.raises(Unavailable, match="cannot be woken"):
            await keeper.ensure(workspace_id)
        await keeper.stop(workspace_id, "Asked.")
        assert (await keeper.status(workspace_id)).state is State.STOPPED


async def test_what_ends_while_it_is_frozen_is_started_anew(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend) as keeper:
        workspace_id = await keeper.create_workspace()
        first = await keeper.ensure(workspace_id)
        await keeper.freeze(workspace_id, "On request.")
        await backend.stop(first.id, reason="The machine shuts down.")
        await eventually(lambda: keeper.running(workspace_id) is None)
        second = await keeper.restart(workspace_id)
        assert second != first
        assert keeper.running(workspace_id) == second


async def test_only_what_runs_can_be_frozen_and_only_where_the_machine_can(house: House) -> None:
    async with house.open() as keeper:
        with pytest.raises(Conflict, match="does not run"):
            await keeper.freeze(await keeper.create_workspace(), "On request.")
    without = MemoryBackend(house.folder, capabilities=Capabilities(isolated=True, lacks=(), limits="rlimit"))
    async with house.open(without, idle_freeze=600) as keeper:
        workspace_id = await keeper.create_workspace()
        await keeper.ensure(workspace_id)
        with pytest.raises(Conflict, match="Stop it instead"):
            await keeper.freeze(workspace_id, "On request.")
        house.clock.advance(601)
        await keeper.sweep()
        status = await keeper.status(workspace_id)
        assert (status.state, status.freezes_at) == (State.RUNNING, None)


async def test_what_was_frozen_is_adopted_frozen_with_its_reason(house: House) -> None:
    earlier = MemoryBackend(house.folder)
    async with house.open(earlier) as keeper:
        workspace_id = await keeper.create_workspace()
        instance = await keeper.ensure(workspace_id)
        await keeper.freeze(workspace_id, "Frozen by ada.")
    later = MemoryBackend(house.folder, earlier=earlier)
    async with house.open(later) as keeper:
        status = await keeper.status(workspace_id)
        assert (status.state, status.reason) == (State.FROZEN, "Frozen by ada.")
        assert await keeper.ensure(workspace_id) == instance
        assert not later.frozen(instance.id)


async def test_sweeps_go_on_after_one_that_failed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [RuntimeError("a mistake"), OSError("no more processes")]
    async with house.open(idle_stop=0.04) as keeper:
        sweep = keeper._sweeping.sweep

        async def sometimes() -> None:
            if failures:
                raise failures.pop()
            await sweep()

        monkeypatch.setattr(keeper._sweeping, "sweep", sometimes)
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        house.clock.advance(1)
        await eventually(lambda: is_in(keeper, workspace, State.STOPPED))
        assert failures == []
