"""The house: every part of the server, built in the order in which they need one another."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self

from .adapters.announcement import announce
from .adapters.backends import backend as make_backend
from .adapters.builds import Building
from .adapters.certificates import HostCertificates
from .adapters.dialer import SandboxDialer
from .adapters.door import Doors, LocalDoor, Sources
from .adapters.freshness import Freshness
from .adapters.gate import TokenPasses
from .adapters.ground import Ground
from .adapters.hooks import Hooks
from .adapters.linking import Linking
from .adapters.pages import PagesDialer
from .adapters.parts import Credentials, Hosting
from .adapters.site import Site
from .adapters.tls import Encryption
from .adapters.upkeep import expire_for_ever, reconcile_pushes
from .adapters.work import Work
from .proxy.tunnels import Tunnels
from .routes import RouteTable
from .routes.store import RouteStore
from .sandbox.backend import SandboxBackend
from .secrets import Keyring
from .web.services import Services
from .workers import Crew


@dataclass(kw_only=True)
class House:
    """Once built it is ready, and nothing is begun that must be one server's alone: another may still have it."""

    ground: Ground
    encryption: Encryption
    credentials: Credentials
    table: RouteTable
    routes: RouteStore
    hosting: Hosting
    backend: SandboxBackend
    work: Work
    building: Building
    linking: Linking
    hooks: Hooks
    tunnels: Tunnels = field(default_factory=Tunnels)
    doors: Doors = field(init=False)
    site: Site = field(init=False)
    freshness: Freshness = field(init=False)

    def __post_init__(self) -> None:
        self.doors = self._doors()
        self.site = Site(self._services())
        known = (self.credentials.revocations.reload, self.work.access.policies.load, self.routes.catch_up)
        self.freshness = Freshness(self.ground.bus, catch_up=known, tell=self.doors.set_stale)

    @classmethod
    async def build(
        cls, stack: AsyncExitStack, ground: Ground, *, keyring: Keyring, encryption: Encryption, alone: bool
    ) -> Self:
        """Without `alone` another server still works on the repositories."""
        settings, database, bus, clock = ground.settings, ground.database, ground.bus, ground.clock
        credentials = await Credentials.open(stack, settings, database, bus, keyring, clock)
        table = RouteTable()
        routes = RouteStore(database, bus, table)
        await routes.load()
        hosting = await Hosting.open(settings, database, bus, alone=alone)
        backend = make_backend(settings, database, keyring, clock)
        await backend.look()
        work = await Work.build(ground, credentials=credentials, hosting=hosting, routes=routes, backend=backend)
        linking = Linking.build(ground, credentials, hosting, work)
        building = Building.build(ground, hosting=hosting, work=work, keyring=keyring, backend=backend)
        return cls(
            ground=ground, encryption=encryption, credentials=credentials, table=table, routes=routes, hosting=hosting,
            backend=backend, work=work, building=building, linking=linking,
            hooks=Hooks.build(ground, hosting=hosting, work=work, building=building, linking=linking),
        )  # fmt: skip

    async def begin(self, stack: AsyncExitStack, *, stop_sandboxes: Callable[[], bool]) -> None:
        """Keep the sandboxes, begin the jobs and let the application answer; `stop_sandboxes` is asked at the end."""
        await self.backend.open()
        stack.push_async_callback(self.backend.close)
        await self.work.start(stack, stop_sandboxes=stop_sandboxes)
        stack.push_async_callback(self.building.siting.close)
        await self.building.siting.open()
        stack.push_async_callback(self.site.close)
        await self.site.open()

    async def receive(self, stack: AsyncExitStack) -> None:
        """Say where to go, and let visitors in; at the end what is under way is given its time."""
        settings = self.ground.settings
        await announce(settings, self.credentials, self.backend.capabilities())
        await self.doors.open()
        stack.push_async_callback(self.doors.close, drain=settings.drain_requests, tunnels=settings.drain_tunnels)
        # Before the front door drains: what streams would keep it waiting for ever.
        stack.push_async_callback(self.site.shut_down)

    def upkeep(self) -> Iterator[Coroutine[None, None, None]]:
        """What is to run for as long as the server does."""
        yield self.encryption.run()
        yield self.routes.follow()
        yield self.freshness.run()
        yield self.work.reality.run()
        yield self.work.access.run()
        yield self.work.domains.checking.run()
        yield self.linking.run()
        yield expire_for_ever(self.work.projects)
        yield reconcile_pushes(self.ground.database, self.hosting.pushes)
        yield self.hosting.maintenance.run()
        yield self.hosting.thinning.run()
        if self.backend.capabilities().layers:
            yield self.work.prebuilds.run()
        yield from self.building.upkeep()
        yield from self.hooks.upkeep()

    def _doors(self) -> Doors:
        settings, work, credentials = self.ground.settings, self.work, self.credentials
        sources = Sources(
            settings=settings, table=self.table, grants=credentials.grants, refusals=credentials.revocations,
            policies=work.access.policies, visits=work.access.visits,
            opens=TokenPasses(credentials.tokens, work.projects),
            dialer=SandboxDialer(
                keeper=work.keeper, bridges=work.bridges, beside=PagesDialer(self.building.siting.serving)
            ),
            tunnels=self.tunnels, shelf=self.encryption.shelf,
        )  # fmt: skip
        return Crew(sources, settings.proxy_workers) if settings.proxy_workers else LocalDoor(sources)

    def _services(self) -> Services:
        work, credentials, hosting = self.work, self.credentials, self.hosting
        certificates = HostCertificates(self.ground.settings, self.encryption)
        work.domains.checking.on_hosts(certificates.serve)
        return Services(
            **vars(self.ground),
            accounts=credentials.accounts, sessions=credentials.sessions, tokens=credentials.tokens,
            links=credentials.links, keys=credentials.keys, grants=credentials.grants,
            revocations=credentials.revocations, projects=work.projects, members=work.members, own=work.own,
            catalogue=work.catalogue, jobs=work.jobs, keeper=work.keeper, repositories=hosting.repositories,
            checkpoints=hosting.checkpoints, comparisons=hosting.comparisons, smart_http=hosting.smart_http,
            routes=self.table, tunnels=self.tunnels,
            access=work.access, domains=work.domains, secrets=work.secrets, prebuilds=work.prebuilds,
            builds=self.building.builds, desk=self.building.desk, sites=self.building.siting.control,
            site_log=self.building.siting.log, hooks=self.building.calling.hooks, usages=self.building.usages,
            clearing=self.building.making.clearing,
            connections=self.linking.connections, discovery=self.linking.discovery, linked=self.linking.projects,
            joining=self.linking.joining, provider_hooks=self.hooks.receiver, received_hooks=self.hooks.control,
            app_hooks=self.hooks.app, app_making=self.linking.making, app_news=self.linking.news,
            certificates=certificates, report=self.doors.report,
            metrics=(
                lambda: self.doors.numbers, self.routes.numbers, self.encryption.metrics,
                self.building.logs.numbers, self.building.workers.numbers, lambda: self.building.siting.shelf.numbers,
            ),
            proofs=self.encryption.pages,
        )  # fmt: skip
