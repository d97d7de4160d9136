"""Keepers on a real database and the backend in memory, as one server after another would have them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from firefly.bus import Bus
from firefly.sandbox.backend import Instance, SandboxBackend, SandboxSpec, State
from firefly.sandbox.keeper import Keeper
from firefly.sandbox.workspaces import Workspaces
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from firefly.testing.sandbox import MemoryBackend

K = TypeVar("K", bound=Keeper)


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
        self.source: Callable[[Database, ManualClock], Source] = Source

    def keeper(self, backend: SandboxBackend | None = None, **settings: object) -> Keeper:
        changed = self.settings.model_copy(update={"prepared_sandboxes": 0, **settings})
        return Keeper(
            backend=backend or MemoryBackend(self.folder),
            database=self.database,
            bus=self.bus,
            source=self.source(self.database, self.clock),
            settings=changed,
            clock=self.clock,
            available_memory=lambda: self.memory,
        )

    @asynccontextmanager
    async def open(
        self, backend: SandboxBackend | None = None, *, stop_all: bool = False, **settings: object
    ) -> AsyncIterator[Keeper]:
        backend = backend or MemoryBackend(self.folder)
        async with opened(backend, lambda: self.keeper(backend, **settings), stop_all=stop_all) as keeper:
            yield keeper


@asynccontextmanager
async def opened(backend: SandboxBackend, make: Callable[[], K], *, stop_all: bool) -> AsyncIterator[K]:
    """A keeper, which is made when its backend is open."""
    await backend.open()
    keeper = make()
    await keeper.open()
    try:
        yield keeper
    finally:
        await keeper.close(stop_all=stop_all)
        await backend.close()


async def row(database: Database, workspace_id: UUID) -> Any:
    async with database.connection() as connection:
        return await connection.fetchrow("select * from sandboxes where workspace_id = $1", workspace_id)


async def is_in(keeper: Keeper, workspace: UUID, state: State) -> bool:
    return (await keeper.status(workspace)).state is state
