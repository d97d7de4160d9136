"""The way from inside a sandbox to the hosted repository of its project, by a unix socket."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import UUID

import structlog

from ..errors import FireflyError, InvalidInput, NotFound, Unavailable
from ..unixsockets import inode_of, put_in_place
from .command import Git, tail
from .flow import PIECE, Flow, background
from .model import Service
from .pushes import PendingPush, Pushes
from .receiving import CommandReader, ReportReader
from .repositories import Repositories

log = structlog.get_logger()

SOCKET = "git.sock"
_CONNECTIONS = 4
_WAITING = 16
_GREETING_LIMIT = 10.0


class Gateway:
    """One listener per running sandbox. Protocol: `<service>\\n`, `ok\\n` or `error <sentence>\\n`, then git's own.

    `project_of` says whose workspace it is, at each connection: None for one that nobody has claimed.
    Pushes that come this way are recorded with `via="workspace"` and update no workspace.
    """

    def __init__(
        self,
        *,
        git: Git,
        repositories: Repositories,
        pushes: Pushes,
        project_of: Callable[[UUID], Awaitable[UUID | None]],
    ) -> None:
        self._git = git
        self._repositories = repositories
        self._pushes = pushes
        self._project_of = project_of
        self._listeners: dict[UUID, _Listener] = {}

    async def listen(self, workspace_id: UUID, folder: Path) -> None:
        """Listen on `folder`/git.sock; replaces an earlier listener of the workspace."""
        await self.silence(workspace_id)

        async def handle(reader: StreamReader, writer: StreamWriter) -> None:
            await self._answer(workspace_id, reader, writer)

        listener = _Listener(handle)
        await listener.open(folder / SOCKET)
        self._listeners[workspace_id] = listener

    async def silence(self, workspace_id: UUID) -> None:
        """Stop listening and end the connections; nothing happens when there is none."""
        listener = self._listeners.pop(workspace_id, None)
        if listener is not None:
            await listener.close()

    async def close(self) -> None:
        for workspace_id in list(self._listeners):
            await self.silence(workspace_id)

    async def _answer(self, workspace_id: UUID, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            service = await _greeting(reader)
            project_id = await self._project_of(workspace_id)
            if project_id is None:
                raise NotFound("This workspace belongs to no project yet.")
            path = await self._repositories.existing(project_id)
        except FireflyError as error:
            writer.write(f"error {error.detail}\n".encode())
            return
        writer.write(b"ok\n")
        if service is Service.UPLOAD_PACK:
            await self._exchange(path, service, _pieces(reader), writer, None)
        else:
            await self._receive(project_id, path, reader, writer)

    async def _receive(self, project_id: UUID, path: Path, reader: StreamReader, writer: StreamWriter) -> None:
        report = ReportReader(after_advertisement=True)
        pending: list[PendingPush] = []

        async def body() -> AsyncIterator[bytes]:
            commands, head = CommandReader(), bytearray()
            async for piece in _pieces(reader):
                if commands.done:
                    yield piece
                    continue
                head += piece
                commands.feed(piece)
                if not commands.done:
                    continue
                report.set_sideband(commands.sideband)
                if commands.changes:
                    changes = commands.changes
                    pending.append(
                        await self._pushes.begin(project_id, pusher_id=None, via="workspace", changes=changes)
                    )
                yield bytes(head)

        try:
            await self._exchange(path, Service.RECEIVE_PACK, body(), writer, report)
        finally:
            for push in pending:
                await self._pushes.settle(push, report.accepted(push.changes) if report.seen else None)

    async def _exchange(
        self,
        path: Path,
        service: Service,
        body: AsyncIterator[bytes],
        writer: StreamWriter,
        report: ReportReader | None,
    ) -> None:
        arguments = [service.removeprefix("git-"), str(path)]
        async with self._git.process(*arguments, stdin=True) as process:
            flow = Flow(process)
            async with background(tail(process.stderr)), background(flow.pump(body)) as pump:
                async for piece in flow.output():
                    if report is not None:
                        report.feed(piece)
                    writer.write(piece)
                    await writer.drain()
                if pump.done() and not pump.cancelled() and (failure := pump.exception()):
                    raise failure


class _Listener:
    """A unix socket for one sandbox, with its connections: a few at once, a few more waiting."""

    def __init__(self, handle: Callable[[StreamReader, StreamWriter], Awaitable[None]]) -> None:
        self._handle = handle
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._path: Path | None = None
        self._inode: int | None = None

    async def open(self, path: Path) -> None:
        # Only this sandbox sees the folder; its user is another than the server's.
        listener = await asyncio.to_thread(put_in_place, path, mode=0o666)
        self._inode = await asyncio.to_thread(inode_of, path)
        self._server = await asyncio.start_unix_server(self._accept, sock=listener, backlog=_WAITING)
        self._path = path

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        if len(self._tasks) >= _CONNECTIONS + _WAITING:
            writer.close()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            async with self._slots:
                await self._handle(reader, writer)
        except (OSError, FireflyError) as error:
            log.info("gateway.failed", reason=str(error))
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        # Another server may listen there by now.
        if self._path is not None and await asyncio.to_thread(inode_of, self._path) == self._inode:
            await asyncio.to_thread(self._path.unlink, missing_ok=True)


async def _greeting(reader: StreamReader) -> Service:
    try:
        async with asyncio.timeout(_GREETING_LIMIT):
            line = await reader.readline()
        return Service(line.decode("ascii").strip())
    except TimeoutError as error:
        raise Unavailable("Say which service you want.") from error
    except ValueError as error:
        raise InvalidInput("There is no such service.") from error


async def _pieces(reader: StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(PIECE):
        yield piece
