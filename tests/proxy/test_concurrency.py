"""How many requests may be under way at one time, in all and for one target."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from firefly.proxy import Limits
from firefly.routes import Access, Route, SandboxTarget
from tests.support.waiting import eventually

from .house import HOST, OTHER, House, Peer, ok, request


class Slow:
    """Answers when told to, and then at once."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, peer: Peer) -> None:
        while head := await peer.read_head():
            if b"Upgrade" in head:
                peer.send(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
                await peer.reader.read()
                await peer.close()
                return
            await self.go_on.wait()
            peer.send(ok())


@pytest.fixture
async def slow() -> Slow:
    return Slow()


@pytest.fixture
async def busy(tmp_path: Path, slow: Slow) -> AsyncIterator[House]:
    """Two requests for one target, seven for all previews, eight with the app."""
    house = House(tmp_path, limits=Limits(requests=8, route_requests=2))
    await house.open()
    house.upstream.behaviour = slow
    yield house
    await house.close()


async def begin(house: House, host: str = HOST, method: str = "GET") -> Peer:
    client = await house.client()
    already = len(house.upstream.requests)
    client.send(request(host=host, method=method))
    await eventually(lambda: len(house.upstream.requests) > already)
    return client


async def test_one_target_has_so_many_requests_and_no_more(busy: House, slow: Slow) -> None:
    clients = [await begin(busy) for _ in range(2)]
    refused = await busy.ask()
    assert (refused.status, refused.fields["retry-after"]) == (503, "2")
    slow.go_on.set()
    assert [(await client.read_answer()).status for client in clients] == [200, 200]
    # Both connections are kept; what needs a fresh one takes the place of one of them.
    assert [(await busy.ask(method="POST")).status for _ in range(4)] == [200] * 4
    assert [(await busy.ask()).status for _ in range(4)] == [200] * 4


async def test_idle_connections_do_not_let_more_in_than_there_may_be(busy: House, slow: Slow) -> None:
    slow.go_on.set()
    assert {answer.status for answer in await asyncio.gather(busy.ask(), busy.ask())} == {200}
    await eventually(lambda: busy.door.counters["pooled"] == 2)
    slow.go_on.clear()
    await begin(busy, method="POST")
    await begin(busy)
    assert (await busy.ask()).status == 503


async def test_tunnels_are_no_requests(busy: House, slow: Slow) -> None:
    slow.go_on.set()
    for _ in range(4):
        client = await busy.client()
        client.send(request(fields={"Connection": "Upgrade", "Upgrade": "echo"}))
        assert (await client.read_answer()).status == 101
    assert (await busy.ask()).status == 200
    for client in busy._clients:
        client.writer.transport.abort()
    context = busy.door._context
    await eventually(lambda: not context.pipes and not any(slot.open for slot in context.pool.slots()))
    assert [tally.open for tally in context.tallies.values()] == [0] * len(context.tallies)
    assert not any(slot.tunnels for slot in context.pool.slots())


async def test_all_previews_have_so_many_and_the_app_some_more(busy: House, slow: Slow) -> None:
    hosts = [HOST, OTHER, "c--ann.preview.localhost", "d--ann.preview.localhost"]
    for host in hosts[1:]:
        target = SandboxTarget(uuid4())
        busy.table.put(Route(host, target, uuid4(), Access.MEMBERS))
        busy.dialer.serve(target, busy.upstream.address, instance=host)
    clients = [await begin(busy, host) for host in (*hosts, *hosts[:3])]
    assert (await busy.ask(host=hosts[3])).status == 503
    assert (await busy.ask(host="localhost")).status == 200
    slow.go_on.set()
    assert {(await client.read_answer()).status for client in clients} == {200}
    assert (await busy.ask(host=hosts[3])).status == 200
