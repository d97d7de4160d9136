"""The way from inside a sandbox to the hosted repository of its project, by a unix socket."""

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import structlog

from ..errors import FireflyError, Forbidden, NotFound
from ..unixsockets import inode_of, put_in_place
from . import greeting
from .command import Git
from .copies import Copies
from .exchange import Caller, exchange, pieces, read_commands
from .greeting import GitWanted
from .model import PushListener, PushRecorded, Service
from .pushes import PendingPush, Pushes
from .receiving import CommandReader, ReportReader
from .repositories import Repositories
from .shadows import Shadows

log = structlog.get_logger()

SOCKET = "git.sock"
_CONNECTIONS = 4
_WAITING = 16
_LISTENER_LIMIT = 180.0


class Gateway:
    """One listener per running sandbox. Protocol: `<service>\\n`, `ok\\n` or `error <sentence>\\n`, then git's own.
    `<service> shadow <epoch>\\n` is about the workspace's shadow branches, `copy-put` and `copy-get` about the copy of
    the files that git ignores (see `greeting`).

    `project_of` says whose workspace it is, at each connection: None for one that nobody has claimed.
    Pushes that come this way are recorded with `via="workspace"`; those from members' own workspaces update the
    shared one, as any from outside.
    """

    def __init__(
        self,
        *,
        git: Git,
        repositories: Repositories,
        pushes: Pushes,
        project_of: Callable[[UUID], Awaitable[UUID | None]],
        shadows: Shadows,
        copies: Copies,
        reads_only: Callable[[UUID], bool] = lambda _: False,
        member_of: Callable[[UUID], Awaitable[UUID | None]] | None = None,
    ) -> None:
        """`member_of`: whose own workspace it is, None for the shared one; `listener` hears of what is pushed there."""
        self._git = git
        self._repositories = repositories
        self._pushes = pushes
        self._project_of = project_of
        self._shadows = shadows
        self._copies = copies
        self._reads_only = reads_only
        self._member_of = member_of
        self.listener: PushListener | None = None
        self._listeners: dict[UUID, _Listener] = {}
        self._telling: set[asyncio.Task[None]] = set()

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
        for task in self._telling:
            task.cancel()
        if self._telling:
            await asyncio.wait(self._telling)

    async def _answer(self, workspace_id: UUID, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            wanted = await greeting.read(reader)
            project_id = await self._project_of(workspace_id)
            if project_id is None:
                raise NotFound("This workspace belongs to no project yet.")
            reads = wanted == GitWanted(Service.UPLOAD_PACK)
            if self._reads_only(workspace_id) and not reads:
                raise Forbidden("What is made ready for others pushes nothing.")
            if not isinstance(wanted, GitWanted):
                await self._copies.serve(workspace_id, wanted, reader, writer)
                return
            path = await self._repositories.existing(project_id)
            if wanted.epoch is not None:
                await self._shadows.check(workspace_id, wanted.epoch, wanted.service)
        except FireflyError as error:
            writer.write(f"error {error.detail}\n".encode())
            return
        writer.write(b"ok\n")
        await self._serve(Caller(workspace_id, project_id, path, pieces(reader), writer), wanted)

    async def _serve(self, caller: Caller, wanted: GitWanted) -> None:
        if wanted.epoch is not None:
            await self._shadows.serve(caller, wanted.service, wanted.epoch)
        elif wanted.service is Service.UPLOAD_PACK:
            await exchange(self._git, caller.path, wanted.service, caller.body, caller.writer)
        else:
            await self._receive(caller)

    async def _receive(self, caller: Caller) -> None:
        report = ReportReader(after_advertisement=True)
        pending: list[PendingPush] = []
        member_id = await self._member_of(caller.workspace_id) if self._member_of is not None else None

        async def begin(commands: CommandReader) -> None:
            report.set_sideband(commands.sideband)
            if commands.changes:
                push = await self._pushes.begin(
                    caller.project_id, pusher_id=member_id, via="workspace", changes=commands.changes
                )
                pending.append(push)

        body = read_commands(caller.body, begin)
        try:
            await exchange(self._git, caller.path, Service.RECEIVE_PACK, body, caller.writer, report=report)
        finally:
            for push in pending:
                recorded = await self._pushes.settle(push, report.accepted(push.changes) if report.seen else None)
                if recorded is not None and member_id is not None:
                    self._tell(recorded)

    def _tell(self, recorded: PushRecorded) -> None:
        """What a member pushes from a workspace of his own comes from outside of the shared one."""
        task = asyncio.create_task(self._told(recorded), name=f"push {recorded.id}")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _told(self, recorded: PushRecorded) -> None:
        try:
            if self.listener is not None:
                async with asyncio.timeout(_LISTENER_LIMIT):
                    await self.listener.pushed(recorded)
        except (FireflyError, TimeoutError) as error:
            log.warning("push.unheeded", push_id=str(recorded.id), reason=str(error))


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
