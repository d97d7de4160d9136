"""A small web server around SmartHTTP, as the web layer has one, and hosts that misbehave."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestServer

from firefly.errors import FireflyError, NotFound
from firefly.git import Service, SmartHTTP


def application(smart: SmartHTTP, project: UUID, pusher: UUID | None = None) -> web.Application:
    """Serves one project's repository at /a.git."""

    async def respond(request: web.Request, stream: AsyncGenerator[bytes, None], kind: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": kind})
        async with aclosing(stream):
            try:
                first = await anext(stream, b"")
            except NotFound as error:
                raise web.HTTPNotFound(text=error.detail) from error
            except FireflyError as error:
                raise web.HTTPBadRequest(text=error.detail) from error
            await response.prepare(request)
            await response.write(first)
            async for piece in stream:
                await response.write(piece)
        return response

    async def advertise(request: web.Request) -> web.StreamResponse:
        service = Service(request.query["service"])
        protocol = request.headers.get("Git-Protocol", "")
        return await respond(
            request,
            smart.advertise(project, service, protocol=protocol),
            f"application/x-{service}-advertisement",
        )

    async def serve(request: web.Request) -> web.StreamResponse:
        service = Service(request.match_info["service"])
        protocol = request.headers.get("Git-Protocol", "")

        async def body() -> AsyncIterator[bytes]:
            async for piece in request.content.iter_any():
                yield piece

        return await respond(
            request,
            smart.serve(project, service, body(), protocol=protocol, pusher_id=pusher),
            f"application/x-{service}-result",
        )

    app = web.Application(client_max_size=1 << 30)
    app.router.add_get("/a.git/info/refs", advertise)
    app.router.add_post("/a.git/{service:git-(upload|receive)-pack}", serve)
    return app


@asynccontextmanager
async def listening(app: web.Application) -> AsyncIterator[str]:
    """The address of a running server, without a slash at its end."""
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


@asynccontextmanager
async def answering(status: int, **headers: str) -> AsyncIterator[str]:
    """A host that answers everything with one status."""

    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    app = web.Application()
    app.router.add_get("/{rest:.*}", handle)
    async with listening(app) as url:
        yield url


@asynccontextmanager
async def silent() -> AsyncIterator[str]:
    """A host that takes connections and says nothing."""
    ended = asyncio.Event()

    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        ended.set()
        server.close()
        await server.wait_closed()
