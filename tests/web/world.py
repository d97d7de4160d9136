"""The web layer with real accounts, sessions, tokens, grants and bus on a real database, and twins for the rest."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from firefly import access, auth, domains
from firefly.adapters.certificates import HostCertificates
from firefly.adapters.tls import Encryption
from firefly.audit import Audit
from firefly.auth import Account
from firefly.builds.asking.builds import Builds
from firefly.builds.asking.heads import Heads
from firefly.builds.asking.schedules import Schedules
from firefly.builds.clearing.clearing import Clearing
from firefly.builds.clearing.old_logs import OldLogs
from firefly.builds.hooks.control import HookControl
from firefly.builds.hooks.deliveries import Deliveries
from firefly.builds.hooks.working import HookWorker
from firefly.builds.log import Logs, SiteLog
from firefly.builds.outgoing import OutgoingHooks, Posting
from firefly.builds.outgoing.records import HookRecords
from firefly.builds.queueing import records as builds
from firefly.builds.queueing.queue import Queue
from firefly.builds.queueing.usage import Usages
from firefly.builds.sites import SiteRecords
from firefly.builds.telling.notices import Notices
from firefly.builds.views.desk import Desk
from firefly.bus import Bus
from firefly.clock import Clock
from firefly.git import AddressPolicy
from firefly.git.links import Links
from firefly.linking import Connections, Offers, Vault
from firefly.linking.apps import Apps
from firefly.linking.making import AppMaking
from firefly.linking.news import AppNews
from firefly.projects import (
    Catalogue,
    Project,
    Records,
    Role,
    Secrets,
    Visibility,
    WorkspaceFacts,
)
from firefly.protocol.application import Line
from firefly.proxy.tunnels import Tunnels
from firefly.routes import Access, Route, RouteTable, SandboxTarget
from firefly.routes.store import RouteStore
from firefly.secrets import Keyring, SecretValues
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.builds import MemoryRunningSites
from firefly.testing.clock import ManualClock
from firefly.testing.texts import MemoryTexts
from firefly.web.application import Services, create_application
from firefly.web.context import HOST_KIND_HEADER

from .linking import MemoryDiscovery, MemoryJoining, MemoryLinked, NearTransport
from .twins import (
    MemoryArtifacts,
    MemoryCheckpoints,
    MemoryCommits,
    MemoryComparisons,
    MemoryExplaining,
    MemoryGit,
    MemoryJobs,
    MemoryKeeper,
    MemoryMembers,
    MemoryOwn,
    MemoryPrebuilds,
    MemoryProjects,
    MemorySites,
    make_job,
    report,
)

PASSWORD = "correct horse battery"

# Argon2 at a price that tests can pay.
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@dataclass
class World:
    """Everything that a test of the web layer touches. `ada` is an administrator, `bob` is not."""

    settings: Settings
    services: Services
    projects: MemoryProjects
    keeper: MemoryKeeper
    git: MemoryGit
    artifacts: MemoryArtifacts
    bus: Bus
    clock: ManualClock
    table: RouteTable
    tunnels: Tunnels
    ada: Account
    bob: Account
    server: TestServer
    told: list[WorkspaceFacts] = field(default_factory=list)
    """Workspaces that were given new secrets."""
    clients: list[TestClient[Any, Any]] = field(default_factory=list)

    @property
    def received(self) -> Deliveries:
        """What providers' hooks have sent."""
        return Deliveries(self.services.database, self.clock)

    @property
    def own(self) -> MemoryOwn:
        return cast(MemoryOwn, self.services.own)

    @property
    def jobs(self) -> MemoryJobs:
        return cast(MemoryJobs, self.services.jobs)

    async def token(self, account: Account, *scopes: str) -> str:
        _, secret = await self.services.tokens.create(account, "test", scopes or ("write", "admin"))
        return secret

    def client(self, **headers: str) -> TestClient[Any, Any]:
        """A program's client: what it sends is exactly `headers`, and it keeps no cookies."""
        import aiohttp

        made: TestClient[Any, Any] = TestClient(self.server, headers=headers, cookie_jar=aiohttp.DummyCookieJar())
        self.clients.append(made)
        return made

    async def program(self, account: Account, *scopes: str) -> TestClient[Any, Any]:
        return self.client(Authorization=f"Bearer {await self.token(account, *scopes)}")

    async def browser(self, account: Account) -> TestClient[Any, Any]:
        """A signed-in browser on the app's own pages."""
        cookies = await self.services.sessions.open(account, user_agent="Test", address=None)
        return self.client(
            Cookie=f"__Host-firefly-session={cookies.access}; __Host-firefly-refresh={cookies.refresh}",
            Origin=self.settings.url,
            Accept="text/html,application/xhtml+xml",
        )

    def visitor(self, host: str, **more: str) -> TestClient[Any, Any]:
        """A browser on a content host, as the front door hands its requests over."""
        fields = {"Host": host, HOST_KIND_HEADER: "content", "Accept": "text/html", **more}
        return self.client(**fields)

    async def shared(self, owner: Account, name: str) -> Project:
        """A project with a route that the database knows as well, since what is handed out hangs on it."""
        made = self.project(owner, name)
        async with self.services.database.connection() as connection:
            query = "insert into projects (id, owner_id, name, workspace_id) values ($1, $2, $3, $4)"
            await connection.execute("insert into workspaces (id) values ($1)", made.workspace_id)
            await connection.execute(query, made.id, owner.id, name, made.workspace_id)
        await self.join(made, owner, Role.OWNER)
        return made

    async def join(self, project: Project, account: Account, role: Role) -> None:
        self.projects.members[project.id][account.id] = role
        async with self.services.database.connection() as connection:
            query = "insert into members (project_id, account_id, role) values ($1, $2, $3)"
            await connection.execute(query, project.id, account.id, role.value)

    def project(self, owner: Account, name: str, *, public: bool = False) -> Project:
        """A project with a route."""
        visibility = Visibility.PUBLIC if public else Visibility.MEMBERS
        made = self.projects.add(owner, name, visibility=visibility)
        assert made.workspace_id is not None
        host = f"{name}--{owner.name}.{self.settings.content_domain}".partition(":")[0]
        access = Access.PUBLIC if public else Access.MEMBERS
        self.table.put(Route(host, SandboxTarget(made.workspace_id), made.id, access))
        return made


