"""Projects on sandboxes: tied together, with the backend in memory and a bridge that answers as told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from firefly.adapters.ground import Ground
from firefly.adapters.parts import Credentials, Hosting
from firefly.adapters.work import Work
from firefly.artifacts import FileArtifactStore
from firefly.audit import Audit
from firefly.auth import Account, Identity, Revocation
from firefly.errors import DatabaseUnavailable, NameTaken
from firefly.git import SOCKET, PushRecorded, RefChange
from firefly.projects import CreateProject, Project, Role, UpdateProject, Visibility
from firefly.routes import Access, RouteTable, SandboxTarget
from firefly.routes.store import RouteStore
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.bus import MemoryBus
from firefly.testing.clock import ManualClock
from firefly.testing.sandbox import MemoryBackend

from .conftest import tasks_named

HOST = "garden--ada.preview.localhost"
TASKS = ("sandbox-", "job")


class Bridge:
    """Serves what every workspace's bridge would be asked, and keeps it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.hangs_up = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()
        size = next((int(line.partition(":")[2]) for line in head if line.startswith("content-length:")), 0)
        body = await reader.readexactly(size)
        self.asked.append((head[0].split()[1], json.loads(body) if body else None))
        if self.hangs_up:
            writer.close()
            return
        answer = json.dumps({"files": 1, "commit": None, "updated": True, "reason": "Done."}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(answer), answer))
        await writer.drain()
        writer.close()

    def names(self) -> list[object]:
        return [body["project"] for path, body in self.asked if path == "/configure" and isinstance(body, dict)]


class House:
    def __init__(self, ground: Ground, credentials: Credentials, hosting: Hosting, folder: Path) -> None:
        self.ground, self.credentials, self.hosting, self.folder = ground, credentials, hosting, folder
        self.table, self.bridge = RouteTable(), Bridge()
        self.backend = MemoryBackend(folder, bridge=self.bridge)

    async def open(self, stack: AsyncExitStack, *, stop_sandboxes: bool = True) -> Work:
        await self.backend.open()
        stack.push_async_callback(self.backend.close)
        work = await Work.build(
            self.ground,
            credentials=self.credentials,
            hosting=self.hosting,
            routes=RouteStore(self.ground.database, self.ground.bus, self.table),
            backend=self.backend,
        )
        await work.start(stack, stop_sandboxes=lambda: stop_sandboxes)
        return work

    async def person(self, name: str = "ada") -> Identity:
        account: Account = await self.credentials.accounts.create(name, None)
        return Identity(account, frozenset({"read", "write"}), "session")


@pytest.fixture
async def house(
    database: Database,
    settings: Settings,
    memory_bus: MemoryBus,
    clock: ManualClock,
    credentials: Credentials,
    hosting: Hosting,
) -> House:
    ground = Ground(
        settings=settings.model_copy(update={"prepared_sandboxes": 0}),
        database=database,
        bus=memory_bus,
        clock=clock,
        audit=Audit(database),
        artifacts=FileArtifactStore(settings.data_dir / "artifacts"),
    )
    # Sockets have short paths.
    return House(ground, credentials, hosting, settings.run_dir / "sandboxes")


@pytest.fixture
async def work(house: House) -> AsyncIterator[Work]:
    async with AsyncExitStack() as stack:
        yield await house.open(stack)


async def make(work: Work, who: Identity, **more: object) -> Project:
    request = CreateProject(name="garden", template="static", **more)  # type: ignore[arg-type]
    return (await work.projects.create(who, request)).project


async def test_a_project_has_a_host_a_repository_and_a_workspace_that_knows_whose_it_is(
    house: House, work: Work
) -> None:
    project = await make(work, await house.person())
    assert project.workspace_id is not None
    route = house.table.get(HOST)
    assert route is not None
    assert (route.target, route.access) == (SandboxTarget(project.workspace_id), Access.MEMBERS)
    assert "refs/heads/main" in await house.hosting.repositories.refs(project.id)
    await work.keeper.ensure(project.workspace_id)
    assert house.bridge.names()[-1] == {"owner": "ada", "name": "garden"}
    assert await asyncio.to_thread((work.keeper.gateway_path(project.workspace_id) / SOCKET).is_socket)
    assert house.backend.started[-1].environment == {"FIREFLY_PROJECT": "ada/garden", "FIREFLY_EPOCH": "1"}


async def test_a_push_moves_the_workspace(house: House, work: Work) -> None:
    project = await make(work, await house.person())
    listener = house.hosting.smart_http.listener
    assert listener is not None
    change = RefChange("refs/heads/main", "0" * 40, "1" * 40)
    push = PushRecorded(id=uuid4(), project_id=project.id, pusher_id=None, via="http", changes=(change,))
    assert list(await listener.pushed(push)) == ["Firefly has it, and the workspace was updated."]
    assert ("/git/pull", {"ref": "refs/heads/main"}) in house.bridge.asked
    house.bridge.hangs_up = True
    [line] = await listener.pushed(push)
    assert line.startswith("Firefly has it, but the workspace was not updated: The ")


