"""Projects, sandboxes and what fills them: the parts that need one another, tied together in one place."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from firefly import access, domains
from firefly.artifacts import ArtifactStore
from firefly.audit import Audit
from firefly.auth import RateLimiter
from firefly.bus import Bus
from firefly.clock import Clock
from firefly.git import AddressPolicy, Copier, Copies, Gateway, Importer, Shadows
from firefly.projects import (
    Access,
    Catalogue,
    Creation,
    Filling,
    Jobs,
    Members,
    Prebuilds,
    Preparation,
    Projects,
    Records,
    Remixing,
    Removal,
    Secrets,
    WorkspaceUpdater,
)
from firefly.quotas import Quotas
from firefly.routes.store import RouteStore
from firefly.sandbox.backend import SandboxBackend
from firefly.sandbox.handing import HandingKeeper
from firefly.sandbox.layers import Layers
from firefly.secrets import SecretValues
from firefly.settings import Settings
from firefly.store import Database

from .bridges import BridgeCalls
from .looking import BridgeInformant
from .parts import Credentials, Hosting
from .reality import RouteReality
from .routes import WorkspaceRoutes
from .workspaces import KeeperWorkspaces, ProjectSpecs, RunObserver

# An archive may unpack to this many times the size of an upload.
UNPACKED = 4


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What everything else stands on."""

    settings: Settings
    database: Database
    bus: Bus
    clock: Clock
    audit: Audit
    artifacts: ArtifactStore


@dataclass(frozen=True, kw_only=True)
class Work:
    """Sandboxes, and the projects whose workspaces run in them."""

    keeper: HandingKeeper
    gateway: Gateway
    bridges: BridgeCalls
    catalogue: Catalogue
    projects: Projects
    members: Members
    jobs: Jobs
    prebuilds: Prebuilds
    access: access.AccessControl
    domains: domains.Domains
    secrets: Secrets
    reality: RouteReality

    @classmethod
    async def build(
        cls,
        ground: Ground,
        *,
        credentials: Credentials,
        hosting: Hosting,
        routes: RouteStore,
        backend: SandboxBackend,
    ) -> Self:
        """Everything tied together, and nothing begun: another server may still have it."""
        records = Records(ground.database, ground.bus)
        source = ProjectSpecs(settings=ground.settings, facts_of=records.facts)
        keeper = HandingKeeper(
            backend=backend, database=ground.database, bus=ground.bus, source=source, settings=ground.settings,
            clock=ground.clock,
        )  # fmt: skip
        source.uid_of = keeper.workspaces.uid
        # Where files end with their run, each start is one elsewhere: what an earlier one still saves is out of date.
        keeps = backend.capabilities().keeps_files
        source.epoch_of = keeper.workspaces.epoch if keeps else keeper.workspaces.raise_epoch

        layers = Layers(ground.database, backend, ground.clock)
        source.layers_of = layers.below
        reading = dict[UUID, UUID]()

        async def project_of(workspace_id: UUID) -> UUID | None:
            facts = await records.facts(workspace_id)
            return facts.project_id if facts else reading.get(workspace_id)

        shadows = Shadows(
            git=hosting.git, maintenance=hosting.maintenance, epoch_of=keeper.workspaces.epoch,
            advanced=keeper.workspaces.note_flush,
        )  # fmt: skip
        copies = Copies(
            database=ground.database, artifacts=ground.artifacts, clock=ground.clock, check_epoch=shadows.check_epoch
        )
        gateway = Gateway(
            git=hosting.git, repositories=hosting.repositories, pushes=hosting.pushes, project_of=project_of,
            shadows=shadows, copies=copies, reads_only=reading.__contains__,
        )  # fmt: skip
        made = await _tie(ground, records, keeper, gateway, credentials, hosting, routes, layers, reading)
        keeper.inform_by(BridgeInformant(keeper))
        observer = RunObserver(
            gateway=gateway, bridges=made.bridges, keeper=keeper, facts_of=records.facts, forget=copies.forget
        )
        keeper.observe(observer)
        keeper.save_in(observer)
        await made.access.policies.load()
        return cls(**vars(made))

    async def start(self, stack: AsyncExitStack, *, stop_sandboxes: Callable[[], bool]) -> None:
        """Keep the sandboxes and begin the jobs; `stop_sandboxes` is asked at the end."""

        async def close() -> None:
            await self.keeper.close(stop_all=stop_sandboxes())

        stack.push_async_callback(self.gateway.close)
        await self.keeper.open()
        stack.push_async_callback(close)
        await self.jobs.open()
        stack.push_async_callback(self.jobs.close)


