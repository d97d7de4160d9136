"""However a dialer comes by a connection, requests, bodies and tunnels pass by it alike."""

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.routes import Target
from firefly.testing.dialer import MemoryDialer

from .house import House, Peer, Recorder, answer_ok, request

UPGRADE = {"Connection": "Upgrade", "Upgrade": "x"}


class Handing(MemoryDialer):
    """Has each connection from elsewhere, as a descriptor that came over a unix socket."""

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        instance, made = await super().dial(target)
        here, there = socket.socketpair()
        with here, there, made:
            socket.send_fds(there, [b"."], [made.fileno()])
            _, (descriptor,), _, _ = socket.recv_fds(here, 1, 1)
        passed = socket.socket(fileno=descriptor)
        passed.setblocking(False)
        return instance, passed


@pytest.fixture(params=["tcp", "unix socket", "passed descriptor", "passed unix socket"])
async def reached(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path, dialer=Handing() if "passed" in request.param else None)
    await house.open()
    local = Recorder(house.upstream.behaviour)
    if "unix" in request.param:
        await local.open(tmp_path / "upstream.sock")
        house.dialer.serve(house.target, str(tmp_path / "upstream.sock"))
        house.upstream, local = local, house.upstream
    yield house
    await house.close()
    if "unix" in request.param:
        await local.close()


async def test_requests_pass_and_connections_are_kept(reached: House) -> None:
    for number in range(3):
        assert (await reached.ask(f"/{number}")).body == b"GET /%d HTTP/1.1" % number
    assert len(reached.upstream.received) == 1
    assert reached.door.counters["pooled"] == 1


async def test_bodies_pass_in_both_directions(reached: House) -> None:
    async def echo(peer: Peer) -> None:
        body = (await peer.read_request()).partition(b"\r\n\r\n")[2]
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    reached.upstream.behaviour = echo
    body = os.urandom(1 << 20)
    client = await reached.client()
    client.send(request(method="POST", body=body))
    assert (await client.read_answer()).body == body


async def test_tunnels_pass(reached: House) -> None:
    async def shout(peer: Peer) -> None:
        await peer.read_head()
        peer.send(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        peer.send((await peer.reader.readexactly(5)).upper())
        await peer.close()

    reached.upstream.behaviour = shout
    client = await reached.client()
    client.send(request(fields=UPGRADE))
    assert (await client.read_answer()).status == 101
    client.send(b"hello")
    assert await client.rest() == b"HELLO"


async def test_what_closes_is_dialed_anew(reached: House) -> None:
    async def once(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.1 204 Done\r\n\r\n")
        await peer.read_request()
        await peer.close()

    reached.upstream.behaviour = once
    assert (await reached.ask()).status == 204
    reached.upstream.behaviour = answer_ok
    assert (await reached.ask()).status == 200
    assert len(reached.upstream.received) == 2
