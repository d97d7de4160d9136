"""The way from sandboxes to the cache: a unix socket in each one's gateway, with a bound on its connections."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from ..splicing import accept
from ..unixsockets import inode_of, put_in_place
from .registry import Registry

SOCKET = "packages.sock"
# uv and bun have fifty at once.
CONNECTIONS = 64
# Seconds for which a connection that nobody uses is kept.
IDLE = 60.0


@dataclass(frozen=True, slots=True)
class _Listening:
    path: Path
    inode: int | None
    socket: socket.socket
    task: asyncio.Task[None]


class Door:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._listening: dict[UUID, _Listening] = {}

    async def listen(self, workspace_id: UUID, folder: Path) -> None:
        """Listen on `folder`/packages.sock; replaces an earlier listener of the workspace."""
        await self.silence(workspace_id)
        path = folder / SOCKET
        # Only this sandbox sees the folder; its user is another than the server's.
        listener = await asyncio.to_thread(put_in_place, path, mode=0o666)
        inode = await asyncio.to_thread(inode_of, path)
        task = asyncio.create_task(self._serve(workspace_id, listener), name=f"packages {workspace_id}")
        self._listening[workspace_id] = _Listening(path, inode, listener, task)

    async def silence(self, workspace_id: UUID) -> None:
        """Stop listening; nothing happens where nobody does."""
        if (found := self._listening.pop(workspace_id, None)) is None:
            return
        found.task.cancel()
        await asyncio.wait([found.task])
        found.socket.close()
        # Another server may listen there by now.
        if await asyncio.to_thread(inode_of, found.path) == found.inode:
            await asyncio.to_thread(found.path.unlink, missing_ok=True)

    async def close(self) -> None:
        for workspace_id in list(self._listening):
            await self.silence(workspace_id)

    async def _serve(self, workspace_id: UUID, listener: socket.socket) -> None:
        """Until cancelled; then the connections end, too."""
        loop = asyncio.get_running_loop()
        server, free = web.Server(self._registry.visitor(workspace_id)), asyncio.Semaphore(CONNECTIONS)

        def protocol() -> RequestHandler:
            return _Counted(server, loop=loop, keepalive_timeout=IDLE, access_log=None, ended=free.release)

        try:
            while True:
                await free.acquire()
                await loop.connect_accepted_socket(protocol, await accept(listener))
        finally:
            await server.shutdown(0)


class _Counted(RequestHandler):
    """Tells when its connection has ended, and what was asked on it is no longer worked at."""

    __slots__ = ("_ended",)

    def __init__(self, server: web.Server, *, ended: Callable[[], None], **options: object) -> None:
        super().__init__(server, **options)  # type: ignore[arg-type]
        self._ended = ended

    def log_exception(self, *args: Any, **options: Any) -> None:
        """A sandbox that sends nonsense, or goes away, writes nothing into the server's log, which it could fill."""
        if not isinstance(options.get("exc_info"), (HttpProcessingError, ConnectionError)):
            super().log_exception(*args, **options)

    def connection_lost(self, exc: BaseException | None) -> None:
        # What others may wait for, too, goes on: who asks and goes away at once gets no more than who waits.
        working = self._task_handler
        super().connection_lost(exc)
        if working is None or working.done():
            self._ended()
        else:
            working.add_done_callback(lambda _: self._ended())
