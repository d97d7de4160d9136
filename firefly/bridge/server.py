"""Puts the bridge together and serves it on the socket that it was given."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import web

from firefly.bridge.activity import Activity
from firefly.bridge.annex import Annex
from firefly.bridge.application.board import Board
from firefly.bridge.application.database import OwnDatabase
from firefly.bridge.application.installer import Installer
from firefly.bridge.application.lifecycle import Lifecycle
from firefly.bridge.application.published import Published
from firefly.bridge.detection.project import ProjectFiles
from firefly.bridge.dispatcher import Dispatcher
from firefly.bridge.environment import Environment
from firefly.bridge.filling import Filling
from firefly.bridge.http.building import BuildingRoutes
from firefly.bridge.http.control import ControlRoutes
from firefly.bridge.http.files import FileRoutes
from firefly.bridge.http.problems import problems
from firefly.bridge.http.shadow import ShadowRoutes
from firefly.bridge.http.site import SiteRoutes
from firefly.bridge.journal import Journal
from firefly.bridge.outer import Door, Outer
from firefly.bridge.output import Output
from firefly.bridge.repository import Repository
from firefly.bridge.services.application import Application
from firefly.bridge.services.execution import Execution
from firefly.bridge.services.files import Files
from firefly.bridge.services.listing import Lister
from firefly.bridge.services.terminals import Terminals
from firefly.bridge.services.watch import Watch
from firefly.bridge.services.workspace import WorkspaceService
from firefly.bridge.shadow.copies import Copies
from firefly.bridge.shadow.flusher import Flusher
from firefly.bridge.shadow.restoring import Restoring
from firefly.bridge.shadow.store import ShadowStore
from firefly.bridge.site.server import Site
from firefly.bridge.storage import Storage
from firefly.bridge.watcher import Watcher
from firefly.bridge.workspace import Workspace
from firefly.clock import Clock
from firefly.protocol import MAX_MESSAGE

SHUTDOWN_SECONDS = 2.0
FETCH_LIMIT = 10.0
# Less than a supervisor waits for the bridge's end.
FLUSH_SECONDS = 2.5
log = structlog.get_logger()


@dataclass(frozen=True)
class Bridge:
    web: web.Application
    workspace: WorkspaceService
    application: Application
    terminals: Terminals
    annex: Annex
    flusher: Flusher

    async def end(self) -> None:
        """End what runs, and save what is not saved yet."""
        saving = self.flusher.flush_within(FLUSH_SECONDS)
        await asyncio.gather(saving, self.application.close(), self.terminals.close())
        await self.flusher.close()


def build(environment: Environment, clock: Clock) -> Bridge:
    """Every part of the bridge; nothing runs yet."""
    workspace = Workspace(environment.workspace)
    annex = Annex(workspace)
    storage = Storage(workspace, annex)
    lister, watcher = Lister(workspace, environment), Watcher(environment.workspace)
    application, database = _application(environment, storage, watcher, clock)
    files, execution = Files(workspace, storage, annex, lister), Execution(environment)
    terminals = Terminals(workspace, environment)
    repository, store = Repository(environment), ShadowStore(environment)
    copies = Copies(environment, store)
    flusher = Flusher(environment, watcher, clock, store=store, copies=copies)
    restoring = Restoring(environment, repository, store, copies)
    filling = Filling(environment, workspace, storage, repository)
    service = WorkspaceService(environment, workspace, filling, repository, application, flusher, restoring)
    watch = Watch(workspace, storage, watcher)
    dispatcher = Dispatcher([service, files, watch, terminals, application, execution])
    activity = Activity(
        busy=[application.busy, execution.busy, files.busy, service.busy, flusher.busy],
        wishes=lambda: application.wishes,
    )
    control = ControlRoutes(dispatcher, application, execution, service, activity)
    shadow = ShadowRoutes(flusher)
    app = web.Application(middlewares=[problems], client_max_size=MAX_MESSAGE)
    app.add_routes([*control.routes(), *shadow.routes(), *SiteRoutes(database).routes()])
    app.add_routes(BuildingRoutes(environment, workspace, execution).routes())
    app.add_routes(FileRoutes(storage, annex, files, lister).routes())
    return Bridge(app, service, application, terminals, annex, flusher)


def _application(
    environment: Environment, storage: Storage, watcher: Watcher, clock: Clock
) -> tuple[Application, OwnDatabase]:
    # Numbers that no earlier life of this bridge has reached: who asks for what came after one of those gets it all.
    before = int(clock.now().timestamp() * 1000)
    board, output = Board(clock, port=environment.port), Output(clock, before=before, hidden=environment.secrets.values)
    site, database = Site(storage, host=environment.host), OwnDatabase(environment, output)
    lifecycle = Lifecycle(
        environment=environment,
        files=ProjectFiles(storage),
        board=board,
        output=output,
        installer=Installer(environment, board, output, clock),
        site=site,
    )
    published = Published(environment=environment, board=board, output=output, site=site, database=database)
    return Application(lifecycle, published, board, output, watcher), database


@asynccontextmanager
async def serving(
    environment: Environment, listener: socket.socket | None, clock: Clock, *, door: Door | None = None
) -> AsyncIterator[Bridge]:
    """Answers on `listener` and at `door` inside the block; at its end applications and terminals are ended."""
    bridge = build(environment, clock)
    await asyncio.to_thread(bridge.annex.clear_temporary)
    runner = web.AppRunner(bridge.web, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_journal(bridge.application.output, environment))
            if listener is not None:
                await web.SockSite(runner, listener).start()
            if door is not None and runner.server is not None:
                await stack.enter_async_context(Outer(door, runner.server, environment.gateway).open())
            # While there is still a way out.
            stack.push_async_callback(bridge.end)
            await bridge.workspace.resume()
            log.info("bridge.ready", workspace=environment.workspace_id)
            yield bridge
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _journal(output: Output, environment: Environment) -> AsyncIterator[None]:
    """What was printed before is there again, and what is printed is written down to its end."""
    journal = Journal(environment.state / "output")
    output.recall(await asyncio.to_thread(journal.recall))
    task = asyncio.create_task(output.keep(journal), name="output-journal")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def run(
    environment: Environment, listener: socket.socket | None, clock: Clock, *, door: Door | None = None
) -> None:
    """Until SIGTERM or SIGINT."""
    _use_pidfds()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(environment, listener, clock, door=door):
        await asyncio.to_thread(_import_the_rest)
        await stop.wait()


def _import_the_rest() -> None:
    """What the first look at a project needs, while a sandbox that was started ahead waits for one."""
    import firefly.protocol.manifest  # noqa: F401


def listen(path: Path) -> socket.socket:
    """A socket of one's own, for running a bridge by hand."""
    with suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(128)
    return listener


def inherited(descriptor: int) -> socket.socket:
    """The listening socket that the supervisor made; closed in what the bridge starts."""
    listener = socket.socket(fileno=descriptor)
    listener.set_inheritable(False)
    return listener


def fetched(giver: Path) -> socket.socket:
    """The listening socket that the server, outside, hands to the first that asks: as long as nothing else runs here.

    Raises OSError where there is none to be had.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(FETCH_LIMIT)
        connection.connect(str(giver))
        _, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
    if not descriptors:
        raise OSError("no socket was handed out")
    return inherited(descriptors[0])


def _use_pidfds() -> None:
    """Python 3.11 would have a thread for every child; later versions choose this by themselves."""
    import sys

    if sys.version_info < (3, 12):
        watcher = asyncio.PidfdChildWatcher()
        watcher.attach_loop(asyncio.get_running_loop())
        asyncio.get_event_loop_policy().set_child_watcher(watcher)
