"""The keeper, on a real database and the backend in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from firefly.bus import Bus
from firefly.errors import Conflict, NotFound, SandboxFailed, Unavailable
from firefly.sandbox.backend import Capabilities, Instance, SandboxBackend, SandboxSpec, State
from firefly.sandbox.keeper import Keeper
from firefly.sandbox.workspaces import Workspaces
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from firefly.testing.faults import Crashing, NeverReady, Slow
from firefly.testing.sandbox import MemoryBackend
from tests.support.waiting import eventually


class Source:
    """A spec for every workspace of the table."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.workspaces = Workspaces(database, clock)

    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        return SandboxSpec(workspace_id, await self.workspaces.uid(workspace_id))


class Diary:
    """An observer that writes down what it is told."""

    def __init__(self, keeper: Keeper | None = None) -> None:
        self.keeper = keeper
        self.lines: list[tuple[str, str]] = []

    async def started(self, workspace_id: UUID, instance: Instance) -> None:
        if self.keeper is not None:
            assert self.keeper.running(workspace_id) is None
            assert self.keeper.gateway_path(workspace_id).is_dir()
        self.lines.append(("started", instance.id))

    async def ended(self, workspace_id: UUID, instance: Instance) -> None:
        self.lines.append(("ended", instance.id))


class House:
    """Makes keepers on one database, as one server after another would."""

    def __init__(self, database: Database, bus: Bus, settings: Settings, clock: ManualClock, folder: Path) -> None:
        self.database, self.bus, self.settings, self.clock, self.folder = database, bus, settings, clock, folder
        self.memory = 1.0

    def keeper(self, backend: SandboxBackend | None = None, **settings: object) -> Keeper:
        changed = self.settings.model_copy(update={"prepared_sandboxes": 0, **settings})
        return Keeper(
            backend=backend or MemoryBackend(self.folder),
            database=self.database,
            bus=self.bus,
            source=Source(self.database, self.clock),
            settings=changed,
            clock=self.clock,
            available_memory=lambda: self.memory,
        )

    @asynccontextmanager
    async def open(
        self, backend: SandboxBackend | None = None, *, stop_all: bool = False, **settings: object
    ) -> AsyncIterator[Keeper]:
        backend = backend or MemoryBackend(self.folder)
        await backend.open()
        keeper = self.keeper(backend, **settings)
        await keeper.open()
        try:
            yield keeper
        finally:
            await keeper.close(stop_all=stop_all)
            await backend.close()


@pytest.fixture
def house(database: Database, bus: Bus, settings: Settings, clock: ManualClock, tmp_path: Path) -> House:
    return House(database, bus, settings, clock, tmp_path / "memory")


async def row(database: Database, workspace_id: UUID) -> Any:
    async with database.connection() as connection:
        return await connection.fetchrow("select * from sandboxes where workspace_id = $1", workspace_id)


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
        async with asyncio.timeout(2):
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
        async with asyncio.timeout(5):
            async for event in events:
                assert event.kind == "sandbox.changed"
                assert event.data["workspace_id"] == str(workspace)
                assert event.data["reason"]
                states.append(event.data["state"])
                if event.data["state"] == "stopped":
                    break
        assert states == ["starting", "running", "stopping", "stopped"]


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
        await eventually(lambda: _is(keeper, workspace, State.FAILED))
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


async def _is(keeper: Keeper, workspace: UUID, state: State) -> bool:
    return (await keeper.status(workspace)).state is state