async def _tie(
    ground: Ground,
    records: Records,
    keeper: HandingKeeper,
    gateway: Gateway,
    credentials: Credentials,
    hosting: Hosting,
    store: RouteStore,
    layers: Layers,
    reading: dict[UUID, UUID],
) -> "Work":
    settings, clock, audit = ground.settings, ground.clock, ground.audit
    values = SecretValues(ground.database, credentials.keyring, clock)
    bridges = BridgeCalls(keeper=keeper, settings=settings, secrets_of=values.environment)

    async def revoke(project_id: UUID, account_id: UUID | None = None) -> None:
        await credentials.grants.revoke("access changed", project_id=project_id, account_id=account_id)

    further = domains.Records(ground.database, ground.bus, audit, clock)
    workspaces = KeeperWorkspaces(keeper)
    routes = WorkspaceRoutes(store=store, settings=settings, domains=further.served, revoke=revoke)
    catalogue, jobs = Catalogue(), Jobs(database=ground.database, bus=ground.bus, clock=clock)
    preparation = Preparation(data=settings.data_dir, git=hosting.git, catalogue=catalogue)
    await preparation.open()
    importer = Importer(
        git=hosting.git, repositories=hosting.repositories, policy=AddressPolicy(settings.import_addresses),
        keep_out=settings.data_dir, timeout=settings.import_timeout,
    )  # fmt: skip
    removal = Removal(
        records=records, repositories=hosting.repositories, workspaces=workspaces, routes=routes, clock=clock
    )
    filling = Filling(
        jobs=jobs, records=records, importer=importer, artifacts=ground.artifacts, bridge=bridges, routes=routes,
        workspaces=workspaces, removal=removal, largest_unpacked=settings.max_upload * UNPACKED,
    )  # fmt: skip
    copier = Copier(git=hosting.git, repositories=hosting.repositories)
    Remixing(
        jobs=jobs, records=records, filling=filling, bridge=bridges, repositories=hosting.repositories,
        copier=copier, lies_on_layer=layers.bear,
    )  # fmt: skip
    creation = Creation(
        records=records, audit=audit, quotas=Quotas(ground.database, settings), clock=clock,
        repositories=hosting.repositories, preparation=preparation, catalogue=catalogue, importer=importer,
        workspaces=workspaces, bridge=bridges, routes=routes, removal=removal, jobs=jobs, secrets=values,
    )  # fmt: skip
    prebuilds = Prebuilds(
        records=records, bus=ground.bus, clock=clock, layers=layers, workspaces=workspaces, bridge=bridges,
        repositories=hosting.repositories, copier=copier, preparation=preparation, reading=reading,
        wanted=settings.prebuilds,
    )  # fmt: skip
    creation.ready = prebuilds
    projects = Projects(
        records=records, access=Access(audit, clock), audit=audit, clock=clock, creation=creation, removal=removal,
        routes=routes, workspaces=workspaces,
    )  # fmt: skip

    members = Members(projects=projects, records=records, audit=audit, clock=clock, revoke=revoke)
    hosting.smart_http.listener = WorkspaceUpdater(records=records, bridge=bridges, clock=clock)
    control = access.AccessControl.build(
        access.Records(ground.database, ground.bus, audit, clock), projects=projects, grants=credentials.grants,
        keyring=credentials.keyring, ports=bridges.ports, domain=settings.content_domain.partition(":")[0],
    )  # fmt: skip
    return Work(
        keeper=keeper, gateway=gateway, bridges=bridges, catalogue=catalogue, projects=projects, members=members,
        jobs=jobs, access=control, prebuilds=prebuilds, domains=_domains(ground, further, projects, store),
        secrets=Secrets(values=values, projects=projects, records=records, audit=audit, tell=creation.reconfigure),
        reality=RouteReality(database=ground.database, store=store, routes=routes, settings=settings),
    )  # fmt: skip


def _domains(ground: Ground, records: domains.Records, projects: Projects, store: RouteStore) -> domains.Domains:
    settings = ground.settings
    checking = domains.Checking(
        records=records, routes=store, texts=domains.DnsTexts(settings.dns_servers), bus=ground.bus
    )
    return domains.Domains(
        records=records, projects=projects, routes=store, names=domains.Names(settings), checking=checking,
        limiter=RateLimiter(ground.database, ground.clock),
    )  # fmt: skip
