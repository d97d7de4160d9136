"""Serves a folder of the workspace, or one page, on the application's port."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import structlog
from aiohttp import web

from firefly.bridge.site import pages, responses
from firefly.bridge.site.types import content_type
from firefly.bridge.storage import Storage
from firefly.bridge.tasks import to_the_end
from firefly.bridge.watcher import Batch
from firefly.errors import FireflyError

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
        try:
            if request.path == "/__firefly/live":
                return await self._live(request)
            if request.method not in {"GET", "HEAD"}:
                return web.Response(status=405, headers={"Allow": "GET, HEAD"})
            if request.path == responses.SCRIPT_PATH:
                script = await asyncio.to_thread(_LIVE_SCRIPT.read_bytes)
                return web.Response(body=script, headers=_headers("text/javascript; charset=utf-8"))
            if self._content.page is not None:
                return self._page(request, self._content.page(), self._content.status)
            return await self._from_folder(request)
        except FireflyError as error:
            return self._page(request, pages.page(error.title, f"<p>{error.title}.</p>"), 404)

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

    def _page(self, request: web.BaseRequest, page: bytes, status: int) -> web.Response:
        headers = _headers("text/html; charset=utf-8")
        body = responses.inject(page) if self._content.inject else page
        return web.Response(body=body, status=status, headers=headers)

    async def _from_folder(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if _is_hidden(path):
            return await self._missing(request)
        for candidate in _candidates(path):
            with self._opened(candidate) as found:
                if found is None:
                    continue
                if candidate == f"{path}/index.html" and not path.endswith("/"):
                    # Links in the page are relative to its folder, so the slash matters.
                    query = f"?{request.rel_url.raw_query_string}" if request.query_string else ""
                    return web.Response(status=301, headers={"Location": f"./{request.rel_url.raw_name}/{query}"})
                return await self._send(request, candidate, *found, status=200)
        return await self._missing(request)

    async def _missing(self, request: web.BaseRequest) -> web.StreamResponse:
        """200.html is the page of a single-page application, 404.html the project's own page for this."""
        for name, status in (("/200.html", 200), ("/404.html", 404)):
            with self._opened(name) as found:
                if found is not None and (status == 404 or _navigates(request)):
                    return await self._send(request, name, *found, status=status)
        return self._page(request, pages.missing_page(request.path), 404)

    async def _send(
        self, request: web.BaseRequest, path: str, file: BinaryIO, size: int, version: str, *, status: int
    ) -> web.StreamResponse:
        start = await asyncio.to_thread(file.read, 64 << 10)
        kind = content_type(path, start)
        injected = self._content.inject and kind.startswith("text/html") and size <= responses.LARGEST_PAGE
        etag = f'"{version}-live"' if injected else f'"{version}"'
        headers = {**_headers(kind), "ETag": etag}
        if status == 200 and responses.is_fresh(request, etag):
            return web.Response(status=304, headers=headers)
        if injected:
            body = responses.inject(start + await asyncio.to_thread(file.read))
            return web.Response(body=body, status=status, headers=headers)
        return await responses.send_file(request, file, size=size, headers=headers, status=status)

    @contextmanager
    def _opened(self, path: str) -> Iterator[tuple[BinaryIO, int, str] | None]:
        whole = f"{self._content.folder}{path}" if self._content.folder else path.removeprefix("/")
        with ExitStack() as stack:
            try:
                file, status = stack.enter_context(self._storage.opened(whole))
            except FireflyError:
                found = None
            else:
                found = (file, status.st_size, f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ino:x}")
            yield found


async def _tell(page: web.WebSocketResponse, text: str) -> None:
    async with asyncio.timeout(TELL_LIMIT):
        await page.send_str(text)


def _headers(kind: str) -> dict[str, str]:
    return {"Content-Type": kind, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


def _is_hidden(path: str) -> bool:
    """Dotfiles are nobody's business, save for .well-known (RFC 8615)."""
    return any(part.startswith(".") and part != ".well-known" for part in path.split("/")) or "\0" in path


def _candidates(path: str) -> tuple[str, ...]:
    if path.endswith("/"):
        return (f"{path}index.html",)
    return (path, f"{path}.html", f"{path}/index.html")


def _navigates(request: web.BaseRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "")
