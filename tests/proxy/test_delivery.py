"""On the way to a target: waiting for a dial, giving it up, announcements, and what comes too late."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.errors import Unavailable
from firefly.proxy import Head, Limits, Verdict, delivery, pages
from firefly.proxy.connection import Connection
from firefly.proxy.stage import Stage
from firefly.proxy.upstream import MOST_INTERIMS
from firefly.routes import Route, Target
from firefly.testing.dialer import MemoryDialer
from firefly.testing.gate import FixedGate
from tests.support.waiting import eventually

from .house import House, Peer, ok, request

UPGRADE = {"Connection": "Upgrade", "Upgrade": "x"}
SWITCH = b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"


class Waking(MemoryDialer):
    """Each dial waits for `gate`, and takes little from whoever writes."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        await self.gate.wait()
        instance, connection = await super().dial(target)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return instance, connection


@pytest.fixture
async def waking(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path, limits=Limits(held=2, page_after=0, high_water=16 * 1024))
    house.dialer = dialer = Waking()
    house.door._context.pool._dialer = dialer
    await house.open()
    yield house
    await house.close()


def gate_of(house: House) -> asyncio.Event:
    assert isinstance(house.dialer, Waking)
    return house.dialer.gate


async def held(house: House) -> Connection:
    await eventually(lambda: house.door._context.held)
    (connection,) = house.door._context.held
    return connection


async def test_a_page_that_looks_again_and_again_is_one_dial(waking: House) -> None:
    for _ in range(4):
        client = await waking.client()
        # As browsers of HTTP/1.0 do, which cannot be shown a page that grows.
        client.send(request(fields={"Accept": "text/html"}).replace(b"HTTP/1.1", b"HTTP/1.0"))
        answer = await client.read_answer()
        assert answer.status == 503
        assert b"Starting" in answer.body, "nobody else waits"
    context = waking.door._context
    await eventually(lambda: context.waiting == {waking.target: 1})
    gate_of(waking).set()
    await eventually(lambda: waking.door.counters["pooled"] == 1)
    assert (context.waiting, context.left) == ({}, {})


async def test_a_client_that_leaves_at_once_takes_its_place_along(waking: House) -> None:
    for _ in range(3):
        client = await waking.client()
        client.send(request())
        (await held(waking)).transport.abort()
        await eventually(lambda: not waking.door._context.held)
    gate_of(waking).set()
    assert await eventually(lambda: waking.door._context.waiting == {})


