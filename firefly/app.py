"""The composition root: builds the house from the settings, in order, and takes it down in reverse."""

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
from .adapters.ground import Ground
from .adapters.listening import holding, listeners
from .adapters.notifying import notify
from .adapters.tls import Encryption
from .artifacts import opened
from .audit import Audit
from .bus import PostgresBus
from .clock import SystemClock
from .errors import Conflict
from .handover import Estate, Handover, Leaving, Predecessor, inherit, service
from .house import House
from .secrets import Keyring
from .settings import Settings
from .store import Database, EmbeddedPostgres, migrate
from .tls import sites

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
    async with serving(settings, stop_sandboxes=stop_sandboxes, replace=replace) as leaving:
        notify("READY=1", f"MAINPID={os.getpid()}")
        if await leaving.is_succeeded(stopping):
            log.info("server.succeeded")
            await leaving.drain(stopping)
        else:
            notify("STOPPING=1")
        log.info("server.stopping")


@asynccontextmanager
async def serving(settings: Settings, *, stop_sandboxes: bool, replace: bool) -> AsyncIterator[Leaving]:
    """Everything that serves, up while the block runs."""
    for concern in sites.check(settings):
        log.warning("hosts.allowed", what=concern.what, detail=concern.detail)
    settings.prepare_folders()
    async with AsyncExitStack() as stack:
        predecessor = await _find_predecessor(stack, settings, replace=replace)
        # Bound first: a port that is taken is told at once, and requests that come early wait instead of failing.
        sockets = stack.enter_context(holding(await predecessor.sockets()) if predecessor else listeners(settings))
        keyring, encryption = Keyring.from_settings(settings), Encryption.open(settings, SystemClock())
        database, embedded = await _open_database(stack, settings, predecessor)
        ground = await _lay_ground(stack, settings, database)
        alone = predecessor is None
        house = await House.build(stack, ground, keyring=keyring, encryption=encryption, alone=alone)
        await house.doors.prepare(sockets)
        stack.push_async_callback(house.doors.close, drain=0, tunnels=0)
        # All that may take its time or fail is done before a predecessor lets go of anything.
        await _take_over(predecessor, embedded)
        await house.begin(stack, stop_sandboxes=lambda: stop_sandboxes and _is_alone(predecessor))
        entered = asyncio.Event()
        if predecessor is not None:
            keeper = house.work.keeper
            predecessor.here(service.calls(keeper, house.tunnels), service.notes(keeper, entered))
        await house.receive(stack)
        handover = Handover(settings.run_dir, sockets, _estate(house, embedded))
        await handover.open()
        stack.push_async_callback(handover.close)
        inheriting = inherit(predecessor, house.hosting, house.work.jobs, handover, entered)
        await stack.enter_async_context(_running(*house.upkeep(), inheriting))
        if predecessor is not None:
            predecessor.taken_over()
        # What was built so far lives as long as the process; a full collection need not look at it again.
        gc.collect()
        gc.freeze()
        gc.enable()
        yield Leaving(settings=settings, doors=house.doors, site=house.site, handover=handover, predecessor=predecessor)


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


def _estate(house: House, embedded: EmbeddedPostgres | None) -> Estate:
    """What a successor is given, when one comes."""
    return Estate(
        keeper=house.work.keeper, jobs=house.work.jobs, workers=house.building.workers, tunnels=house.tunnels,
        embedded=embedded, listen=house.site.listen,
    )  # fmt: skip


def _is_alone(predecessor: Predecessor | None) -> bool:
    """Whether nobody takes back what is held here when this server ends; a predecessor does if it never started."""
    return predecessor is None or predecessor.is_followed


async def _close_database(embedded: EmbeddedPostgres, predecessor: Predecessor | None) -> None:
    await (embedded.stop() if _is_alone(predecessor) else embedded.let_go())


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


async def _lay_ground(stack: AsyncExitStack, settings: Settings, database: Database) -> Ground:
    bus = PostgresBus(database)
    await bus.open()
    stack.push_async_callback(bus.close)
    return Ground(
        settings=settings, database=database, bus=bus, clock=SystemClock(), audit=Audit(database),
        artifacts=await stack.enter_async_context(opened(settings)),
    )  # fmt: skip


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
