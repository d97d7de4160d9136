"""Visitors of a preview who are no members: each a program of its own address, since one may not ask often."""

import itertools
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.support.server import LiveServer, LoopbackResolver

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile Safari/604.1"
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
_addresses = (f"127.0.{high}.{low}" for high, low in itertools.product(range(40, 90), range(2, 250)))


@dataclass(frozen=True)
class Visitor:
    preview: str
    agent: str = DESK
    address: str = field(default_factory=lambda: next(_addresses))

    async def ask(self, name: str, message: str = "", *, to: str = "/") -> None:
        await self._send("POST", "/.firefly/ask", 303, data={"name": name, "message": message, "to": to})

    async def open(self, link: str) -> None:
        await self._send("GET", link.removeprefix(self.preview), 303)

    async def enter(self, code: str) -> None:
        await self._send("POST", "/.firefly/code", 303, data={"code": code})

    async def _send(self, method: str, path: str, status: int, **more: Any) -> None:
        connector = aiohttp.TCPConnector(resolver=LoopbackResolver(), local_addr=(self.address, 0))
        headers = {"User-Agent": self.agent, "Origin": self.preview, **NAVIGATION}
        async with (
            aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(method, self.preview + path, headers=headers, allow_redirects=False, **more) as answer,
        ):
            assert answer.status == status, await answer.text()


@dataclass(frozen=True)
class Shared:
    """A project whose access its owner changes by the API, too."""

    server: LiveServer
    preview: str
    path: str
    token: str | None = None

    async def call(self, method: str, more: str = "", **body: Any) -> Any:
        path = f"/api/v1/projects/{self.path}/access{more}"
        async with self.server.client(token=self.token) as client, client.request(method, path, json=body) as answer:
            assert answer.status in {200, 201, 204}, await answer.text()
            return await answer.json() if answer.status != 204 else None
