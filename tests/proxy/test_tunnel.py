"""Upgrades: tunnels opened only by the target's own 101, and ended with what let them in."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web

from firefly.proxy import Head, Verdict
from firefly.routes import Route, SandboxTarget
from tests.support.waiting import eventually

from .house import HOST, House, Peer, answer_ok, ok, request
from .tunneling import SWITCH, UPGRADE, accept_and_echo, echo, open_tunnel


@pytest.fixture
async def websocket_port() -> AsyncIterator[int]:
    """A real aiohttp server that echoes over a WebSocket."""

    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("chat",), compress=True)
        await socket.prepare(request)
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                await socket.send_bytes(message.data)
            elif message.data == "close":
                await socket.close(code=4321, message=b"as asked")
            else:
                await socket.send_str(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/ws", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def test_a_websocket_echoes_through_the_front_door(house: House, websocket_port: int) -> None:
    house.dialer.serve(house.target, ("127.0.0.1", websocket_port))
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"http://127.0.0.1:{house.port}/ws", headers={"Host": HOST}, protocols=("chat",), compress=15
        ) as socket,
    ):
        assert (socket.protocol, socket.compress > 0) == ("chat", True)
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=30) == "hello"
        await socket.send_bytes(b"x" * 1_000_000)
        assert await socket.receive_bytes(timeout=30) == b"x" * 1_000_000
        await socket.send_str("close")
        await socket.receive(timeout=30)
        assert socket.close_code == 4321
    await eventually(lambda: house.door.counters["tunnels"] == 0)


async def test_what_the_target_says_with_its_101_arrives(house: House) -> None:
    house.upstream.behaviour = accept_and_echo
    client = await open_tunnel(house)
    assert await client.reader.readexactly(8) == b"welcome "
    client.send(b"any\x00bytes\r\n\r\n")
    assert await client.reader.readexactly(13) == b"any\x00bytes\r\n\r\n"


async def test_nothing_is_forwarded_before_the_101(house: House) -> None:
    permitted = asyncio.Event()

    async def hesitate(peer: Peer) -> None:
        await peer.read_head()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(peer.reader.read(1), 0.2)
        permitted.set()
        peer.send(SWITCH)
        assert await peer.reader.readexactly(5) == b"early"
        peer.send(b"got it")

    house.upstream.behaviour = hesitate
    client = await house.client()
    client.send(request(fields=UPGRADE) + b"early")
    assert (await client.read_head()).startswith(b"HTTP/1.1 101")
    assert permitted.is_set()
    assert await client.reader.readexactly(6) == b"got it"


async def test_a_refused_upgrade_leaves_an_ordinary_connection(house: House) -> None:
    async def refuse(peer: Peer) -> None:
        while await peer.read_request():
            peer.send(ok(b"no tunnel here"))

    house.upstream.behaviour = refuse
    client = await house.client()
    client.send(request("/ws", fields=UPGRADE) + request("/after"))
    assert (await client.read_answer()).body == b"no tunnel here"
    assert (await client.read_answer()).body == b"no tunnel here"
    assert house.upstream.requests == ["GET /ws", "GET /after"]
    assert house.door.counters["tunnels"] == 0


async def test_a_101_that_nobody_asked_for_opens_nothing(house: House) -> None:
    async def eager(peer: Peer) -> None:
        await peer.read_head()
        peer.send(SWITCH)
        await peer.reader.read()

    house.upstream.behaviour = eager
    assert (await house.ask()).status == 502
    assert house.door.counters["tunnels"] == 0


async def test_an_upgrade_that_connection_does_not_name_is_none(house: House) -> None:
    assert (await house.ask(Upgrade="websocket")).status == 200
    assert b"upgrade" not in house.upstream.bytes.lower()


async def test_the_gate_decides_on_upgrades_too(house: House) -> None:
    house.gate.default = Verdict.REFUSE
    answer = await house.ask("/ws", Connection="Upgrade", Upgrade="websocket", Origin="http://evil.example")
    assert answer.status == 401
    assert house.gate.seen[0].upgrade == b"websocket"
    assert house.gate.seen[0].origin == b"http://evil.example"
    assert house.dialer.dialed == []


async def test_one_side_may_stop_sending_first(house: House) -> None:
    house.upstream.behaviour = accept_and_echo
    client = await open_tunnel(house)
    client.send(b"last words")
    client.writer.write_eof()
    assert await client.rest() == b"welcome last words"
    await eventually(lambda: house.door.counters["tunnels"] == 0)


def reset(peer: Peer) -> None:
    """Close as a machine that fails does: with a reset, not an end."""
    peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.writer.transport.abort()


async def test_when_one_side_vanishes_so_does_the_other(house: House) -> None:
    house.upstream.behaviour = accept_and_echo
    client = await open_tunnel(house)
    await client.reader.readexactly(8)
    reset(house.upstream.peers[0])
    assert await client.is_closed()
    await eventually(lambda: house.door.counters["tunnels"] == 0)


async def test_a_tunnel_counts_as_activity(house: House) -> None:
    house.upstream.behaviour = accept_and_echo
    pool = house.door._context.pool
    client = await open_tunnel(house)
    assert await client.reader.readexactly(8) == b"welcome "
    pool.sweep()
    house.dialer.touched.clear()
    await echo(client, 100)
    pool.sweep()
    assert set(house.dialer.touched) == {house.target}
    house.dialer.touched.clear()
    pool.sweep()
    assert house.dialer.touched == []


async def test_the_heartbeats_of_an_idle_tunnel_do_not_count_unless_there_are_many(house: House) -> None:
    house.upstream.behaviour = accept_and_echo
    pool = house.door._context.pool
    client = await open_tunnel(house)
    assert await client.reader.readexactly(8) == b"welcome "
    pool.sweep()
    house.dialer.touched.clear()
    for _ in range(30):
        await echo(client, 64)
    pool.sweep()
    assert house.dialer.touched == []
    # A minute later they begin anew.
    pool._forget_at = 0.0
    pool.sweep()
    for _ in range(30):
        await echo(client, 64)
    pool.sweep()
    assert house.dialer.touched == []
    for _ in range(3):
        await echo(client, 64)
    pool.sweep()
    assert house.dialer.touched == [house.target]


class TestToAPreview:
    @pytest.mark.parametrize("verdict", [Verdict.REFUSE, Verdict.TO_APP, Verdict.ASK])
    async def test_it_ends_when_the_gate_would_not_open_it_any_more(self, house: House, verdict: Verdict) -> None:
        house.upstream.behaviour = accept_and_echo
        client = await open_tunnel(house)
        assert await client.reader.readexactly(8) == b"welcome "
        house.door.cut(lambda holder: True)
        client.send(b"still")
        assert await client.reader.readexactly(5) == b"still"
        house.gate.default = verdict
        house.door.cut(lambda holder: True)
        await eventually(lambda: house.door.counters["tunnels"] == 0)

    async def test_it_stays_while_the_gate_says_that_it_stands(self, house: House) -> None:
        house.upstream.behaviour = accept_and_echo
        client = await open_tunnel(house)
        assert await client.reader.readexactly(8) == b"welcome "
        house.gate.default, house.gate.standing = Verdict.REFUSE, True
        house.door.cut(lambda holder: True)
        client.send(b"still")
        assert await client.reader.readexactly(5) == b"still"
        house.gate.standing = False
        house.door.cut(lambda holder: True)
        await eventually(lambda: house.door.counters["tunnels"] == 0)

    async def test_it_ends_when_its_host_shows_nothing_any_more(self, house: House) -> None:
        house.upstream.behaviour = accept_and_echo
        other = "81--shop--ann.preview.localhost"
        house.dialer.serve(SandboxTarget(house.workspace, 81), house.upstream.address)
        house.table.put(Route("blog--ann.preview.localhost", house.target, uuid4()))
        ending = [await open_tunnel(house), await open_tunnel(house, host=other)]
        staying = await open_tunnel(house, host="blog--ann.preview.localhost")
        house.gate.standing = True
        house.table.put(Route(HOST, house.target, uuid4(), policy_version=2))
        house.table.remove(HOST)
        for client in ending:
            assert await client.rest() == b"welcome "
        staying.send(b"still")
        assert await staying.reader.readexactly(13) == b"welcome still"

    async def test_all_of_them_end_when_the_gate_breaks(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        async def fail(route: Route | None, head: Head) -> Verdict:
            raise RuntimeError("a mistake")

        house.upstream.behaviour = accept_and_echo
        for _ in range(2):
            await open_tunnel(house)
        await eventually(lambda: house.door.counters["tunnels"] == 2)
        house.gate.default = Verdict.ASK
        monkeypatch.setattr(house.gate, "ask", fail)
        house.door.cut(lambda holder: True)
        assert await eventually(lambda: house.door.counters["tunnels"] == 0)


class TestARequestUnderWay:
    @pytest.fixture
    def going_on(self) -> asyncio.Event:
        return asyncio.Event()

    @pytest.fixture
    async def client(self, house: House, going_on: asyncio.Event) -> Peer:
        """Follows a stream of events, which has no end."""

        async def stream(peer: Peer) -> None:
            await peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none \r\n")
            await going_on.wait()
            peer.send(b"4\r\ntwo \r\n0\r\n\r\n")
            await answer_ok(peer)

        house.upstream.behaviour = stream
        client = await house.client()
        client.send(request())
        await client.reader.readuntil(b"one \r\n")
        return client

    async def test_it_ends_when_the_gate_would_not_let_it_in_any_more(self, house: House, client: Peer) -> None:
        house.gate.default = Verdict.REFUSE
        house.door.cut(lambda holder: False)
        assert await client.is_closed()

    async def test_it_goes_on_while_the_gate_says_that_it_stands(
        self, house: House, client: Peer, going_on: asyncio.Event
    ) -> None:
        house.gate.default, house.gate.standing = Verdict.REFUSE, True
        house.door.cut(lambda holder: False)
        await eventually(lambda: not house.door._context._tasks)
        going_on.set()
        assert await client.reader.readuntil(b"0\r\n\r\n") == b"4\r\ntwo \r\n0\r\n\r\n"

    async def test_what_follows_it_on_its_connection_is_let_alone(
        self, house: House, client: Peer, going_on: asyncio.Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked, refuse = asyncio.Event(), asyncio.Event()

        async def ask(route: Route | None, head: Head) -> Verdict:
            looked.set()
            await refuse.wait()
            return Verdict.REFUSE

        house.gate.default = Verdict.ASK
        monkeypatch.setattr(house.gate, "ask", ask)
        house.door.cut(lambda holder: False)
        await asyncio.wait_for(looked.wait(), 30)
        going_on.set()
        await client.reader.readuntil(b"0\r\n\r\n")
        refuse.set()
        await eventually(lambda: not house.door._context._tasks)
        house.gate.default = Verdict.MEMBER
        client.send(request("/next"))
        assert (await client.read_answer()).body == b"GET /next HTTP/1.1"
