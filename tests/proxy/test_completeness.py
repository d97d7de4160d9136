"""What a complete HTTP/1.1 proxy does beyond the ordinary, each of which somebody's application needs."""

import asyncio
import socket

import pytest

from firefly.proxy import answers
from firefly.proxy.bodies import AT_ONCE, Chunked
from firefly.proxy.upstream import Upstream
from tests.support.waiting import eventually

from .house import HOST, House, Peer, answer_ok, ok, request

OLD = f"GET /old HTTP/1.0\r\nHost: {HOST}\r\n".encode()
PLAIN = b"HTTP/1.1 200 OK\r\n"


def says(*parts: bytes) -> "Saying":
    return Saying(parts)


class Saying:
    """An upstream that reads one request and then says something, part by part, and stays."""

    def __init__(self, parts: tuple[bytes, ...]) -> None:
        self._parts = parts

    async def __call__(self, peer: Peer) -> None:
        await peer.read_request()
        for part in self._parts:
            peer.send(part)
            await peer.writer.drain()
        await peer.reader.read()


async def test_pipelined_requests_to_several_targets_are_answered_in_order(house: House) -> None:
    async def slowly(peer: Peer) -> None:
        await asyncio.sleep(0.05)
        await answer_ok(peer)

    house.upstream.behaviour = slowly
    client = await house.client()
    asked = [("/1", HOST), ("/2", "localhost"), ("/3", HOST), ("/4", "other.example"), ("/5", "localhost")]
    client.send(b"".join(request(target, host=host) for target, host in asked))
    answers = [await client.read_answer() for _ in asked]
    assert [answer.status for answer in answers] == [200, 200, 200, 421, 200]
    assert [answer.body[:6] for answer in answers if answer.status == 200] == [
        b"GET /1",
        b"GET /2",
        b"GET /3",
        b"GET /5",
    ]


async def test_a_body_between_two_pipelined_requests(house: House) -> None:
    client = await house.client()
    client.send(request("/1") + request("/2", method="POST", body=b"x" * 100_000) + request("/3"))
    assert [(await client.read_answer()).body.split()[1] for _ in range(3)] == [b"/1", b"/2", b"/3"]


async def test_an_old_client_gets_no_interim_answers(house: House) -> None:
    house.upstream.behaviour = says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok(b"fine"))
    client = await house.client()
    client.send(OLD + b"Expect: 100-continue\r\n\r\n")
    answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nfine")


async def test_a_refusal_instead_of_100_continue_ends_the_connection(house: House) -> None:
    async def refuse(peer: Peer) -> None:
        await peer.read_head()
        peer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await peer.reader.read()

    house.upstream.behaviour = refuse
    client = await house.client()
    client.send(request("/big", method="PUT", fields={"Expect": "100-continue", "Content-Length": "1000000"}))
    answer = await client.read_answer()
    assert (answer.status, answer.fields["connection"]) == (413, "close")
    client.send(request("/smuggled"))
    assert await client.is_closed()
    assert b"smuggled" not in house.upstream.bytes


async def test_chunks_pass_with_their_trailer_and_without_their_extensions(house: House) -> None:
    house.upstream.behaviour = says(
        PLAIN + b"Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhel", b"lo\r\n0;c\r\nX-Sum: 1\r\n\r\n"
    )
    client = await house.client()
    client.send(request(fields={"Connection": "close"}))
    assert (await client.rest()).endswith(b"\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")


