"""The composition root: builds every part from the settings, in order, and takes it down in reverse."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
import uvloop

from . import descriptors, resources
from . import log as logging
from .adapters.announcement import announce
from .adapters.backends import backend as make_backend
from .adapters.certificates import HostCertificates
from .adapters.dialer import SandboxDialer
from .adapters.door import Doors, LocalDoor, Sources
from .adapters.freshness import Freshness
from .adapters.gate import TokenPasses
from .adapters.listening import holding, listeners
from .adapters.notifying import notify
from .adapters.parts import Credentials, Hosting
from .adapters.site import Site
from .adapters.tls import Encryption
from .adapters.upkeep import expire_for_ever, reconcile_pushes
from .adapters.work import Ground, Work
from .artifacts import FileArtifactStore
from .audit import Audit
from .bus import PostgresBus
from .clock import SystemClock
from .errors import Conflict
from .handover import Estate, Handover, Leaving, Predecessor, inherit, service
from .proxy.tunnels import Tunnels
from .routes import RouteTable
from .routes.store import RouteStore
from .secrets import Keyring
from .settings import Settings
from .store import Database, EmbeddedPostgres, migrate
from .tls import sites
from .web.services import Services
from .workers import Crew

log = structlog.get_logger()


def run(settings: Settings, *, stop_sandboxes: bool = False, replace: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, or until a successor has taken over and all that was open has ended.

    Parameters
    ----------
    stop_sandboxes: at the end, unless they are a successor's
    replace: take over from the server that uses the data directory, if there is one

    Raises what keeps the server from starting, a FireflyError with its sentence.
    """
    logging.configure(level=settings.log_level)
    descriptors.raise_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, stop_sandboxes=stop_sandboxes, replace=replace))


async def _serve(settings: Settings, *, stop_sandboxes: bool, replace: bool) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with house(settings, stop_sandboxes=stop_sandboxes, replace=replace) as leaving:
        notify("READY=1", f"MAINPID={os.getpid()}")
        if await leaving.is_succeeded(stopping):
            log.info("server.succeeded")
            await leaving.drain(stopping)
        else:
            notify("STOPPING=1")
        log.info("server.stopping")


@asynccontextmanager
async def house(settings: Settings, *, stop_sandboxes: bool, replace: bool) -> AsyncIterator[Leaving]:
    """Everything that serves, up while the block runs."""
    for concern in sites.check(settings):
        log.warning("hosts.allowed", what=concern.what, detail=concern.detail)
    settings.prepare_folders()
    async with AsyncExitStack() as stack:
        predecessor = await _find_predecessor(stack, settings, replace=replace)
        # Bound first: a port that is taken is told at once, and requests that come early wait instead of failing.
        sockets = stack.enter_context(holding(await predecessor.sockets()) if predecessor else listeners(settings))
        clock, keyring = SystemClock(), Keyring.from_settings(settings)
        encryption = Encryption.open(settings, clock)
        database, embedded = await _open_database(stack, settings, predecessor)
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
        hosting = await Hosting.open(settings, database, bus, alone=predecessor is None)
        backend = make_backend(settings, database, keyring, clock)
        await backend.look()
        work = await Work.build(ground, credentials=credentials, hosting=hosting, routes=routes, backend=backend)
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
            checkpoints=hosting.checkpoints,
            smart_http=hosting.smart_http, routes=table, tunnels=tunnels, access=work.access, domains=work.domains,
            secrets=work.secrets, prebuilds=work.prebuilds, certificates=certificates,
            report=lambda: doors.report(),
            metrics=(lambda: doors.numbers, routes.numbers, encryption.metrics), proofs=encryption.pages,
        )  # fmt: skip
        freshness = Freshness(
            bus,
            catch_up=(credentials.revocations.reload, work.access.policies.load, routes.catch_up),
            tell=doors.set_stale,
        )
        site = Site(services)
        await doors.prepare(sockets)
        stack.push_async_callback(doors.close, drain=0, tunnels=0)
        # All that may take its time or fail is done before a predecessor lets go of anything.
        await _take_over(predecessor, embedded)
        await backend.open()
        stack.push_async_callback(backend.close)
        await work.start(stack, stop_sandboxes=lambda: stop_sandboxes and _is_alone(predecessor))
        stack.push_async_callback(site.close)
        await site.open()
        entered = asyncio.Event()
        if predecessor is not None:
            predecessor.here(service.calls(work.keeper, tunnels), service.notes(work.keeper, entered))
        await announce(settings, credentials, backend.capabilities())
        await doors.open()
        stack.push_async_callback(doors.close, drain=settings.drain_requests, tunnels=settings.drain_tunnels)
        # Before the front door drains: what streams would keep it waiting for ever.
        stack.push_async_callback(site.shut_down)
        estate = Estate(keeper=work.keeper, jobs=work.jobs, tunnels=tunnels, embedded=embedded, listen=site.listen)
        handover = Handover(settings.run_dir, sockets, estate)
        await handover.open()
        stack.push_async_callback(handover.close)
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
                hosting.thinning.run(),
                *([work.prebuilds.run()] if backend.capabilities().layers else []),
                inherit(predecessor, hosting, work.jobs, handover, entered),
            )
        )
        if predecessor is not None:
            predecessor.taken_over()
        # What was built so far lives as long as the process; a full collection need not look at it again.
        gc.collect()
        gc.freeze()
        yield Leaving(settings=settings, doors=doors, site=site, handover=handover, predecessor=predecessor)


async def _find_predecessor(stack: AsyncExitStack, settings: Settings, *, replace: bool) -> Predecessor | None:
    """The server that uses the data directory. Raises Conflict where it is not to be replaced."""
    found = await Predecessor.find(settings.run_dir)
    if found is None:
        return None
    stack.callback(found.close)
    if not replace:
        raise Conflict(
            f"Another Firefly (process {found.pid}) uses {settings.data_dir}. Stop it, choose another "
            "FIREFLY_DATA_DIR, or start with --replace to take over from it without a break."
        )
    return found


async def _take_over(predecessor: Predecessor | None, embedded: EmbeddedPostgres | None) -> None:
    if predecessor is not None:
        await predecessor.let_go()
        if embedded is not None:
            await embedded.take_over()


def _is_alone(predecessor: Predecessor | None) -> bool:
    """Whether nobody takes back what is held here when this server ends; a predecessor does if it never started."""
    return predecessor is None or predecessor.is_followed


async def _close_database(embedded: EmbeddedPostgres, predecessor: Predecessor | None) -> None:
    await (embedded.stop() if _is_alone(predecessor) else embedded.let_go())


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


async def _open_database(
    stack: AsyncExitStack, settings: Settings, predecessor: Predecessor | None
) -> tuple[Database, EmbeddedPostgres | None]:
    """An embedded one stays the predecessor's for now."""
    dsn, embedded = settings.database_url, None
    if not dsn:
        embedded = EmbeddedPostgres(settings)
        dsn = await embedded.start(beside=predecessor is not None)
        stack.push_async_callback(_close_database, embedded, predecessor)
    database = Database(dsn)
    await database.open()
    stack.push_async_callback(database.close)
    await migrate(database, resources.folder("migrations"))
    return database, embedded


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
