"""Projects, sandboxes and what fills them: the parts that need one another, tied together in one place."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from firefly import access, domains
from firefly.auth import RateLimiter
from firefly.builds.sites import SiteHosts, SiteRecords
from firefly.git import Gateway
from firefly.projects import (
    Access,
    Catalogue,
    Closing,
    Jobs,
    Members,
    OwnWorkspaces,
    Prebuilds,
    Projects,
    Records,
    Secrets,
    WorkspaceUpdater,
)
from firefly.routes.store import RouteStore
from firefly.sandbox.backend import SandboxBackend
from firefly.sandbox.handing import HandingKeeper
from firefly.sandbox.layers import Layers
from firefly.secrets import SecretValues

from .bridges import BridgeCalls
from .ground import Ground
from .own import own_workspaces
from .packages import Packages
from .parts import Credentials, Hosting
from .reality import RouteReality
from .routes import WorkspaceRoutes
from .runtime import Runtime
from .workshop import Workshop


@dataclass(frozen=True, kw_only=True)
class Work:
    """Sandboxes, and the projects whose workspaces run in them. `layered`: these can lie on layers."""

    records: Records
    workshop: Workshop
    keeper: HandingKeeper
    gateway: Gateway
    packages: Packages
    bridges: BridgeCalls
    catalogue: Catalogue
    projects: Projects
    members: Members
    own: OwnWorkspaces
    jobs: Jobs
    prebuilds: Prebuilds
    access: access.AccessControl
    domains: domains.Domains
    secrets: Secrets
    values: SecretValues
    layers: Layers
    layered: bool
    routes: WorkspaceRoutes
    sites: SiteRecords
    site_hosts: SiteHosts
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
        settings, audit, clock = ground.settings, ground.audit, ground.clock
        runtime = Runtime.build(ground, hosting, backend)
        records, values = runtime.records, SecretValues(ground.database, credentials.keyring, clock)
        bridges = BridgeCalls(keeper=runtime.keeper, settings=settings, secrets_of=values.environment)
        runtime.follow(bridges)

        async def revoke(project_id: UUID, account_id: UUID | None = None) -> None:
            await credentials.grants.revoke("access changed", project_id=project_id, account_id=account_id)

        further = domains.Records(ground.database, ground.bus, audit, clock)
        hosts = SiteHosts(runtime.sites, routes)
        shown = WorkspaceRoutes(store=routes, settings=settings, domains=further.served, sites=hosts, revoke=revoke)
        workshop = await Workshop.build(ground, hosting, runtime, bridges=bridges, routes=shown, secrets=values)
        projects = _projects(ground, runtime, workshop, shown)
        closing = Closing(records=records, routes=shown, workspaces=workshop.workspaces)
        own = own_workspaces(ground, hosting, runtime, workshop, projects=projects, bridges=bridges, routes=shown)
        updater = WorkspaceUpdater(records=records, bridge=bridges, clock=clock)
        hosting.smart_http.listener = runtime.gateway.listener = updater
        members = Members(
            projects=projects, records=records, audit=audit, clock=clock, revoke=revoke, follow=closing.follow
        )
        tell = workshop.creation.reconfigure
        return cls(
            records=records, keeper=runtime.keeper, gateway=runtime.gateway, packages=runtime.packages,
            layers=runtime.layers, layered=backend.capabilities().layers, sites=runtime.sites, site_hosts=hosts,
            workshop=workshop, catalogue=workshop.catalogue, jobs=workshop.jobs, prebuilds=workshop.prebuilds,
            bridges=bridges, projects=projects, members=members, own=own, values=values, routes=shown,
            access=await _access(ground, credentials, projects, bridges),
            domains=_domains(ground, further, projects, routes),
            secrets=Secrets(values=values, projects=projects, records=records, audit=audit, tell=tell),
            reality=RouteReality(database=ground.database, store=routes, routes=shown, sites=hosts, settings=settings),
        )  # fmt: skip

    async def start(self, stack: AsyncExitStack, *, stop_sandboxes: Callable[[], bool]) -> None:
        """Keep the sandboxes and begin the jobs; `stop_sandboxes` is asked at the end."""

        async def close() -> None:
            await self.keeper.close(stop_all=stop_sandboxes())

        stack.push_async_callback(self.gateway.close)
        await self.packages.open(stack)
        await self.keeper.open()
        stack.push_async_callback(close)
        await self.jobs.open()
        stack.push_async_callback(self.jobs.close)


def _projects(ground: Ground, runtime: Runtime, workshop: Workshop, routes: WorkspaceRoutes) -> Projects:
    audit, clock = ground.audit, ground.clock
    return Projects(
        records=runtime.records, access=Access(audit, clock), audit=audit, clock=clock, creation=workshop.creation,
        removal=workshop.removal, routes=routes, workspaces=workshop.workspaces,
    )  # fmt: skip


async def _access(
    ground: Ground, credentials: Credentials, projects: Projects, bridges: BridgeCalls
) -> access.AccessControl:
    records = access.Records(ground.database, ground.bus, ground.audit, ground.clock)
    control = access.AccessControl.build(
        records, projects=projects, grants=credentials.grants, keyring=credentials.keyring, ports=bridges.ports,
        domain=ground.settings.content_domain.partition(":")[0],
    )  # fmt: skip
    await control.policies.load()
    return control


def _domains(ground: Ground, records: domains.Records, projects: Projects, store: RouteStore) -> domains.Domains:
    settings = ground.settings
    checking = domains.Checking(
        records=records, routes=store, texts=domains.DnsTexts(settings.dns_servers), bus=ground.bus
    )
    return domains.Domains(
        records=records, projects=projects, routes=store, names=domains.Names(settings), checking=checking,
        limiter=RateLimiter(ground.database, ground.clock),
    )  # fmt: skip
