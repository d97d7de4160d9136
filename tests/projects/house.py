"""The projects' services on a real database and real repositories, with twins of sandboxes, bridge and routes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from firefly.artifacts import FileArtifactStore
from firefly.audit import Audit
from firefly.auth import Account, Identity
from firefly.bus import Event
from firefly.errors import SandboxFailed, Unavailable
from firefly.git import AddressPolicy, Copier, Git, Importer, Pushes, Repositories, SmartHTTP, UnfinishedWork
from firefly.projects import (
    Access,
    Catalogue,
    Closing,
    Created,
    Creation,
    Filling,
    Job,
    Jobs,
    Members,
    Opening,
    OwnWorkspaces,
    PrebuildParts,
    Prebuilds,
    Preparation,
    Projects,
    PullResult,
    Records,
    Remixing,
    Removal,
    Visibility,
    WorkspaceFacts,
    WorkspaceUpdater,
)
from firefly.projects.seams import Prepared
from firefly.quotas import Quotas
from firefly.sandbox.layers import Layers
from firefly.secrets import Keyring, SecretValues
from firefly.settings import Settings
from firefly.store import Connection, Database
from firefly.testing.bus import MemoryBus
from firefly.testing.clock import ManualClock
from firefly.testing.sandbox import MemoryBackend
from tests.support.waiting import eventually

EVERYTHING = frozenset({"read", "write", "admin", "git"})


@dataclass
class Workspaces:
    """Gives out workspaces that nothing runs in."""

    database: Database
    running_ones: set[UUID] = field(default_factory=set)
    removed: list[UUID] = field(default_factory=list)
    stopped: dict[UUID, str] = field(default_factory=dict)
    fails: bool = False
    unsaved: str = ""
    """Why nothing that is edited can be kept outside."""

    async def claim(self, owner: str | None = None, *, layer_id: UUID | None = None, fresh: bool = False) -> UUID:
        if self.fails:
            raise SandboxFailed("No sandbox can be started here.")
        workspace_id = uuid4()
        async with self.database.connection() as connection:
            await connection.execute(
                "insert into workspaces (id, claimed_at, layer_id) values ($1, now(), $2)", workspace_id, layer_id
            )
        self.running_ones.add(workspace_id)
        return workspace_id

    def running(self, workspace_id: UUID) -> bool:
        return workspace_id in self.running_ones

    def alive(self, workspace_id: UUID) -> bool:
        return workspace_id in self.running_ones

    async def save(self, workspace_id: UUID) -> str:
        return self.unsaved if workspace_id in self.running_ones else ""

    async def stop(self, workspace_id: UUID, reason: str) -> None:
        self.running_ones.discard(workspace_id)
        self.stopped[workspace_id] = reason

    async def remove(self, workspace_id: UUID) -> None:
        async with self.database.connection() as connection:
            await connection.execute("delete from workspaces where id = $1", workspace_id)
        self.removed.append(workspace_id)


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class Bridge:
    """Writes down what it was asked."""

    filled: dict[UUID, str] = field(default_factory=dict)
    archives: dict[UUID, bytes] = field(default_factory=dict)
    configured: list[WorkspaceFacts] = field(default_factory=list)
    pulled: list[tuple[UUID, str]] = field(default_factory=list)
    answer: PullResult = field(default_factory=lambda: PullResult(True, "The workspace follows main."))
    fails: str = ""
    prepared: Prepared = field(default_factory=lambda: Prepared(True, "Everything is installed.", 1, "added 1 package"))
    preparing: asyncio.Event = field(default_factory=asyncio.Event)
    may_prepare: asyncio.Event = field(default_factory=asyncio.Event)
    clones: asyncio.Event = field(default_factory=asyncio.Event)
    """Something is being cloned; it goes on while `cloning` is set."""
    cloning: asyncio.Event = field(default_factory=_set)
    warmed: list[tuple[str, ...]] = field(default_factory=list)
    asleep: set[UUID] = field(default_factory=set)
    """Workspaces whose sandboxes do not start."""

    def _check(self) -> None:
        if self.fails:
            raise SandboxFailed(self.fails)

    async def initialize_template(self, workspace_id: UUID, template: str) -> None:
        self._check()
        self.filled[workspace_id] = template

    async def initialize_clone(self, workspace_id: UUID, *, onto: bool = False) -> None:
        self._check()
        self.clones.set()
        await self.cloning.wait()
        self.filled[workspace_id] = "clone onto a layer" if onto else "clone"

    async def initialize_archive(
        self, workspace_id: UUID, *, filename: str, size: int, body: AsyncIterator[bytes]
    ) -> None:
        self._check()
        self.archives[workspace_id] = b"".join([piece async for piece in body])

    async def wake(self, workspace_id: UUID) -> None:
        self._check()

    async def prepare(self, workspace_id: UUID, *, warm: Sequence[str] = ()) -> Prepared:
        self._check()
        self.warmed += [tuple(warm)] if warm else []
        self.preparing.set()
        await self.may_prepare.wait()
        return self.prepared

    async def initialize_remix(self, workspace_id: UUID, changes: AsyncIterator[bytes], *, onto: bool = False) -> None:
        self._check()
        self.filled[workspace_id] = b"".join([piece async for piece in changes]).decode()

    @asynccontextmanager
    async def changes(self, workspace_id: UUID, *, base: str, published: bool) -> AsyncIterator[AsyncIterator[bytes]]:
        if workspace_id in self.asleep:
            raise SandboxFailed("It does not start.")

        async def pieces() -> AsyncIterator[bytes]:
            yield f"{'published' if published else 'all'} since {base}".encode()

        yield pieces()

    async def configure(self, facts: WorkspaceFacts) -> None:
        self._check()
        self.configured.append(facts)

    async def pull(self, workspace_id: UUID, ref: str) -> PullResult:
        self._check()
        self.pulled.append((workspace_id, ref))
        return self.answer


@dataclass
class Routes:
    """Hosts as `<owner>/<name>`, or `<owner>/<name>/<member>` → who may see them; None where it leads on."""

    hosts: dict[str, Visibility | None] = field(default_factory=dict)
    of: dict[UUID, list[str]] = field(default_factory=dict)
    shows: dict[str, UUID] = field(default_factory=dict)

    applied: list[str] = field(default_factory=list)
    ended_visits: list[UUID] = field(default_factory=list)
    fails: str = ""

    async def add(self, facts: WorkspaceFacts, visibility: Visibility, connection: Connection) -> list[str]:
        if self.fails:
            raise Unavailable(self.fails)
        host = _host(facts)
        self.hosts[host] = visibility
        hosts = self.of.setdefault(facts.project_id, [])
        hosts += [] if host in hosts else [host]
        self.shows[host] = facts.workspace_id
        return [host]

    async def rename(self, old: WorkspaceFacts, new: WorkspaceFacts, connection: Connection) -> list[str]:
        visibility = self.hosts[_host(old)]
        assert visibility is not None
        self.of[old.project_id].remove(_host(old))
        hosts = await self.add(new, visibility, connection)
        self.hosts[_host(old)] = None
        return [_host(old), *hosts]

    async def set_visibility(self, project_id: UUID, visibility: Visibility, connection: Connection) -> list[str]:
        for host in self.of[project_id]:
            self.hosts[host] = visibility
        return self.of[project_id]

    async def remove(self, project_id: UUID, connection: Connection) -> list[str]:
        if self.fails:
            raise Unavailable(self.fails)
        return await self.release(project_id, connection)

    async def close(self, facts: WorkspaceFacts, connection: Connection) -> list[str]:
        self.hosts.pop(_host(facts), None)
        return [_host(facts)]

    async def release(self, project_id: UUID, connection: Connection) -> list[str]:
        hosts = self.of.pop(project_id, [])
        for host in hosts:
            self.hosts.pop(host, None)
        return hosts

    async def apply(self, hosts: Sequence[str]) -> None:
        self.applied += hosts

    async def end_visits(self, project_id: UUID) -> None:
        self.ended_visits.append(project_id)


def _host(facts: WorkspaceFacts) -> str:
    return "/".join(filter(None, (facts.owner, facts.name, facts.member)))


class House:
    """Everything joined as the composition root joins it."""

    def __init__(self, settings: Settings, database: Database, clock: ManualClock) -> None:
        data = settings.data_dir
        self.database, self.clock, self.bus = database, clock, MemoryBus()
        self.workspaces, self.bridge, self.routes = Workspaces(database), Bridge(), Routes()
        self.audit = Audit(database)
        home = data / "git"
        home.mkdir()
        self.git = Git(home)
        self.repositories = Repositories(data / "repositories", self.git)
        self.records = Records(database, self.bus)
        self.catalogue = Catalogue()
        self.preparation = Preparation(data=data, git=self.git, catalogue=self.catalogue)
        self.artifacts_folder = data / "artifacts"
        self.artifacts = FileArtifactStore(self.artifacts_folder)
        self.importer = Importer(
            git=self.git,
            repositories=self.repositories,
            policy=AddressPolicy(["127.0.0.1"]),
            keep_out=data,
            timeout=30,
        )
        self.jobs = Jobs(database=database, bus=self.bus, clock=clock)
        self.removal = Removal(
            records=self.records,
            repositories=self.repositories,
            workspaces=self.workspaces,
            routes=self.routes,
            clock=clock,
        )
        self.filling = Filling(
            jobs=self.jobs,
            records=self.records,
            importer=self.importer,
            artifacts=self.artifacts,
            bridge=self.bridge,
            routes=self.routes,
            workspaces=self.workspaces,
            removal=self.removal,
            largest_unpacked=1 << 20,
        )
        Remixing(
            jobs=self.jobs,
            records=self.records,
            filling=self.filling,
            copier=Copier(git=self.git, repositories=self.repositories),
            repositories=self.repositories,
            bridge=self.bridge,
            lies_on_layer=lambda workspace_id: self.layers.bear(workspace_id),
        )
        self.secrets = SecretValues(database, Keyring(("a root key that only the tests know, long enough",)), clock)
        self.creation = Creation(
            records=self.records,
            audit=self.audit,
            quotas=Quotas(database, projects=5),
            clock=clock,
            repositories=self.repositories,
            preparation=self.preparation,
            catalogue=self.catalogue,
            importer=self.importer,
            workspaces=self.workspaces,
            bridge=self.bridge,
            routes=self.routes,
            removal=self.removal,
            jobs=self.jobs,
            secrets=self.secrets,
        )
        self.projects = Projects(
            records=self.records,
            access=Access(self.audit, clock),
            audit=self.audit,
            clock=clock,
            creation=self.creation,
            removal=self.removal,
            routes=self.routes,
            workspaces=self.workspaces,
        )
        self.backend = MemoryBackend(data / "run")
        self.layers = Layers(database, self.backend, clock)
        parts = PrebuildParts(
            records=self.records,
            bus=self.bus,
            clock=clock,
            layers=self.layers,
            workspaces=self.workspaces,
            bridge=self.bridge,
            repositories=self.repositories,
            copier=Copier(git=self.git, repositories=self.repositories),
            preparation=self.preparation,
            reading={},
        )
        self.prebuilds = Prebuilds(parts, wanted="all")
        self.creation.ready = self.prebuilds
        self.revoked: list[tuple[UUID, UUID]] = []
        self.unfinished = UnfinishedWork(git=self.git, repositories=self.repositories)
        self.own = OwnWorkspaces(
            projects=self.projects,
            records=self.records,
            audit=self.audit,
            clock=clock,
            jobs=self.jobs,
            workspaces=self.workspaces,
            routes=self.routes,
            unfinished=self.unfinished,
            layers=self.prebuilds,
        )
        self.opening = Opening(
            jobs=self.jobs,
            records=self.records,
            own=self.own,
            workspaces=self.workspaces,
            routes=self.routes,
            bridge=self.bridge,
            clock=clock,
            lies_on_layer=self.layers.bear,
        )
        self.closing = Closing(records=self.records, routes=self.routes, workspaces=self.workspaces)
        self.members = Members(
            projects=self.projects,
            records=self.records,
            audit=self.audit,
            clock=clock,
            revoke=self._revoke,
            follow=self.closing.follow,
        )
        self.pushes = Pushes(database=database, bus=self.bus, repositories=self.repositories)
        self.updater = WorkspaceUpdater(records=self.records, bridge=self.bridge, clock=clock)
        self.smart_http = SmartHTTP(
            git=self.git, repositories=self.repositories, pushes=self.pushes, listener=self.updater
        )

    async def _revoke(self, project_id: UUID, account_id: UUID) -> None:
        self.revoked.append((project_id, account_id))

    async def person(self, name: str, *, administrator: bool = False, scopes: frozenset[str] = EVERYTHING) -> Identity:
        async with self.database.connection() as connection:
            row = await connection.fetchrow(
                "insert into accounts (name, display_name, is_administrator) values ($1, $2, $3) "
                "on conflict (name) do update set name = excluded.name returning *",
                name,
                name.title(),
                administrator,
            )
        assert row is not None
        return Identity(Account.from_row(dict(row)), scopes, "session")

    def events(self, kind: str) -> list[Event]:
        return [event for event in self.bus.published if event.kind == kind]

    def last_event(self, kind: str) -> Mapping[str, object]:
        return self.events(kind)[-1].data

    def repositories_on_disk(self) -> list[Path]:
        folder = self.repositories.path(uuid4()).parent.parent
        return list(folder.glob("??/*.git"))


async def ended(house: House, who: Identity, created: Created) -> Job:
    """The job that fills a new project, once it has ended."""
    assert created.job is not None
    job_id = created.job.id

    async def end() -> Job | None:
        job = await house.jobs.get(who, job_id)
        return job if job.state.ended else None

    job = await eventually(end)
    assert job is not None
    return job
