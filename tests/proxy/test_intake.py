"""Large uploads, which pass through a room that all connections share: each arrives as it was sent."""

import asyncio
import hashlib
import random

from tests.support.waiting import eventually

from .house import House, Peer, answer_ok, ok, request

MIB = 1 << 20
SIZE = 16 * MIB


async def digest(peer: Peer) -> None:
    """Answer with the SHA-256 of each body."""
    while True:
        body = (await peer.read_request()).partition(b"\r\n\r\n")[2]
        peer.send(ok(hashlib.sha256(body).hexdigest().encode()))


async def test_what_waits_for_a_slow_target_is_not_overwritten(house: House) -> None:
    may_read = asyncio.Event()

    async def late(peer: Peer) -> None:
        await may_read.wait()
        await digest(peer)

    house.upstream.behaviour = late
    clients = [await house.client() for _ in range(3)]
    bodies = [random.Random(number).randbytes(SIZE) for number in range(3)]
    for client, body in zip(clients, bodies, strict=True):
        client.send(request(method="POST", body=body))
    connections = house.door._context.connections
    assert await eventually(lambda: all(found.upstream and found.upstream.write_paused for found in connections))
    may_read.set()
    for client, body in zip(clients, bodies, strict=True):
        assert (await client.read_answer()).body.decode() == hashlib.sha256(body).hexdigest()


async def test_what_comes_after_an_upload_is_read_as_ever(house: House) -> None:
    house.upstream.behaviour = digest
    client, body = await house.client(), random.Random(0).randbytes(MIB)
    client.send(request(method="POST", body=body) + request(method="PUT", body=b"small"))
    client.send(request(method="POST", body=body) + request("/last"))
    found = [(await client.read_answer()).body.decode() for _ in range(4)]
    assert found == [hashlib.sha256(part).hexdigest() for part in (body, b"small", body, b"")]


async def test_chunks_after_an_upload_arrive(house: House) -> None:
    async def both(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok())
        await answer_chunks(peer)

    async def answer_chunks(peer: Peer) -> None:
        await peer.read_head()
        peer.send(ok(await peer.reader.readuntil(b"0\r\n\r\n")))

    house.upstream.behaviour = both
    client = await house.client()
    client.send(request(method="PUT", body=bytes(MIB)))
    assert (await client.read_answer()).body == b"ok"
    house.upstream.behaviour = answer_chunks
    chunks = b"20000\r\n" + b"a" * 0x20000 + b"\r\n0\r\n\r\n"
    client.send(request(method="POST", fields={"Transfer-Encoding": "chunked"}) + chunks)
    assert (await client.read_answer()).body == chunks


async def test_who_uploads_to_nothing_reads_why(house: House) -> None:
    house.dialer.serve(house.target, ConnectionRefusedError("nobody there"))
    client = await house.client()
    client.send(request(method="POST", body=bytes(4 * MIB)))
    assert (await client.read_answer()).status == 502
    assert await client.is_closed()
    house.dialer.serve(house.target, house.upstream.address, instance="two")
    house.upstream.behaviour = answer_ok
    assert (await house.ask(method="POST", body=bytes(MIB))).status == 200
