"""What ends because it takes too long, and what must not: clocks are turned by hand."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.proxy import Limits, timers
from firefly.proxy.connection import Connection
from firefly.proxy.stage import Stage
from tests.support.waiting import eventually

from .house import House, Peer, ok, request

LIMITS = Limits()
# Less than what makes the front door wait for the reader, more than the kernel takes.
SIZE = LIMITS.high_water - 50_000


class Reluctant:
    """A client that reads when told to, behind buffers too small to hide that."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.setblocking(False)
        self.received = b""

    async def send(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, ("127.0.0.1", self._house.port))
        await loop.sock_sendall(self._socket, data)

    async def read(self) -> None:
        """To the end."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(30):
            while data := await loop.sock_recv(self._socket, 1 << 16):
                self.received += data

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
async def slow_house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path, limits=LIMITS)
    await house.open()
    for acceptor in house.door._acceptors:
        acceptor.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    yield house
    await house.close()


@pytest.fixture
async def client(slow_house: House) -> AsyncIterator[Reluctant]:
    made = Reluctant(slow_house)
    yield made
    made.close()


async def only_connection(house: House, stage: Stage) -> Connection:
    """The one connection, once it is at `stage` with something left for the client to read."""
    await eventually(lambda: house.door._context.connections)
    (connection,) = house.door._context.connections
    await eventually(lambda: connection.stage is stage and connection.transport.get_write_buffer_size())
    return connection


def check_at(connection: Connection, now: float) -> None:
    connection.context.now = now
    timers.check(connection)


async def test_the_last_answer_is_not_cut_off_for_a_slow_reader(slow_house: House, client: Reluctant) -> None:
    async def small(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok(bytes(SIZE)))

    slow_house.upstream.behaviour = small
    await client.send(request(fields={"Connection": "close"}))
    connection = await only_connection(slow_house, Stage.LINGER)
    check_at(connection, connection.since + LIMITS.linger + 1)
    await client.read()
    assert client.received.endswith(bytes(SIZE))


async def test_who_never_reads_the_last_answer_is_cut_off_in_the_end(slow_house: House, client: Reluctant) -> None:
    async def small(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok(bytes(SIZE)))

    slow_house.upstream.behaviour = small
    await client.send(request(fields={"Connection": "close"}))
    connection = await only_connection(slow_house, Stage.LINGER)
    check_at(connection, connection.since + LIMITS.stall_time + 1)
    await eventually(lambda: slow_house.door.counters["connections"] == 0)
    assert connection.stage is Stage.GONE


async def test_who_is_idle_and_never_reads_is_cut_off_too(slow_house: House, client: Reluctant) -> None:
    async def small(peer: Peer) -> None:
        while await peer.read_request():
            peer.send(ok(bytes(SIZE)))

    slow_house.upstream.behaviour = small
    await client.send(request())
    connection = await only_connection(slow_house, Stage.IDLE)
    check_at(connection, connection.stamp + LIMITS.idle_time + 1)
    assert connection.stage is Stage.LINGER
    check_at(connection, connection.since + LIMITS.stall_time + 1)
    assert await eventually(lambda: slow_house.door.counters["connections"] == 0)


async def test_the_rest_of_a_broken_answer_has_its_time_and_no_more(slow_house: House, client: Reluctant) -> None:
    async def breaks(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + bytes(SIZE))
        await peer.close()

    slow_house.upstream.behaviour = breaks
    await client.send(request())
    connection = await only_connection(slow_house, Stage.LINGER)
    check_at(connection, connection.since + LIMITS.linger + 1)
    await client.read()
    assert client.received.endswith(bytes(SIZE))


async def test_a_slow_reader_with_a_request_ahead_is_not_told_that_its_head_came_late(house: House) -> None:
    peer = await house.client()
    peer.send(request("/one"))
    await peer.read_answer()
    (connection,) = house.door._context.connections
    connection.pause_writing()
    peer.send(request("/two"))
    await eventually(lambda: connection.buffer)
    check_at(connection, connection.since + LIMITS.head_time + 1)
    assert connection.stage is Stage.IDLE
    connection.resume_writing()
    assert (await peer.read_answer()).status == 200


async def test_a_look_that_fails_does_not_stop_the_clock(slow_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def fail() -> None:
        looks.append(slow_house.door._context.now)
        raise RuntimeError("a mistake")

    monkeypatch.setattr(slow_house.door._context.pool, "sweep", fail)
    assert await eventually(lambda: len(set(looks)) >= 3)


async def test_clients_that_vanish_are_noticed_by_the_kernel(slow_house: House) -> None:
    await slow_house.client()
    await eventually(lambda: slow_house.door._context.connections)
    (connection,) = slow_house.door._context.connections
    accepted = connection.transport.get_extra_info("socket")
    assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 60


async def trickle(house: House, client: Peer) -> Connection:
    """A connection whose upload has begun."""
    client.send(request(method="POST", fields={"Content-Length": "100000"}) + b"x")
    await eventually(lambda: house.upstream.bytes.endswith(b"\r\n\r\n") and house.door._context.connections)
    (connection,) = house.door._context.connections
    await eventually(lambda: connection.moved)
    return connection


@pytest.fixture
async def counting(house: House) -> House:
    """Its target reads uploads to their end."""

    async def read(peer: Peer) -> None:
        await peer.read_head()
        await peer.reader.readexactly(100_000)
        peer.send(ok(b"all"))

    house.upstream.behaviour = read
    return house


async def test_an_upload_that_trickles_is_ended_with_408(counting: House) -> None:
    client = await counting.client()
    connection = await trickle(counting, client)
    began = connection.context.now
    check_at(connection, began)
    client.send(b"x" * 100)
    await eventually(lambda: connection.moved == 101)
    check_at(connection, began + LIMITS.body_window - 1)
    assert connection.stage is Stage.SENT
    check_at(connection, began + LIMITS.body_window)
    answer = await client.read_answer()
    assert (answer.status, answer.fields["connection"]) == (408, "close")
    assert counting.door.counters["too_slow"] == 1
    assert await client.is_closed()


async def test_an_upload_at_its_pace_goes_on(counting: House) -> None:
    client = await counting.client()
    connection = await trickle(counting, client)
    now, sent = connection.context.now, 1
    check_at(connection, now)
    for _ in range(5):
        piece = int(LIMITS.body_rate * LIMITS.body_window)
        client.send(b"x" * piece)
        sent += piece
        await eventually(lambda: connection.moved == sent)  # noqa: B023
        now += LIMITS.body_window
        check_at(connection, now)
    client.send(b"x" * (100_000 - sent))
    assert (await client.read_answer()).body == b"all"


async def test_who_waits_for_the_target_is_not_too_slow(house: House) -> None:
    answers = asyncio.Event()

    async def takes_its_time(peer: Peer) -> None:
        await peer.read_head()
        await answers.wait()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await peer.reader.readexactly(5)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await peer.reader.read()

    house.upstream.behaviour = takes_its_time
    client = await house.client()
    client.send(request(method="POST", fields={"Content-Length": "5", "Expect": "100-continue"}))
    await eventually(lambda: house.upstream.received)
    (connection,) = house.door._context.connections
    now = connection.context.now

    def wait() -> None:
        nonlocal now
        for _ in range(3):
            now += LIMITS.body_window / 2 + 1
            connection.stamp = now
            check_at(connection, now)

    wait()
    answers.set()
    assert (await client.read_head()).startswith(b"HTTP/1.1 100")
    # As if the target read no more: that is not the client's doing.
    connection.pause()
    client.send(b"hello")
    wait()
    connection.resume()
    await client.reader.readuntil(b"data: 1\n\n")
    wait()
    assert connection.stage is Stage.SENT, "a stream of events has no pace"


async def test_an_answer_that_is_hardly_read_is_ended(slow_house: House, client: Reluctant) -> None:
    async def large(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok(bytes(4 * LIMITS.high_water)))
        await peer.reader.read()

    slow_house.upstream.behaviour = large
    await client.send(request())
    connection = await only_connection(slow_house, Stage.SENT)
    await eventually(lambda: connection.write_paused)
    began = connection.context.now
    for seconds in (0, LIMITS.body_window - 1):
        check_at(connection, began + seconds)
        assert connection.stage is Stage.SENT
    check_at(connection, began + LIMITS.body_window)
    assert await eventually(lambda: connection.stage is Stage.GONE)


async def test_an_answer_that_is_read_goes_on(slow_house: House, client: Reluctant) -> None:
    async def large(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok(bytes(4 * LIMITS.high_water)))
        await peer.reader.read()

    slow_house.upstream.behaviour = large
    await client.send(request(fields={"Connection": "close"}))
    connection = await only_connection(slow_house, Stage.SENT)
    await eventually(lambda: connection.write_paused)
    check_at(connection, connection.context.now)
    reading = asyncio.create_task(client.read())
    await eventually(lambda: not connection.write_paused)
    check_at(connection, connection.context.now + LIMITS.body_window)
    await reading
    assert client.received.endswith(bytes(4 * LIMITS.high_water))