def make_domains(
    settings: Settings,
    database: Database,
    bus: Bus,
    clock: ManualClock,
    projects: MemoryProjects,
    table: RouteTable,
) -> domains.Domains:
    """Their proofs are what `MemoryTexts` holds."""
    records = domains.Records(database, bus, Audit(database), clock)
    store = RouteStore(database, bus, table)
    return domains.Domains(
        records=records, projects=cast(Any, projects), routes=store, names=domains.Names(settings),
        checking=domains.Checking(records=records, routes=store, texts=MemoryTexts(), bus=bus),
        limiter=auth.RateLimiter(database, clock),
    )  # fmt: skip


def make_secrets(
    database: Database,
    keyring: Keyring,
    bus: Bus,
    clock: ManualClock,
    projects: MemoryProjects,
    told: list[WorkspaceFacts],
) -> Secrets:
    """Workspaces that would be told of changes are put into `told`."""

    async def tell(facts: WorkspaceFacts) -> None:
        told.append(facts)

    return Secrets(
        values=SecretValues(database, keyring, clock), projects=cast(Any, projects), records=Records(database, bus),
        audit=Audit(database), tell=tell,
    )  # fmt: skip


async def nothing_printed(_workspace: UUID, _after: int | None) -> list[Line]:
    return []


def make_builds(
    database: Database, keyring: Keyring, bus: Bus, clock: Clock, projects: MemoryProjects
) -> tuple[Builds, Desk]:
    """Real ones, of commits that nobody has looked at."""
    records = builds.Records(database, bus, clock, Notices())
    commits, queue = cast(Any, MemoryCommits()), Queue(records)
    heads = Heads(records=records, queue=queue, schedules=Schedules(records=records, queue=queue, commits=commits))
    audit, known = Audit(database), cast(Any, projects)
    made = Builds(records=records, queue=queue, heads=heads, commits=commits, projects=known, audit=audit)
    desk = Desk.build(
        records=records, builds=made, logs=Logs(database, bus, clock, most=1 << 20), projects=known, audit=audit,
        sites=SiteRecords(database, bus, clock, domain="preview.localhost"),
        git=cast(Any, None), repositories=cast(Any, None), keyring=keyring,
    )  # fmt: skip
    return made, replace(desk, explaining=cast(Any, MemoryExplaining()))


def make_usages(settings: Settings, database: Database, bus: Bus, clock: Clock) -> Usages:
    records = builds.Records(database, bus, clock, Notices())
    return Usages(records=records, queue=Queue(records), sites=MemoryRunningSites(), settings=settings)


def make_hooks(database: Database, keyring: Keyring, bus: Bus, clock: Clock, projects: MemoryProjects) -> OutgoingHooks:
    """May call what listens on this machine."""
    return OutgoingHooks(
        records=HookRecords(database, bus, clock, keyring), posting=Posting(AddressPolicy(["127.0.0.1"])),
        projects=cast(Any, projects), audit=Audit(database), limiter=auth.RateLimiter(database, clock),
    )  # fmt: skip