@pytest.fixture
async def deaf(waking: House, tmp_path: Path) -> AsyncIterator[socket.socket]:
    """What listens at the target, and takes nothing in unless a test does."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "deaf.sock"))
        listener.listen()
        listener.setblocking(False)
        waking.dialer.serve(waking.target, str(tmp_path / "deaf.sock"))
        yield listener


async def pour(client: Peer) -> None:
    for _ in range(64):
        client.send(bytes(1 << 20))
        await client.writer.drain()


async def test_a_body_that_came_while_the_target_woke_waits_for_a_slow_one(waking: House, deaf: socket.socket) -> None:
    client = await waking.client()
    client.send(request(method="POST", fields={"Content-Length": str(64 << 20)}))
    pouring = asyncio.create_task(pour(client))
    connection = await held(waking)
    await eventually(lambda: not connection.reads)
    gate_of(waking).set()
    await eventually(lambda: connection.stage is Stage.SENT)
    assert not connection.reads
    assert connection.upstream is not None
    assert connection.upstream.transport.get_write_buffer_size() < 1 << 20
    pouring.cancel()
    await asyncio.wait([pouring])


async def test_what_came_before_a_tunnel_waits_for_a_slow_target(waking: House, deaf: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    client = await waking.client()
    client.send(request(fields=UPGRADE))
    pouring = asyncio.create_task(pour(client))
    connection = await held(waking)
    await eventually(lambda: not connection.reads)
    gate_of(waking).set()
    target, _ = await asyncio.wait_for(loop.sock_accept(deaf), 30)
    with target:
        await asyncio.wait_for(loop.sock_recv(target, 1 << 16), 30)
        await loop.sock_sendall(target, SWITCH)
        await eventually(lambda: waking.door._context.pipes)
        (near,) = waking.door._context.pipes
        assert not near.transport.is_reading()
        assert near.other.transport.get_write_buffer_size() < 1 << 20
    pouring.cancel()
    await asyncio.wait([pouring])


async def test_a_client_that_has_said_all_before_the_tunnel_opened_is_heard_to_the_end(waking: House) -> None:
    ended = asyncio.Event()

    async def accept(peer: Peer) -> None:
        await peer.read_head()
        peer.send(SWITCH)
        assert await peer.reader.read() == b"all"
        ended.set()
        peer.send(b"thanks")
        await peer.close()

    waking.upstream.behaviour = accept
    client = await waking.client()
    client.send(request(fields=UPGRADE) + b"all")
    client.writer.write_eof()
    connection = await held(waking)
    await eventually(lambda: connection.ended)
    gate_of(waking).set()
    await asyncio.wait_for(ended.wait(), 30)
    assert (await client.rest(within=30)).endswith(b"\r\n\r\nthanks")


async def test_what_was_sent_ahead_is_not_begun_for_a_client_that_is_gone(waking: House) -> None:
    client = await waking.client()
    client.send(request("/one") + request("/two", method="POST", body=b"x"))
    connection = await held(waking)
    await eventually(lambda: connection.buffer)
    # The connection ends after the answer was written and before the next request is looked at.
    connection.transport.abort()
    delivery.give_up(connection)
    delivery.answer(connection, pages.TOO_SLOW)
    await eventually(lambda: connection.stage is Stage.GONE)
    gate_of(waking).set()
    await eventually(lambda: waking.door._context.waiting == {})
    assert waking.door.counters["requests"] == 1


@pytest.mark.parametrize(("number", "status"), [(MOST_INTERIMS, 200), (MOST_INTERIMS + 1, 502), (5000, 502)])
async def test_a_target_may_announce_its_answer_a_few_times(house: House, number: int, status: int) -> None:
    async def announce(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * number + ok())
        await peer.reader.read()

    house.upstream.behaviour = announce
    client = await house.client()
    client.send(request())
    answer = await client.read_answer()
    while answer.status == 103:
        answer = await client.read_answer()
    assert answer.status == status


class Broken(FixedGate):
    async def ask(self, route: Route | None, head: Head) -> Verdict:
        raise RuntimeError("a mistake")


class Revoking(FixedGate):
    """Access is taken away while the gate looks for the first time."""

    def __init__(self, house: House) -> None:
        super().__init__(Verdict.ASK)
        self.house = house
        self.looks = 0

    async def ask(self, route: Route | None, head: Head) -> Verdict:
        self.looks += 1
        if self.looks > 1:
            return Verdict.REFUSE
        self.house.door.cut(lambda holder: False)
        return Verdict.MEMBER


async def test_a_gate_that_breaks_is_told_to_whoever_waits(house: House) -> None:
    house.door._context.gate = Broken(Verdict.ASK)
    assert (await house.ask()).status == 503
    house.door._context.gate = FixedGate(Verdict.ASK, asked=Verdict.MEMBER)
    assert (await house.ask()).status == 200


async def test_what_the_gate_read_before_access_was_taken_away_does_not_count(house: House) -> None:
    house.door._context.gate = gate = Revoking(house)
    assert (await house.ask()).status == 401
    assert gate.looks == 2
    assert house.upstream.bytes == b""


async def test_a_target_that_is_on_its_way_is_asked_for_again(house: House) -> None:
    house.dialer.serve(house.target, Unavailable("It starts.", retry_after=1))
    assert (await house.ask()).status == 503
    house.dialer.serve(house.target, house.upstream.address)
    assert (await house.ask()).status == 200
    assert house.door._context.waiting == {}