async def test_an_answer_comes_in_pieces_of_any_size(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    parse = answers.parse

    def count(*args: object, **options: object) -> object:
        nonlocal read
        read += 1
        return parse(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(answers, "parse", count)
    data = PLAIN + b"X: " + b"a" * 3000 + b"\r\nContent-Length: 2\r\n\r\nok"

    async def byte_by_byte(peer: Peer) -> None:
        peer.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await peer.read_request()
        for number in range(0, len(data), 10):
            peer.send(data[number : number + 10])
            await peer.writer.drain()
            await asyncio.sleep(0)

    house.upstream.behaviour = byte_by_byte
    assert (await house.ask()).body == b"ok"
    assert read < 5, "a head is not read anew for each of its pieces"


async def test_an_upload_that_its_client_breaks_off_is_not_whole(house: House) -> None:
    ended: list[bytes] = []

    async def read_all(peer: Peer) -> None:
        await peer.read_head()
        try:
            ended.append(await peer.reader.read(-1))
        except ConnectionError:
            ended.append(b"reset")

    house.upstream.behaviour = read_all
    for fields, begun in (({"Content-Length": "10"}, b"hello"), ({"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n")):
        client = await house.client()
        client.send(request(method="POST", fields=fields) + begun)
        await eventually(lambda: house.door.counters["connections"] == 1)
        client.writer.write_eof()
        assert await client.is_closed()
    await eventually(lambda: len(ended) == 2)
    assert ended[0] in (b"hello", b"reset")
    assert ended[1] in (b"5\r\nhello\r\n", b"reset")


@pytest.mark.parametrize("begun", [OLD, request().removesuffix(b"\r\n")], ids=["chunks to an old client", "no length"])
async def test_what_only_the_end_of_the_connection_ends_is_reset_where_it_was_cut_off(
    house: House, begun: bytes
) -> None:
    reset = asyncio.Event()

    async def break_off(peer: Peer) -> None:
        await peer.read_request()
        coding = b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" if begun == OLD else b"\r\nhello"
        peer.send(PLAIN + coding)
        await reset.wait()
        connection = peer.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.writer.transport.abort()

    house.upstream.behaviour = break_off
    client = await house.client()
    client.send(begun + b"\r\n")
    assert (await client.reader.readuntil(b"hello")).startswith(PLAIN)
    reset.set()
    with pytest.raises(ConnectionResetError):
        await client.rest()


@pytest.mark.parametrize(("offered", "status"), [("echo", 101), ("ECHO", 101), ("echo/2", 101), ("h2c", 502)])
async def test_a_tunnel_speaks_what_was_asked_for(house: House, offered: str, status: int) -> None:
    house.upstream.behaviour = says(
        f"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: {offered}\r\n\r\n".encode()
    )
    client = await house.client()
    client.send(request(fields={"Connection": "Upgrade", "Upgrade": "echo"}))
    assert (await client.read_answer()).status == status


async def test_405_says_what_is_served(house: House) -> None:
    assert "GET" in (await house.ask(method="TRACE")).fields["allow"]


async def test_a_connection_that_ends_at_once_is_an_error_and_not_silence(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Upstream.connection_made

    def die(upstream: Upstream, transport: asyncio.BaseTransport) -> None:
        made(upstream, transport)
        upstream.transport.abort()

    monkeypatch.setattr(Upstream, "connection_made", die)
    for method in ("GET", "POST"):
        assert (await house.ask(method=method)).status == 502


CHUNKS = (b"10\r\n" + b"x" * 16 + b"\r\n") * 30_000 + b"0\r\n\r\n"


@pytest.mark.parametrize("old", [False, True], ids=["as they came", "unwrapped"])
@pytest.mark.parametrize("stays", [False, True], ids=["closes at once", "stays"])
async def test_many_small_chunks_of_an_answer_arrive_whole(house: House, old: bool, stays: bool) -> None:
    async def chunky(peer: Peer) -> None:
        while await peer.read_request():
            peer.send(PLAIN + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS)
            await peer.writer.drain()
            if not stays:
                await peer.close()
                return

    house.upstream.behaviour = chunky
    for _ in range(2):
        client = await house.client()
        client.send(OLD + b"\r\n" if old else request(fields={"Connection": "close"}))
        body = (await client.rest()).partition(b"\r\n\r\n")[2]
        assert body == (b"x" * 16 * 30_000 if old else CHUNKS)
    assert len(house.upstream.peers) == (1 if stays else 2), "its connection is used again if it stays"


@pytest.mark.parametrize("ends", [False, True], ids=["stays", "ends"])
async def test_many_small_chunks_of_an_upload_arrive_whole(house: House, ends: bool) -> None:
    async def takes(peer: Peer) -> None:
        while True:
            await peer.read_head()
            assert await peer.reader.readexactly(len(CHUNKS)) == CHUNKS
            peer.send(ok(b"all"))

    house.upstream.behaviour = takes
    client = await house.client()
    for _ in range(1 if ends else 2):
        client.send(request(method="POST", fields={"Transfer-Encoding": "chunked"}) + CHUNKS)
        if ends:
            client.writer.write_eof()
        assert (await client.read_answer()).body == b"all"
    if ends:
        assert await client.is_closed()


async def test_others_have_their_turn_while_small_chunks_pass(house: House) -> None:
    """One read of them used to hold everything up for tens of milliseconds."""
    turns: list[int] = []
    step = Chunked.feed

    def count(reader: Chunked, data: bytes) -> tuple[bytes, bytes | None]:
        given = step(reader, data)
        turns.append(given[0].count(b"x"))
        return given

    async def chunky(peer: Peer) -> None:
        await peer.read_request()
        peer.send(PLAIN + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS)
        await peer.reader.read()

    house.upstream.behaviour = chunky
    client = await house.client()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Chunked, "feed", count)
        client.send(request())
        await client.reader.readuntil(b"0\r\n\r\n")
    assert sum(turns) == 16 * 30_000
    assert max(turns) <= 16 * AT_ONCE
