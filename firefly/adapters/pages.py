"""Sites of pages on connections of their own: the server keeps one end, and the front door gets the other.

So a connection belongs to one site from its first byte on, whatever is said on it, and nothing of this shares a
listener, an origin or a handler with the application.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import structlog
from aiohttp import web

from firefly.builds.pages import Evicted, Exhibition
from firefly.errors import FireflyError, NotFound
from firefly.pages import answer, headers, page
from firefly.proxy import Dialer, Progress, Step
from firefly.routes import PagesTarget, Target

# Threads that find and read files.
READERS = 8
# Times that pages are unpacked again for one request, where they made room for others in the moment of finding them.
TRIES = 3
# The front door decides what is too long, and says so in its own words.
LONGEST_LINE = 64 << 10
log = structlog.get_logger()


class _Server(web.Server):
    """Knows of each connection what it shows."""

    def __init__(self, handler: Any, **more: Any) -> None:
        super().__init__(handler, **more)
        self.sites: dict[web.RequestHandler, UUID] = {}

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self.sites.pop(handler, None)


class PagesServing:
    """Fulfils `Exhibits`."""

    def __init__(self, exhibition: Exhibition) -> None:
        self._exhibition = exhibition
        self._readers = ThreadPoolExecutor(READERS, "pages")
        self._server = _Server(
            self._answer, access_log=None, handler_cancellation=True, max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )  # fmt: skip

    async def close(self) -> None:
        """What is still being sent is given up: the front door has waited for it."""
        await self._server.shutdown(0)
        self._readers.shutdown(wait=True, cancel_futures=True)

    async def show(self, site_id: UUID) -> None:
        await self._exhibition.open(site_id)

    def forget(self, build_id: UUID) -> None:
        self._exhibition.forget(build_id)

    async def connect(self, site_id: UUID) -> socket.socket:
        return (await self.dial(site_id))[1]

    async def dial(self, site_id: UUID) -> tuple[str, socket.socket]:
        """What is shown now, by its name, and a connection to it."""
        exhibit = await self._exhibition.open(site_id)
        ours, theirs = socket.socketpair()
        try:
            ours.setblocking(False)
            theirs.setblocking(False)
            await self._accept(site_id, ours)
        except BaseException:
            ours.close()
            theirs.close()
            raise
        return exhibit.name, theirs

    async def _accept(self, site_id: UUID, connection: socket.socket) -> None:
        def make() -> web.RequestHandler:
            handler = self._server()
            self._server.sites[handler] = site_id
            return handler

        await asyncio.get_running_loop().connect_accepted_socket(make, connection)

    def name(self, site_id: UUID) -> str | None:
        """That of what can be shown at once; None where somebody has to ask for it first."""
        shown = self._exhibition.ready(site_id)
        return shown.name if shown is not None else None

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        site_id = self._server.sites.get(request.protocol)
        try:
            if site_id is None:
                raise NotFound("This connection shows nothing.")
            return await self._from(site_id, request)
        except FireflyError as error:
            # It was stopped, is gone or broken, since it was connected to: who dials anew is told.
            request.protocol.force_close()
            raise ConnectionResetError(error.detail) from error
        except OSError as error:
            if isinstance(error, ConnectionError):
                raise
            log.warning("pages.not_read", site_id=str(site_id), reason=str(error))
            return _sorry()

    async def _from(self, site_id: UUID, request: web.BaseRequest) -> web.StreamResponse:
        for _ in range(TRIES):
            exhibit = await self._exhibition.open(site_id)
            folder = await self._exhibition.folder(exhibit)
            try:
                return await answer(request, folder, executor=self._readers)
            except Evicted:
                self._exhibition.evicted(exhibit)
        log.warning("pages.no_room", site_id=str(site_id))
        return _sorry()


class PagesDialer(Dialer):
    """Reaches sites of pages. They are awake as soon as their pages are unpacked, and never fall asleep."""

    def __init__(self, serving: PagesServing) -> None:
        self._serving = serving

    def instance(self, target: Target) -> str | None:
        return self._serving.name(target.site_id) if isinstance(target, PagesTarget) else None

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        if not isinstance(target, PagesTarget):
            raise NotFound("This target is not a site.")
        return await self._serving.dial(target.site_id)

    async def progress(self, target: Target) -> Progress:
        return Progress(Step.PAGES, ready=self.is_awake(target))

    def touch(self, target: Target, at: float) -> None:
        """Nothing falls asleep that could be kept awake."""


def _sorry() -> web.Response:
    body = page("Not available", "<p>This cannot be shown just now; its owner can see why. Try again.</p>")
    fields = {**headers("text/html; charset=utf-8"), "Retry-After": "10"}
    return web.Response(status=503, body=body, headers=fields)
