"""The composition root: builds every part from the settings, in order, and takes it down in reverse."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
import uvloop
from aiohttp import web

from . import descriptors, resources
from . import log as logging
from .adapters.announcement import announce
from .adapters.certificates import HostCertificates
from .adapters.dialer import SandboxDialer
from .adapters.door import APP_SOCKET, Doors, LocalDoor, Sources
from .adapters.freshness import Freshness
from .adapters.gate import TokenPasses
from .adapters.listening import listeners
from .adapters.parts import Credentials, Hosting
from .adapters.tls import Encryption
from .adapters.upkeep import expire_for_ever, reconcile_pushes
from .adapters.work import Ground, Work
from .artifacts import FileArtifactStore
from .audit import Audit
from .bus import PostgresBus
from .clock import SystemClock
from .proxy.tunnels import Tunnels
from .routes import RouteTable
from .routes.store import RouteStore
from .sandbox.process import ProcessBackend
from .secrets import Keyring
from .settings import Settings
from .store import Database, EmbeddedPostgres, migrate
from .tls import sites
from .web.application import create_application
from .web.services import Services
from .workers import Crew

log = structlog.get_logger()

LONGEST_LINE = 64 << 10


def run(settings: Settings, *, stop_sandboxes: bool = False) -> None:
    """Serve until SIGTERM or SIGINT. Raises what keeps the server from starting, a FireflyError with its sentence."""
    logging.configure(level=settings.log_level)
    descriptors.raise_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, stop_sandboxes=stop_sandboxes))


async def _serve(settings: Settings, *, stop_sandboxes: bool) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with house(settings, stop_sandboxes=stop_sandboxes):
        await stopping.wait()
        log.info("server.stopping")


@asynccontextmanager
async def house(settings: Settings, *, stop_sandboxes: bool = False) -> AsyncIterator[Services]:
    """Everything that serves, up while the block runs."""
    for concern in sites.check(settings):
        log.warning("hosts.allowed", what=concern.what, detail=concern.detail)
    settings.prepare_folders()
    async with AsyncExitStack() as stack:
        # Bound first: a port that is taken is told at once, and requests that come early wait instead of failing.
        sockets = stack.enter_context(listeners(settings))
        clock, keyring = SystemClock(), Keyring.from_settings(settings)
        encryption = Encryption.open(settings, clock)
        database = await _open_database(stack, settings)
        bus = PostgresBus(database)
        await bus.open()
        stack.push_async_callback(bus.close)
        audit = Audit(database)
        artifacts = FileArtifactStore(settings.data_dir / "artifacts")
        ground = Ground(settings=settings, database=database, bus=bus, clock=clock, audit=audit, artifacts=artifacts)
        credentials = await Credentials.open(stack, settings, database, bus, keyring, clock)
        table = RouteTable()
        routes = RouteStore(database, bus, table)
        await routes.load()
        hosting = await Hosting.open(settings, database, bus)
        backend = ProcessBackend(settings, clock=clock)
        await backend.open()
        stack.push_async_callback(backend.close)
        work = await Work.open(
            stack, ground, credentials=credentials, hosting=hosting, routes=routes, backend=backend,
            stop_sandboxes=stop_sandboxes,
        )  # fmt: skip
        tunnels = Tunnels()
        doors = _doors(settings, table, credentials, work, tunnels, encryption)
        certificates = HostCertificates(settings, encryption)
        work.domains.checking.on_hosts(certificates.serve)
        services = Services(
            settings=settings, database=database, bus=bus, audit=audit, artifacts=artifacts, clock=clock,
            accounts=credentials.accounts, sessions=credentials.sessions, tokens=credentials.tokens,
            links=credentials.links, keys=credentials.keys, grants=credentials.grants,
            revocations=credentials.revocations, projects=work.projects, members=work.members,
            catalogue=work.catalogue, jobs=work.jobs, keeper=work.keeper, repositories=hosting.repositories,
            smart_http=hosting.smart_http, routes=table, tunnels=tunnels, access=work.access, domains=work.domains,
            certificates=certificates,
            metrics=(lambda: doors.numbers, encryption.metrics), proofs=encryption.pages,
        )  # fmt: skip
        freshness = Freshness(
            bus,
            catch_up=(credentials.revocations.reload, work.access.policies.load, routes.catch_up),
            tell=doors.set_stale,
        )
        runner = await _start_application(stack, services)
        await announce(settings, credentials, backend.capabilities())
        await doors.open(sockets)
        stack.push_async_callback(doors.close, drain=settings.drain_requests, tunnels=settings.drain_tunnels)
        # Before the front door drains: what streams would keep it waiting for ever.
        stack.push_async_callback(runner.shutdown)
        await stack.enter_async_context(
            _running(
                encryption.run(),
                routes.follow(),
                freshness.run(),
                work.reality.run(),
                work.access.run(),
                work.domains.checking.run(),
                expire_for_ever(work.projects),
                reconcile_pushes(database, hosting.pushes),
                hosting.maintenance.run(),
            )
        )
        # What was built so far lives as long as the process; a full collection need not look at it again.
        gc.collect()
        gc.freeze()
        yield services


def _doors(
    settings: Settings,
    table: RouteTable,
    credentials: Credentials,
    work: Work,
    tunnels: Tunnels,
    encryption: Encryption,
) -> Doors:
    sources = Sources(
        settings=settings, table=table, grants=credentials.grants, refusals=credentials.revocations,
        policies=work.access.policies, visits=work.access.visits,
        opens=TokenPasses(credentials.tokens, work.projects),
        dialer=SandboxDialer(keeper=work.keeper, bridges=work.bridges), tunnels=tunnels, shelf=encryption.shelf,
    )  # fmt: skip
    return Crew(sources, settings.proxy_workers) if settings.proxy_workers else LocalDoor(sources)


async def _open_database(stack: AsyncExitStack, settings: Settings) -> Database:
    dsn = settings.database_url
    if not dsn:
        embedded = EmbeddedPostgres(settings)
        dsn = await embedded.start()
        stack.push_async_callback(embedded.stop)
    database = Database(dsn)
    await database.open()
    stack.push_async_callback(database.close)
    await migrate(database, resources.folder("migrations"))
    return database


async def _start_application(stack: AsyncExitStack, services: Services) -> web.AppRunner:
    """The aiohttp application on the internal socket, which only the front door reaches (decision 2)."""
    path = services.settings.run_dir / APP_SOCKET
    await asyncio.to_thread(path.unlink, missing_ok=True)
    runner = web.AppRunner(
        create_application(services),
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=services.settings.drain_requests,
        # The front door decides what is too long, and says so in its own words.
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.UnixSite(runner, path).start()
    await asyncio.to_thread(path.chmod, 0o600)
    return runner


@asynccontextmanager
async def _running(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `work` beside the block, and end it with it; a failure of one ends the server rather than go unseen."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(item) for item in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
