"""What the handlers call: every part of the house, in one typed bundle."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from firefly.access import AccessControl
    from firefly.artifacts import ArtifactStore
    from firefly.audit import Audit
    from firefly.auth import Accounts, PreviewGrants, Revocations, Sessions, SigningKeys, SignInLinks, Tokens
    from firefly.builds.asking.builds import Builds
    from firefly.builds.clearing.clearing import Clearing
    from firefly.builds.hooks.app_receiving import AppReceiver
    from firefly.builds.hooks.control import HookControl
    from firefly.builds.hooks.receiving import HookReceiver
    from firefly.builds.log import SiteLog
    from firefly.builds.outgoing import OutgoingHooks
    from firefly.builds.queueing.usage import Usages
    from firefly.builds.sites import SiteControl
    from firefly.builds.views.desk import Desk
    from firefly.bus import Bus
    from firefly.clock import Clock
    from firefly.domains import Certificates, Domains
    from firefly.git import Checkpoints, Comparisons, Repositories, SmartHTTP
    from firefly.linking import Connections, Discovery, Joining, LinkedProjects
    from firefly.linking.making import AppMaking
    from firefly.linking.news import AppNews
    from firefly.projects import Catalogue, Jobs, Members, OwnWorkspaces, Prebuilds, Projects, Secrets
    from firefly.proxy.report import Report
    from firefly.proxy.tunnels import Tunnels
    from firefly.routes import RouteTable
    from firefly.sandbox.keeper import Keeper
    from firefly.settings import Settings
    from firefly.store import Database


class Metrics(Protocol):
    """Counters of a part: name → value. Names are in Prometheus form, without the `firefly_` prefix."""

    def __call__(self) -> Mapping[str, float]: ...


class Reports(Protocol):
    def __call__(self) -> Awaitable[Report]: ...


@dataclass(frozen=True, kw_only=True)
class Services:
    """Built by the composition root, read by every handler, never changed."""

    settings: Settings
    database: Database
    bus: Bus
    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    links: SignInLinks
    keys: SigningKeys
    grants: PreviewGrants
    revocations: Revocations
    projects: Projects
    members: Members
    own: OwnWorkspaces
    catalogue: Catalogue
    jobs: Jobs
    keeper: Keeper
    repositories: Repositories
    checkpoints: Checkpoints
    comparisons: Comparisons
    smart_http: SmartHTTP
    routes: RouteTable
    audit: Audit
    artifacts: ArtifactStore
    clock: Clock
    tunnels: Tunnels
    access: AccessControl
    domains: Domains
    secrets: Secrets
    prebuilds: Prebuilds
    builds: Builds
    hooks: OutgoingHooks
    usages: Usages
    clearing: Clearing
    desk: Desk
    sites: SiteControl
    provider_hooks: HookReceiver
    received_hooks: HookControl
    app_hooks: AppReceiver
    app_making: AppMaking
    app_news: AppNews
    site_log: SiteLog
    connections: Connections
    discovery: Discovery
    linked: LinkedProjects
    joining: Joining
    certificates: Certificates
    report: Reports
    """What the front door does."""
    metrics: tuple[Metrics, ...] = ()
    proofs: Mapping[str, str] = field(default_factory=dict)
    """What shows an authority that a host is ours: by token, below `/.well-known/acme-challenge/`."""


SERVICES: web.AppKey[Services] = web.AppKey("services", Services)


def services_of(request: web.Request) -> Services:
    return request.config_dict[SERVICES]
