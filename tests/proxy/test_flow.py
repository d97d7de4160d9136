"""Back-pressure: bodies of any size pass in constant memory, whoever is slow."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.proxy import Limits
from firefly.routes import Target
from firefly.testing.dialer import MemoryDialer
from tests.support.waiting import eventually

from .house import House, Peer, ok, request

MIB = 1 << 20
SIZE = 100 * MIB
# What kernel, transports and the test's own ends may hold while one side does not read.
ALLOWED = 40 * MIB


@pytest.fixture
async def small_house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path, limits=Limits(high_water=64 * 1024))
    await house.open()
    yield house
    await house.close()


async def pour(peer: Peer, size: int = SIZE) -> int:
    """Write `size` bytes, waiting for room; returns how many went out, also when cancelled."""
    for _ in range(size // MIB):
        peer.send(bytes(MIB))
        await peer.writer.drain()
        peer.__dict__["poured"] = peer.__dict__.get("poured", 0) + MIB
    return size


async def test_a_download_waits_for_a_slow_reader(small_house: House) -> None:
    async def download(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        await pour(peer)

    small_house.upstream.behaviour = download
    client = await small_house.client()
    client.send(request())
    await client.read_head()
    source = small_house.upstream.peers[0]
    await until_it_stops(source)
    assert source.__dict__.get("poured", 0) < ALLOWED
    received = 0
    while received < SIZE:
        received += len(await asyncio.wait_for(client.reader.read(MIB), 30))
    assert received == SIZE


async def test_an_upload_waits_for_a_slow_target(small_house: House) -> None:
    reading = asyncio.Event()

    async def upload(peer: Peer) -> None:
        await peer.read_head()
        await reading.wait()
        for _ in range(SIZE // MIB):
            await peer.reader.readexactly(MIB)
            peer.reader._record.clear()  # type: ignore[attr-defined]
        peer.send(ok(b"all"))

    small_house.upstream.behaviour = upload
    client = await small_house.client()
    client.send(request(method="POST", fields={"Content-Length": str(SIZE)}))
    pouring = asyncio.create_task(pour(client))
    await until_it_stops(client)
    assert client.__dict__.get("poured", 0) < ALLOWED
    reading.set()
    assert (await client.read_answer()).body == b"all"
    assert await pouring == SIZE


async def test_chunks_wait_too(small_house: House) -> None:
    async def download(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % SIZE)
        await pour(peer)
        peer.send(b"\r\n0\r\n\r\n")

    small_house.upstream.behaviour = download
    client = await small_house.client()
    client.send(request())
    await client.read_head()
    source = small_house.upstream.peers[0]
    await until_it_stops(source)
    assert source.__dict__.get("poured", 0) < ALLOWED
    received = b""
    total = 0
    while not received.endswith(b"\r\n0\r\n\r\n"):
        received = received[-7:] + await asyncio.wait_for(client.reader.read(MIB), 30)
        total += len(received)
    assert total > SIZE


async def test_a_tunnel_waits_in_both_directions(small_house: House) -> None:
    async def flood(peer: Peer) -> None:
        await peer.read_head()
        peer.send(b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        await pour(peer)

    small_house.upstream.behaviour = flood
    client = await small_house.client()
    client.send(request(fields={"Connection": "Upgrade", "Upgrade": "x"}))
    await client.read_head()
    source = small_house.upstream.peers[0]
    pouring = asyncio.create_task(pour(client))
    await until_it_stops(source)
    await until_it_stops(client)
    assert source.__dict__.get("poured", 0) < ALLOWED
    assert client.__dict__.get("poured", 0) < ALLOWED
    pouring.cancel()
    await asyncio.gather(pouring, return_exceptions=True)


async def test_pipelined_requests_wait_for_a_reader(small_house: House) -> None:
    async def large(peer: Peer) -> None:
        while await peer.read_request():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % MIB + bytes(MIB))
            await peer.writer.drain()

    small_house.upstream.behaviour = large
    client = await small_house.client()
    client.send(request() * 100)
    await client.writer.drain()
    await eventually(lambda: small_house.upstream.requests)
    for _ in range(100):
        assert len((await client.read_answer()).body) == MIB


async def test_memory_stays_where_it_was(small_house: House) -> None:
    async def download(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        await pour(peer)

    small_house.upstream.behaviour = download
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    client = await small_house.client()
    client.send(request())
    await client.read_head()
    received = 0
    while received < SIZE:
        received += len(await asyncio.wait_for(client.reader.read(MIB), 30))
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < ALLOWED


async def until_it_stops(peer: Peer) -> None:
    """Wait until `pour` on this peer does not get on."""
    seen: list[int] = []

    def stands_still() -> bool:
        seen.append(peer.__dict__.get("poured", 0))
        return len(seen) > 20 and len(set(seen[-20:])) == 1

    await eventually(stands_still)


class NarrowDialer(MemoryDialer):
    """Gives connections that hold next to nothing, so that bytes wait in the front door."""

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        instance, connection = await super().dial(target)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return instance, connection


@pytest.fixture
async def narrow_house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path, limits=Limits(high_water=64 * 1024), dialer=NarrowDialer())
    await house.open()
    assert house.upstream._server is not None
    house.upstream._server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    yield house
    await house.close()


async def test_an_upload_that_began_before_its_target_ran_waits_too(narrow_house: House) -> None:
    async def never_read(peer: Peer) -> None:
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    narrow_house.upstream.behaviour = never_read
    narrow_house.dialer.delay = 0.3
    client = await narrow_house.client()
    client.send(request(method="POST", fields={"Content-Length": str(SIZE)}))
    pouring = asyncio.create_task(pour(client))
    await eventually(lambda: narrow_house.upstream.peers)
    await until_it_stops(client)
    assert client.__dict__.get("poured", 0) < ALLOWED
    pouring.cancel()
    await asyncio.gather(pouring, return_exceptions=True)


async def test_what_a_client_sent_ahead_of_its_upgrade_waits_too(narrow_house: House) -> None:
    async def agree(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        peer.send(b"HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        await asyncio.Event().wait()

    narrow_house.upstream.behaviour = agree
    narrow_house.dialer.delay = 0.3
    client = await narrow_house.client()
    client.send(request(fields={"Connection": "Upgrade", "Upgrade": "x"}))
    pouring = asyncio.create_task(pour(client))
    await client.read_head()
    await until_it_stops(client)
    assert client.__dict__.get("poured", 0) < ALLOWED
    pouring.cancel()
    await asyncio.gather(pouring, return_exceptions=True)


async def test_a_connection_that_still_has_to_send_is_not_used_again(narrow_house: House) -> None:
    async def early(peer: Peer) -> None:
        await peer.read_head()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        peer.send(ok(b"early"))
        await asyncio.Event().wait()

    narrow_house.upstream.behaviour = early
    client = await narrow_house.client()
    client.send(request(method="POST", body=bytes(60_000)))
    assert (await client.read_answer()).body == b"early"
    assert narrow_house.door.counters["pooled"] == 0