async def make_world(
    settings: Settings, database: Database, keyring: Keyring, bus: Bus, clock: ManualClock, socket: Path
) -> AsyncIterator[World]:
    revocations = auth.Revocations(database, bus, clock)
    keys = auth.SigningKeys(database, keyring, clock)
    upkeep = auth.Upkeep(database, keys, revocations, clock)
    await upkeep.open()
    accounts = auth.Accounts(database, auth.RateLimiter(database, clock), revocations, clock, auth.Passwords(CHEAP))
    ada = await accounts.create("ada", PASSWORD, "Ada", None, True)
    bob = await accounts.create("bob", PASSWORD, "Bob")
    projects, keeper, git, artifacts = MemoryProjects(), MemoryKeeper(socket), MemoryGit(), MemoryArtifacts()
    table, tunnels = RouteTable(), Tunnels()
    job = make_job(ada)
    grants = auth.PreviewGrants(database, keyring, revocations, clock)
    told: list[WorkspaceFacts] = []
    control = access.AccessControl.build(
        access.Records(database, bus, Audit(database), clock),
        projects=cast(Any, projects), grants=grants, keyring=keyring, passwords=auth.Passwords(CHEAP),
    )  # fmt: skip
    transport = NearTransport(AddressPolicy(["127.0.0.1"]))
    apps = Apps(database, keyring, clock, settings)
    connections = Connections(
        database=database, bus=bus, audit=Audit(database), clock=clock, vault=Vault(keyring),
        offers=Offers(settings, transport, apps), transport=transport,
    )  # fmt: skip
    jobs = MemoryJobs(job)
    made_builds, desk = make_builds(database, keyring, bus, clock, projects)
    received = Deliveries(database, clock)
    services = Services(
        settings=settings,
        database=database,
        bus=bus,
        accounts=accounts,
        sessions=auth.Sessions(database, keyring, keys, revocations, clock, issuer=settings.url),
        tokens=auth.Tokens(database, revocations, clock),
        links=auth.SignInLinks(database, clock),
        keys=keys,
        grants=grants,
        revocations=revocations,
        projects=cast(Any, projects),
        members=cast(Any, MemoryMembers(projects, accounts)),
        own=cast(Any, MemoryOwn(projects)),
        catalogue=Catalogue(),
        jobs=cast(Any, jobs),
        keeper=cast(Any, keeper),
        repositories=cast(Any, None),
        checkpoints=cast(Any, MemoryCheckpoints()),
        comparisons=cast(Any, MemoryComparisons()),
        smart_http=cast(Any, git),
        routes=table,
        audit=Audit(database),
        artifacts=cast(Any, artifacts),
        clock=clock,
        tunnels=tunnels,
        access=control,
        domains=make_domains(settings, database, bus, clock, projects, table),
        prebuilds=cast(Any, MemoryPrebuilds()),
        builds=made_builds,
        hooks=make_hooks(database, keyring, bus, clock, projects),
        usages=make_usages(settings, database, bus, clock),
        clearing=Clearing(database, clock, [OldLogs(database, clock, days=90)]),
        desk=desk,
        sites=cast(Any, MemorySites(made_builds, projects)),
        site_log=SiteLog(database, bus, output=nothing_printed, running=list),
        discovery=cast(Any, MemoryDiscovery(connections)),
        linked=cast(Any, MemoryLinked(projects, jobs)),
        joining=cast(Any, MemoryJoining(projects)),
        provider_hooks=cast(Any, None),
        app_hooks=cast(Any, None),
        app_making=AppMaking(
            database=database, clock=clock, audit=Audit(database), apps=apps, transport=transport, app_url=settings.url
        ),
        app_news=AppNews(
            database=database, clock=clock, apps=apps, links=Links(database, keyring, clock), connections=connections
        ),
        received_hooks=HookControl(
            projects=cast(Any, projects),
            deliveries=received,
            worker=HookWorker(received, cast(Any, None), at_once=1),
            audit=Audit(database),
        ),
        connections=connections,
        secrets=make_secrets(database, keyring, bus, clock, projects, told),
        certificates=HostCertificates(settings, Encryption()),
        report=report,
    )
    asking = asyncio.create_task(control.requests.run())
    following = asyncio.create_task(desk.logs.following.run())
    server = TestServer(create_application(services), skip_url_asserts=True)
    await server.start_server()
    world = World(
        settings, services, projects, keeper, git, artifacts, bus, clock, table, tunnels, ada, bob, server, told
    )
    yield world
    for client in world.clients:
        await client.session.close()
    await server.close()
    await transport.close()
    asking.cancel()
    following.cancel()
    await asyncio.wait([asking, following])
    await upkeep.close()
