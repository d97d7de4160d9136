"""Archiving: after notice, of what nobody uses, never before all of it is kept elsewhere, and back when it is used."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.errors import SandboxFailed
from firefly.sandbox.archiving import QUIET
from firefly.sandbox.backend import Instance, State
from firefly.sandbox.keeper import Keeper
from firefly.testing.sandbox import MemoryBackend
from tests.sandbox.keeping import House
from tests.support.waiting import eventually

DAY = 86400.0


@dataclass
class Safe:
    """Keeps what it is told to, unless `why` says why not."""

    why: str = ""
    fails: str = ""
    sealed: list[UUID] = field(default_factory=list)
    brought_back: list[UUID] = field(default_factory=list)
    may_seal: asyncio.Event = field(default_factory=asyncio.Event)
    sealing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_seal.set()

    async def seal(self, workspace_id: UUID, bridge: Path, gateway: Path) -> str:
        self.sealing.set()
        await self.may_seal.wait()
        self.sealed.append(workspace_id)
        return self.why

    async def restore(self, workspace_id: UUID, instance: Instance, *, archived: bool = False) -> None:
        if archived:
            if self.fails:
                raise SandboxFailed(self.fails)
            self.brought_back.append(workspace_id)

    async def save(self, workspace_id: UUID, instance: Instance) -> None: ...

    async def forget(self, workspace_id: UUID) -> None: ...


@dataclass
class Attic:
    """A project's workspace in which there is a file, and nothing runs."""

    house: House
    keeper: Keeper
    backend: MemoryBackend
    safe: Safe
    workspace: UUID

    @property
    def folder(self) -> Path:
        return self.backend.workspace(self.workspace)

    async def pass_days(self, days: float) -> int:
        self.house.clock.advance(days * DAY)
        return await self.keeper.archiving.sweep()

    async def archived(self) -> None:
        assert await self.pass_days(23.1) == 0
        assert await self.pass_days(7.1) == 1

    async def state(self) -> str | None:
        async with self.house.database.connection() as connection:
            found: str | None = await connection.fetchval(
                "select archive from workspaces where id = $1", self.workspace
            )
        return found


@pytest.fixture
async def attic(house: House) -> AsyncIterator[Attic]:
    backend, safe = MemoryBackend(house.folder), Safe()
    async with opened(house, backend, safe) as keeper:
        workspace = await keeper.create_workspace()
        async with house.database.connection() as connection:
            account = await connection.fetchval(
                "insert into accounts (name, display_name) values ('ada', '') returning id"
            )
            await connection.execute(
                "insert into projects (id, owner_id, name, workspace_id) values ($1, $2, 'shop', $3)",
                uuid4(), account, workspace,
            )  # fmt: skip
        made = Attic(house, keeper, backend, safe, workspace)
        await keeper.ensure(workspace)
        made.folder.mkdir(parents=True)
        (made.folder / "file").write_text("mine")
        await keeper.stop(workspace, "Nobody needs it.")
        yield made


@asynccontextmanager
async def opened(house: House, backend: MemoryBackend, safe: Safe) -> AsyncIterator[Keeper]:
    await backend.open()
    keeper = house.keeper(backend)
    keeper.save_in(safe)
    await keeper.open()
    try:
        yield keeper
    finally:
        await keeper.close()


async def test_what_nobody_uses_is_archived_after_notice_and_returns_when_it_is_used(attic: Attic) -> None:
    assert await attic.pass_days(22.9) == 0
    assert (await attic.keeper.status(attic.workspace)).rest.archives_at is None
    async with attic.house.bus.subscribe("events") as events:
        assert await attic.pass_days(0.2) == 0
        async with asyncio.timeout(30):
            told = await anext(aiter(events))
    at = (await attic.keeper.status(attic.workspace)).rest.archives_at
    assert at is not None
    assert (told.kind, told.data["archives_at"]) == ("workspace.notice", at.isoformat())
    assert (at - attic.house.clock.now()).days == 7
    assert await attic.pass_days(6.9) == 0
    assert attic.folder.exists()
    assert await attic.pass_days(0.2) == 1
    assert not attic.folder.exists()
    assert attic.backend.started[-1].environment[QUIET] == "1"
    status = await attic.keeper.status(attic.workspace)
    assert (status.state, status.rest.archives_at) == (State.STOPPED, None)
    assert status.rest.archived_at is not None
    assert await attic.pass_days(60) == 0

    await attic.keeper.ensure(attic.workspace)
    assert QUIET not in attic.backend.started[-1].environment
    assert attic.safe.brought_back == [attic.workspace]
    assert (await attic.keeper.status(attic.workspace)).rest.archived_at is None
    assert await attic.state() is None


