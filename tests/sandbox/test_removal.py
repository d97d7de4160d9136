"""A removed workspace leaves nothing: no run, no files, no rows, nothing that was kept of it."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from firefly.errors import NotFound, SandboxFailed
from firefly.sandbox.backend import Instance
from firefly.testing.faults import Slow
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import House, row
from tests.support.waiting import eventually


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

    async def restore(self, workspace_id: UUID, instance: Instance, *, archived: bool = False) -> None:
        self.told.append(("restore", len(await self.backend.list())))

    async def seal(self, workspace_id: UUID, bridge: Path, gateway: Path) -> str:
        return ""

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