async def test_crashes_right_after_the_start_make_a_loop_of_growing_pauses(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        for pause in (1, 2, 4, 8):
            instance = await keeper.ensure(workspace)
            backend.end(instance.id, output="boom")
            await eventually(lambda: _is(keeper, workspace, State.FAILED))
            with pytest.raises(SandboxFailed) as early:
                await keeper.ensure(workspace)
            assert early.value.retry_after == pytest.approx(pause)
            house.clock.advance(pause)


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


async def test_stop_ends_a_start_under_way(house: House) -> None:
    backend = Slow(MemoryBackend(house.folder))
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        start = asyncio.create_task(keeper.ensure(workspace))
        await eventually(lambda: backend.waiting == 1)
        await keeper.stop(workspace, "Stopped by ada.")
        with pytest.raises(SandboxFailed, match="stopped"):
            await start
        assert await _is(keeper, workspace, State.STOPPED)
        assert list(await backend.list()) == []


async def test_restart_makes_another_run(house: House) -> None:
    async with house.open() as keeper:
        workspace = await keeper.create_workspace()
        first = await keeper.ensure(workspace)
        second = await keeper.restart(workspace)
        assert first.id != second.id
        assert keeper.running(workspace) == second


async def test_stop_of_what_does_not_run_is_no_error(house: House) -> None:
    async with house.open() as keeper:
        workspace = await keeper.create_workspace()
        await keeper.stop(workspace, "nothing")
        assert (await keeper.status(workspace)).state is State.ABSENT
        assert await keeper.logs(workspace) == ""
        with pytest.raises(Unavailable):
            keeper.bridge_path(workspace)


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


async def test_close_stops_all_when_asked_to(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend, stop_all=True, prepared_sandboxes=1) as keeper:
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        await eventually(lambda: len(keeper.pool) == 1)
    assert list(await backend.list()) == []
    assert (await row(house.database, workspace))["reason"] == "The server was shut down."


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


async def test_remove_deletes_sandbox_workspace_and_rows(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        await keeper.remove(workspace)
        assert backend.removed == [workspace]
        assert await row(house.database, workspace) is None
        with pytest.raises(NotFound):
            await keeper.ensure(workspace)


@dataclass
class Safe:
    """Says what was asked of it, and whether anything ran then."""

    backend: MemoryBackend
    told: list[tuple[str, int]] = field(default_factory=list)

    async def restore(self, workspace_id: UUID, instance: Instance) -> None:
        self.told.append(("restore", len(await self.backend.list())))

    async def save(self, workspace_id: UUID, instance: Instance) -> None:
        self.told.append(("save", len(await self.backend.list())))

    async def forget(self, workspace_id: UUID) -> None:
        self.told.append(("forget", len(await self.backend.list())))


async def test_what_was_kept_of_a_deleted_workspace_goes_when_nothing_saves_any_more(house: House) -> None:
    backend = MemoryBackend(house.folder)
    safe = Safe(backend)
    async with house.open(backend) as keeper:
        keeper.save_in(safe)
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        await keeper.remove(workspace)
    assert safe.told == [("restore", 1), ("save", 1), ("forget", 0)]


async def test_workspaces_that_nobody_owns_are_cleared_at_the_next_start(house: House) -> None:
    async with house.open() as keeper:
        orphan = await keeper.workspaces.create(claimed=False)
    backend = MemoryBackend(house.folder)
    async with house.open(backend):
        assert await eventually(lambda: backend.removed == [orphan])


async def test_each_workspace_has_a_user_of_its_own(house: House) -> None:
    async with house.open() as keeper:
        uids = [await keeper.workspaces.uid(await keeper.create_workspace()) for _ in range(3)]
    assert len(set(uids)) == 3
    assert min(uids) > 1_862_270_976


async def test_a_database_that_is_away_stops_no_sandbox(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from firefly.errors import DatabaseUnavailable

    def away(*_: object) -> None:
        raise DatabaseUnavailable("gone")

    async with house.open() as keeper:
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        monkeypatch.setattr(house.database, "transaction", away)
        await keeper.stop(workspace, "enough")
        assert await _is(keeper, workspace, State.STOPPED)


async def test_output_that_a_database_cannot_hold_is_no_obstacle(house: House) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        instance = await keeper.ensure(workspace)
        backend.end(instance.id, output="before\0after")
        await eventually(lambda: _is(keeper, workspace, State.FAILED))
        assert (await row(house.database, workspace))["output"] == "before\ufffdafter"


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
        await eventually(lambda: _is(keeper, workspace, State.STOPPED))
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


async def test_a_request_during_the_removal_leaves_nothing_running(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = MemoryBackend(house.folder)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        await keeper.ensure(workspace)
        mark = keeper.workspaces.mark_deleted

        async def mark_late(workspace_id: UUID) -> None:
            await keeper.ensure(workspace_id)
            await mark(workspace_id)

        monkeypatch.setattr(keeper.workspaces, "mark_deleted", mark_late)
        await keeper.remove(workspace)
        assert list(await backend.list()) == []
        assert backend.removed == [workspace]
        with pytest.raises(NotFound):
            await keeper.ensure(workspace)


async def test_removal_ends_a_start_under_way(house: House) -> None:
    inner = MemoryBackend(house.folder)
    backend = Slow(inner)
    async with house.open(backend) as keeper:
        workspace = await keeper.create_workspace()
        start = asyncio.create_task(keeper.ensure(workspace))
        await eventually(lambda: backend.waiting == 1)
        await keeper.remove(workspace)
        with pytest.raises(SandboxFailed, match="stopped"):
            await start
        backend.gate.set()
        assert list(await backend.list()) == []
        assert inner.removed == [workspace]


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
    await eventually(lambda: _is(keeper, workspace, State.FAILED))
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
        await eventually(lambda: _is(keeper, workspace, State.FAILED))
        gate.set()
        await start

        async def is_written() -> bool:
            return bool((await row(house.database, workspace))["state"] == "failed")

        assert await eventually(is_written)


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
        await eventually(lambda: _is(keeper, workspace, State.STOPPED))
        assert failures == []
