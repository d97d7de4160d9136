"""The keeper with real sandboxes: the pool, a server that is killed, and the next one."""

from uuid import UUID

import pytest

from firefly.bus import Bus
from firefly.clock import SystemClock
from firefly.sandbox.backend import SandboxSpec, State
from firefly.sandbox.detection import Machine
from firefly.sandbox.keeper import Keeper
from firefly.sandbox.process import ProcessBackend
from firefly.sandbox.workspaces import Workspaces
from firefly.settings import Settings
from firefly.store import Database
from tests.sandbox.conftest import COMMAND, ask
from tests.support.waiting import eventually


class Server:
    """What one run of the server holds."""

    def __init__(self, database: Database, bus: Bus, settings: Settings, machine: Machine) -> None:
        self.backend = ProcessBackend(settings, machine=machine, bridge=COMMAND)
        self._workspaces = Workspaces(database, SystemClock())
        self.keeper = Keeper(backend=self.backend, database=database, bus=bus, source=self, settings=settings)

    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        return SandboxSpec(workspace_id, await self._workspaces.uid(workspace_id))

    async def open(self) -> Keeper:
        await self.backend.open()
        await self.keeper.open()
        return self.keeper

    async def close(self, *, stop_all: bool = False) -> None:
        await self.keeper.close(stop_all=stop_all)
        await self.backend.close()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"prepared_sandboxes": 1})


async def test_a_prepared_sandbox_is_there_at_once(
    database: Database, bus: Bus, settings: Settings, machine: Machine
) -> None:
    server = Server(database, bus, settings, machine)
    keeper = await server.open()
    await eventually(lambda: len(keeper.pool) == 1)
    (standing,) = await server.backend.list()
    prepared = await keeper.claim_prepared()
    assert prepared is not None
    assert prepared.instance.id == standing.id, "nothing was started for it"
    assert "pid" in await ask(keeper.bridge_path(prepared.workspace_id))
    await server.close(stop_all=True)
    assert list((settings.run_dir / "sandboxes").iterdir()) == []


async def test_a_server_that_was_killed_is_followed_by_one_that_finds_all(
    database: Database, bus: Bus, settings: Settings, machine: Machine
) -> None:
    first = Server(database, bus, settings, machine)
    keeper = await first.open()
    running, idle = await keeper.create_workspace(), await keeper.create_workspace()
    instance = await keeper.ensure(running)
    await keeper.ensure(idle)
    await keeper.stop(idle, "Nobody needs it.")
    pid = (await ask(keeper.bridge_path(running)))["pid"]
    await first.close()

    second = Server(database, bus, settings, machine)
    later = await second.open()
    assert later.running(running) == instance
    assert (await ask(later.bridge_path(running)))["pid"] == pid
    status = await later.status(running)
    assert (status.state, status.reason) == (State.RUNNING, "Found running when the server started.")
    assert status.usage is not None
    assert status.usage.memory > 0
    stopped = await later.status(idle)
    assert (stopped.state, stopped.reason) == (State.STOPPED, "Nobody needs it.")
    await later.remove(running)
    assert not (settings.data_dir / "workspaces" / str(running)).exists()
    await second.close(stop_all=True)