async def test_who_may_see_less_than_before_loses_what_is_open(house: House, work: Work) -> None:
    ended: list[Revocation] = []
    house.credentials.revocations.on_record(ended.append)
    ada = await house.person()
    project = await make(work, ada, visibility=Visibility.PUBLIC)
    assert ended == []
    await work.projects.update(ada, "ada", "garden", UpdateProject(visibility=Visibility.MEMBERS))
    assert {(one.project_id, one.account_id) for one in ended} == {(project.id, None)}
    route = house.table.get(HOST)
    assert route is not None
    assert route.access is Access.MEMBERS


async def test_a_member_who_is_removed_loses_what_is_open(house: House, work: Work) -> None:
    ended: list[Revocation] = []
    house.credentials.revocations.on_record(ended.append)
    ada, bob = await house.person(), await house.person("bob")
    project = await make(work, ada)
    await work.members.put(ada, "ada", "garden", "bob", Role.EDITOR)
    await work.members.remove(ada, "ada", "garden", "bob")
    assert (project.id, bob.account.id) in [(one.project_id, one.account_id) for one in ended]


async def test_a_host_that_belongs_to_another_project_is_not_taken(house: House, work: Work) -> None:
    ada = await house.person()
    first = await make(work, ada)
    with pytest.raises(NameTaken):
        await make(work, ada)
    route = house.table.get(HOST)
    assert route is not None
    assert route.project_id == first.id
    assert [project.id for project in (await work.projects.list(ada)).projects] == [first.id]


async def test_domains_follow_their_project(house: House, work: Work, clock: ManualClock) -> None:
    ada, bob = await house.person(), await house.person("bob")
    project = await make(work, ada)
    alias = await work.domains.add(ada, "ada", "garden", "flowers", port=8080)
    assert project.workspace_id is not None

    def shown() -> tuple[object, object]:
        route = house.table.get(alias.host)
        return (route.target, route.access) if route else (None, None)

    target = SandboxTarget(project.workspace_id, 8080)
    assert shown() == (target, Access.MEMBERS)
    await work.projects.update(ada, "ada", "garden", UpdateProject(name="park", visibility=Visibility.PUBLIC))
    assert shown() == (target, Access.PUBLIC)
    await work.projects.delete(ada, "ada", "park")
    assert shown() == (None, None)
    await make(work, bob)
    with pytest.raises(NameTaken):
        await work.domains.add(bob, "bob", "garden", "flowers")
    await work.projects.restore(ada, "ada", "park")
    assert shown() == (target, Access.PUBLIC)
    await work.projects.delete(ada, "ada", "park")
    clock.advance(31 * 24 * 3600)
    assert await work.projects.expire() == 1
    assert (await work.domains.add(bob, "bob", "garden", "flowers")).state == "active"


@pytest.mark.parametrize("stop_sandboxes", [True, False])
async def test_sandboxes_outlive_the_server_unless_they_are_to_stop(house: House, stop_sandboxes: bool) -> None:
    async with AsyncExitStack() as stack:
        work = await house.open(stack, stop_sandboxes=stop_sandboxes)
        project = await make(work, await house.person())
        assert project.workspace_id is not None
        instance = await work.keeper.ensure(project.workspace_id)
        socket = work.keeper.gateway_path(project.workspace_id) / SOCKET
    assert list(await house.backend.list()) == ([] if stop_sandboxes else [instance])
    assert tasks_named(*TASKS) == []
    assert not await asyncio.to_thread(socket.exists)


async def test_a_run_that_is_adopted_gets_its_way_to_git_again(house: House) -> None:
    async with AsyncExitStack() as stack:
        work = await house.open(stack, stop_sandboxes=False)
        project = await make(work, await house.person())
        assert project.workspace_id is not None
        instance = await work.keeper.ensure(project.workspace_id)
    house.backend = MemoryBackend(house.folder, bridge=house.bridge, earlier=house.backend)
    async with AsyncExitStack() as stack:
        work = await house.open(stack)
        assert work.keeper.running(project.workspace_id) == instance
        assert await asyncio.to_thread((work.keeper.gateway_path(project.workspace_id) / SOCKET).is_socket)


async def test_without_a_database_nothing_is_left_running(house: House) -> None:
    await house.ground.database.close()
    with pytest.raises(DatabaseUnavailable):
        async with AsyncExitStack() as stack:
            await house.open(stack)
    assert tasks_named(*TASKS) == []
    await house.ground.database.open()
