"""Serves a folder of the workspace, or one page, on the application's port."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import web

from firefly.bridge.site.script import SCRIPT_PATH, inject
from firefly.bridge.storage import Storage
from firefly.bridge.tasks import to_the_end
from firefly.bridge.watcher import Batch
from firefly.errors import FireflyError
from firefly.pages import Opened, answer, headers, page

_LIVE_SCRIPT = Path(__file__).with_name("live.js")
_MOST_PAGES = 200
TELL_LIMIT = 5.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Content:
    """What to serve: `folder` of the workspace, or the one `page` for every path."""

    folder: str = ""
    page: Callable[[], bytes] | None = None
    inject: bool = True
    status: int = 200


class Site:
    def __init__(self, storage: Storage, *, host: str) -> None:
        self._storage = storage
        self._host = host
        self._content = Content()
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner: web.ServerRunner | None = None
        self._port = 0

    async def show(self, content: Content, *, port: int) -> None:
        """Serve `content` on `port` from now on. OSError when another program has the port."""
        self._content = content
        if self._runner and self._port == port:
            return
        await self.hide()
        runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=1)
        await runner.setup()
        try:
            # Cancelled half-way it would leave a socket that listens and that nobody can close.
            await to_the_end(web.TCPSite(runner, self._host, port, reuse_address=True).start())
        except BaseException:
            await runner.cleanup()
            raise
        self._runner, self._port = runner, port

    async def hide(self) -> None:
        """Close the port, and every page's connection."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await to_the_end(self._close(runner))

    async def _close(self, runner: web.ServerRunner) -> None:
        await asyncio.gather(*(socket.close() for socket in list(self._sockets)), return_exceptions=True)
        await runner.cleanup()

    async def reload(self, batch: Batch | None = None) -> None:
        """Tell the open pages; a batch of nothing but style sheets is swapped in without a reload."""
        only_styles = batch and not batch.missed and all(path.endswith(".css") for path in batch.changes)
        change = {"kind": "styles", "paths": sorted(batch.changes)} if batch and only_styles else {"kind": "reload"}
        text = json.dumps(change)
        await asyncio.gather(*(_tell(socket, text) for socket in list(self._sockets)), return_exceptions=True)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        content = self._content
        try:
            if request.path == "/__firefly/live":
                return await self._live(request)
            if request.path == SCRIPT_PATH and request.method in {"GET", "HEAD"}:
                script = await asyncio.to_thread(_LIVE_SCRIPT.read_bytes)
                return web.Response(body=script, headers=headers("text/javascript; charset=utf-8"))
            if content.page is not None and request.method in {"GET", "HEAD"}:
                return self._page(content.page(), content.status)
            folder = WorkspaceFolder(self._storage, content.folder)
            return await answer(request, folder, alter=inject if content.inject else None)
        except FireflyError as error:
            return self._page(page(error.title, f"<p>{error.title}.</p>"), 404)

    async def _live(self, request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=25, max_msg_size=1024, compress=False)
        if len(self._sockets) >= _MOST_PAGES or not socket.can_prepare(request):
            return web.Response(status=503 if len(self._sockets) >= _MOST_PAGES else 400)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            async for _ in socket:
                pass
        finally:
            self._sockets.discard(socket)
        return socket

    def _page(self, content: bytes, status: int) -> web.Response:
        body = inject(content) if self._content.inject else content
        return web.Response(body=body, status=status, headers=headers("text/html; charset=utf-8"))


class WorkspaceFolder:
    """Fulfils `Source`: a folder of the workspace, as it is at the moment."""

    def __init__(self, storage: Storage, folder: str) -> None:
        self._storage = storage
        self._folder = folder

    def open(self, path: str) -> Opened | None:
        try:
            file, status = self._storage.open(f"{self._folder}{path}" if self._folder else path.removeprefix("/"))
        except FireflyError:
            return None
        return Opened(file, status.st_size, f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}")


async def _tell(page: web.WebSocketResponse, text: str) -> None:
    async with asyncio.timeout(TELL_LIMIT):
        await page.send_str(text)
