"""Calls of providers' hooks over real connections, while others send bodies that do not come."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from firefly.builds.hooks.receiving import Received
from firefly.git.flow import background
from firefly.web import hooks
from firefly.web.context import CLIENT_ADDRESS_HEADER
from firefly.web.middleware import give_request_id, tell_problems
from firefly.web.services import SERVICES
from tests.support.waiting import eventually

LARGE = hooks.SMALL + 1


@dataclass
class Receiver:
    """Takes whatever comes."""

    sizes: list[int] = field(default_factory=list)

    async def receive(self, provider: str, project_id: UUID, headers: Mapping[str, str], body: bytes) -> Received:
        self.sizes.append(len(body))
        return Received(None, "ignored")


@dataclass
class Place:
    app: web.Application
    port: int
    receiver: Receiver

    @property
    def waiting(self) -> int:
        return sum(map(len, self.app[hooks.TURNS]._waiting.values()))

    @property
    def taken(self) -> int:
        return self.app[hooks.TURNS]._taken.total()

    @asynccontextmanager
    async def call(self, address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """One that has a signature, and of whose body nothing has come."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = (
            f"POST /hooks/github/{uuid4()} HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=0\r\n"
            f"{CLIENT_ADDRESS_HEADER}: {address}\r\nContent-Length: {LARGE}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode())
        try:
            yield reader, writer
        finally:
            writer.close()

    async def send(self, address: str) -> int:
        """One whose body comes at once; its status."""
        async with self.call(address) as (reader, writer):
            writer.write(bytes(LARGE))
            return await status_of(reader)


async def status_of(reader: asyncio.StreamReader) -> int:
    async with asyncio.timeout(30):
        return int((await reader.readline()).split()[1])


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    monkeypatch.setattr(hooks, "WAITING", 2)
    app, receiver = web.Application(middlewares=[give_request_id, tell_problems]), Receiver()
    app[SERVICES] = cast(Any, SimpleNamespace(provider_hooks=receiver))
    hooks.set_up_hooks(app)
    async with TestServer(app) as server:
        yield Place(app, cast(int, server.port), receiver)


async def test_bodies_of_one_sender_that_do_not_come_keep_no_other_waiting(place: Place) -> None:
    async with AsyncExitStack() as stack:
        # Of one network, since nobody has less of IPv6.
        for number in range(hooks.OF_ONE + 2):
            await stack.enter_async_context(place.call(f"2001:db8::{number + 1:x}"))
        await eventually(lambda: (place.taken, place.waiting) == (hooks.OF_ONE, 2))
        assert await place.send("2001:db8::f") == 429
        assert await place.send("192.0.2.7") == 202
        assert place.receiver.sizes == [LARGE]


async def test_bodies_of_many_that_do_not_come_are_given_up_before_a_provider_gives_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "PATIENCE", 1.0)
    async with AsyncExitStack() as stack:
        slow = [
            await stack.enter_async_context(place.call(f"192.0.2.{number % 4 + 1}"))
            for number in range(hooks.LARGE_ONES)
        ]
        await eventually(lambda: place.taken == hooks.LARGE_ONES)
        # A little, again and again, is too little.
        async with background(_drip([writer for _, writer in slow])):
            assert await place.send("192.0.2.77") == 202
            assert {await status_of(reader) for reader, _ in slow} == {504}
    assert place.receiver.sizes == [LARGE]


async def _drip(writers: list[asyncio.StreamWriter]) -> None:
    while True:
        for writer in writers:
            writer.write(b"x")
        await asyncio.sleep(0.05)
