"""A provider that people can connect to, and nothing more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from aiohttp.test_utils import TestServer

from firefly.testing.oauth import OAuthServer


@dataclass
class Place:
    """A Gitea that knows OAuth, at `url`."""

    oauth: OAuthServer
    url: str = ""

    async def user(self, request: web.Request) -> web.Response:
        return web.json_response({"id": 7, "login": self.oauth.who(request)})


@asynccontextmanager
async def giving_leave() -> AsyncIterator[Place]:
    place, app = Place(OAuthServer()), web.Application()
    place.oauth.add_routes(app)
    app.router.add_get("/api/v1/user", place.user)
    app.router.add_get("/another/api/v1/user", place.user)
    server = TestServer(app)
    await server.start_server()
    place.url = str(server.make_url("")).rstrip("/")
    try:
        yield place
    finally:
        await server.close()