async def test_use_takes_the_notice_back(attic: Attic) -> None:
    await attic.pass_days(23.1)
    await attic.keeper.ensure(attic.workspace)
    assert (await attic.keeper.status(attic.workspace)).rest.archives_at is None
    # What runs is used, however long.
    assert await attic.pass_days(100) == 0
    await attic.keeper.stop(attic.workspace, "Nobody needs it.")
    assert await attic.pass_days(8) == 0
    assert attic.safe.sealed == []
    assert attic.folder.exists()


async def test_what_cannot_be_kept_elsewhere_stays_and_says_why(attic: Attic) -> None:
    attic.safe.why = "2 of its files cannot be kept elsewhere: a.bin, b.bin"
    await attic.pass_days(23.1)
    assert await attic.pass_days(7.1) == 0
    assert attic.folder.exists()
    assert (await attic.keeper.status(attic.workspace)).rest.archive_note == attic.safe.why
    assert await attic.backend.list() == []
    attic.safe.why = ""
    assert await attic.pass_days(6.9) == 0
    assert await attic.pass_days(0.2) == 1
    assert (await attic.keeper.status(attic.workspace)).rest.archive_note == ""


async def test_whoever_wants_it_while_it_is_looked_after_finds_it_as_it_was(attic: Attic) -> None:
    await attic.pass_days(23.1)
    attic.safe.may_seal.clear()
    sweep = asyncio.create_task(attic.pass_days(7.1))
    await attic.safe.sealing.wait()
    wanted = asyncio.create_task(attic.keeper.ensure(attic.workspace))
    await eventually(lambda: attic.keeper._slots.of(attic.workspace).start is not None)
    attic.safe.may_seal.set()
    assert await sweep == 0
    await wanted
    assert (attic.folder / "file").read_text() == "mine"
    assert attic.safe.brought_back == []


async def test_a_server_that_dies_while_the_folder_is_removed_is_followed_by_one_that_goes_on(attic: Attic) -> None:
    await attic.archived()
    async with attic.house.database.connection() as connection:
        await connection.execute("update workspaces set archive = 'archiving' where id = $1", attic.workspace)
    attic.folder.mkdir()
    (attic.folder / "file").write_text("half of it")
    assert await attic.pass_days(0) == 0
    assert (await attic.state(), attic.folder.exists()) == ("archived", False)


async def test_what_was_brought_back_since_a_sweep_found_it_is_left_alone(
    attic: Attic, monkeypatch: pytest.MonkeyPatch
) -> None:
    await attic.archived()
    archives = attic.keeper.archiving._archives

    async def use() -> Sequence[UUID]:
        await attic.keeper.ensure(attic.workspace)
        await attic.keeper.stop(attic.workspace, "Nobody needs it.")
        attic.folder.mkdir(exist_ok=True)
        (attic.folder / "file").write_text("new")
        return [attic.workspace]

    for found in ("unfinished", "due"):
        with monkeypatch.context() as patched:
            patched.setattr(archives, found, use)
            assert await attic.pass_days(0) == 0
        assert (attic.folder / "file").read_text() == "new"
        assert await attic.state() is None
    assert attic.safe.sealed == [attic.workspace]


async def test_nothing_of_a_half_removed_or_half_restored_folder_is_ever_used(attic: Attic) -> None:
    await attic.archived()
    attic.folder.mkdir()
    (attic.folder / "file").write_text("half of it")
    attic.safe.fails = "The hosted repository cannot be read."
    with pytest.raises(SandboxFailed, match="cannot be read"):
        await attic.keeper.ensure(attic.workspace)
    assert not attic.folder.exists()
    assert await attic.state() == "archived"
    attic.folder.mkdir()
    attic.safe.fails = ""
    await attic.keeper.ensure(attic.workspace, insist=True)
    assert attic.safe.brought_back == [attic.workspace]
    assert not (attic.folder / "file").exists()


@pytest.mark.parametrize("archive", ["sealing", "archived"])
async def test_a_run_that_a_dead_server_left_half_way_is_ended_before_anybody_uses_it(
    house: House, attic: Attic, archive: str
) -> None:
    await attic.keeper.ensure(attic.workspace)
    await attic.keeper.close()
    async with house.database.connection() as connection:
        await connection.execute("update workspaces set archive = $2 where id = $1", attic.workspace, archive)
    safe = Safe()
    async with opened(house, attic.backend, safe) as keeper:
        assert keeper.running(attic.workspace) is None
        assert await attic.backend.list() == []
        await keeper.ensure(attic.workspace)
        assert safe.brought_back == ([attic.workspace] if archive == "archived" else [])
        assert await attic.state() is None
