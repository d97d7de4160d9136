"""A program that hooks call: writes down each call, and answers as it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`status` is what it answers with, on the way to `location` where one is given; at `/slow` once `gate` is set."""

    status: int = 200
    location: str = ""
    calls: list[Received] = field(default_factory=list)
    url: str = ""
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append(Received(request.path, dict(request.headers), await request.read()))
        if request.path.endswith("/slow"):
            await self.gate.wait()
        headers = {"Location": self.location} if self.location else {}
        return web.Response(status=self.status, text="heard\x00\n", headers=headers)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), web.Application()
    app.router.add_route("*", "/{rest:.*}", receiver.answer)
    server = TestServer(app)
    await server.start_server()
    receiver.url = str(server.make_url("/hook/secret-part"))
    try:
        yield receiver
    finally:
        await server.close()
