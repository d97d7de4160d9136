"""The front door under TLS: the same requests, what targets are told, endings, and the plain address beside it."""

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from firefly.proxy import FrontDoor, Limits, Verdict
from firefly.proxy.stage import Stage
from firefly.proxy.timers import check
from firefly.testing.gate import FixedGate
from firefly.tls import Shelf
from tests.support.certificates import TestAuthority
from tests.support.waiting import eventually

from .house import HOST, House, Peer, ok, request

CONTENT = "*.preview.localhost"
# As much as the loop keeps by itself, below TLS.
SIZE = 60_000


@dataclass
class Secured:
    """A house whose front door has a TLS address and a plain one that leads there."""

    house: House
    client: ssl.SSLContext
    port: int
    plain: int
    peers: list[Peer] = field(default_factory=list)

    async def connect(self, host: str = HOST) -> Peer:
        opening = asyncio.open_connection("127.0.0.1", self.port, ssl=self.client, server_hostname=host, limit=1 << 20)
        return self._keep(Peer(*await opening))

    async def plainly(self) -> Peer:
        return self._keep(Peer(*await asyncio.open_connection("127.0.0.1", self.plain, limit=1 << 20)))

    def _keep(self, peer: Peer) -> Peer:
        self.peers.append(peer)
        return peer


@pytest.fixture
async def secured(house: House, tmp_path: Path) -> AsyncIterator[Secured]:
    authority = TestAuthority.make(tmp_path / "authority")
    shelf = Shelf([authority.issue("all", "localhost", CONTENT)])
    port = await house.door.start(host="127.0.0.1", tls=shelf.context)
    made = Secured(house, authority.client(), port, await house.door.start(host="127.0.0.1", onward=True))
    yield made
    for peer in made.peers:
        peer.writer.transport.abort()


async def test_requests_pass_one_after_another_on_one_connection(secured: Secured) -> None:
    client = await secured.connect()
    for number in range(3):
        client.send(request(f"/{number}"))
        assert (await client.read_answer()).status == 200
    assert secured.house.upstream.requests == ["GET /0", "GET /1", "GET /2"]


async def test_pipelined_requests_are_answered_in_order(secured: Secured) -> None:
    client = await secured.connect()
    client.send(b"".join(request(f"/{number}") for number in range(20)))
    for _ in range(20):
        assert (await client.read_answer()).status == 200
    assert secured.house.upstream.requests == [f"GET /{number}" for number in range(20)]


async def test_a_target_is_told_that_it_was_https(secured: Secured) -> None:
    client = await secured.connect()
    client.send(request(fields={"X-Forwarded-Proto": "http"}))
    await client.read_answer()
    plain = await secured.house.ask("/")
    assert plain.status == 200
    first, second = secured.house.upstream.bytes.split(b"GET /", 2)[1:]
    assert first.count(b"X-Forwarded-Proto: https\r\n") == first.count(b"X-Forwarded-Proto") == 1
    assert second.count(b"X-Forwarded-Proto: http\r\n") == 1


async def test_large_bodies_pass_both_ways(secured: Secured) -> None:
    size = 3 << 20

    async def mirror(peer: Peer) -> None:
        await peer.read_head()
        left = size
        while left:
            left -= len(await peer.reader.read(1 << 16))
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)

    secured.house.upstream.behaviour = mirror
    client = await secured.connect()
    client.send(request(method="PUT", body=b"y" * size))
    async with asyncio.timeout(30):
        head = await client.reader.readuntil(b"\r\n\r\n")
        body = await client.reader.readexactly(size)
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b"x" * size


async def test_a_tunnel_is_encrypted_too_and_ends_with_its_target(secured: Secured) -> None:
    async def echo(peer: Peer) -> None:
        await peer.read_head()
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        while data := await peer.reader.read(100):
            peer.send(data.upper())
            if data.endswith(b"bye"):
                peer.writer.close()

    secured.house.upstream.behaviour = echo
    client = await secured.connect()
    client.send(request("/socket", fields={"Connection": "Upgrade", "Upgrade": "websocket"}))
    assert b" 101 " in await client.read_head()
    client.send(b"hello, bye")
    async with asyncio.timeout(30):
        assert await client.reader.read() == b"HELLO, BYE"


async def test_a_client_that_says_goodbye_ends_its_tunnel_without_a_warning(
    secured: Secured, caplog: pytest.LogCaptureFixture
) -> None:
    ended = asyncio.Event()

    async def listen(peer: Peer) -> None:
        await peer.read_head()
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        await peer.reader.read()
        ended.set()

    secured.house.upstream.behaviour = listen
    client = await secured.connect()
    client.send(request("/socket", fields={"Connection": "Upgrade", "Upgrade": "websocket"}))
    await client.read_head()
    client.writer.close()
    async with asyncio.timeout(30):
        await ended.wait()
    await eventually(lambda: secured.house.door.counters["tunnels"] == 0)
    assert "has no effect when using ssl" not in caplog.text


async def test_what_is_not_http_gets_its_answer_and_a_proper_end(secured: Secured) -> None:
    client = await secured.connect()
    client.send(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n")
    async with asyncio.timeout(30):
        said = await client.reader.read()
    assert said.startswith(b"HTTP/1.1 400 ")
    await eventually(lambda: secured.house.door.counters["connections"] == 0)


async def test_an_early_answer_reaches_a_client_that_still_sends(secured: Secured) -> None:
    async def refuse(peer: Peer) -> None:
        await peer.read_head()
        peer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")

    secured.house.upstream.behaviour = refuse
    client = await secured.connect()
    client.send(request(method="PUT", fields={"Content-Length": "1000000"}) + b"x" * 1000)
    answer = await client.read_answer()
    assert (answer.status, answer.body) == (413, b"no")


async def test_plain_http_on_the_encrypted_address_is_closed_without_a_word(secured: Secured) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", secured.port)
    writer.write(request())
    async with asyncio.timeout(30):
        try:
            said = await reader.read()
        except ConnectionResetError:
            said = b""
    assert b"HTTP/" not in said
    assert secured.house.upstream.requests == []
    writer.close()


async def test_openssl_gets_an_answer(secured: Secured, tmp_path: Path) -> None:
    command = ["openssl", "s_client", "-quiet", "-verify_quiet", "-verify_return_error", "-ign_eof"]
    command += ["-connect", f"127.0.0.1:{secured.port}", "-servername", HOST]
    command += ["-CAfile", str(tmp_path / "authority" / "root.pem"), "-verify_hostname", HOST]
    asked = request(fields={"Connection": "close"})
    done = await asyncio.to_thread(subprocess.run, command, input=asked, capture_output=True, timeout=30)
    assert done.stdout.startswith(b"HTTP/1.1 200 OK\r\n"), done.stderr


@pytest.mark.parametrize(
    ("host", "target", "location"),
    [
        ("firefly.example", "/a?b=c", "https://firefly.example:8443/a?b=c"),
        ("FIREFLY.example:80", "/", "https://firefly.example:8443/"),
        ("shop--ann.preview.example", "/x", "https://shop--ann.preview.example:8443/x"),
        ("nobody.preview.example:80", "/", "https://nobody.preview.example:8443/"),
        ("127.0.0.1", "/", "https://firefly.example:8443/"),
        ("firefly.example", "*", "https://firefly.example:8443/"),
    ],
)
async def test_the_plain_address_sends_everybody_to_https(
    host: str, target: str, location: str, tmp_path: Path
) -> None:
    house = House(tmp_path)
    house.door = FrontDoor(
        table=house.table,
        gate=FixedGate(Verdict.REFUSE),
        dialer=house.dialer,
        app_path=tmp_path / "app.sock",
        app_url="https://firefly.example:8443",
        content_domain="preview.example:8443",
    )
    port = await house.door.start(host="127.0.0.1", onward=True)
    client = Peer(*await asyncio.open_connection("127.0.0.1", port))
    method = "OPTIONS" if target == "*" else "POST"
    for _ in range(2):
        client.send(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = await client.read_answer()
        assert (answer.status, answer.fields["location"]) == (308, location)
        assert "strict-transport-security" not in answer.fields
    await client.close()
    await house.door.close(drain=0)


async def test_a_host_that_is_none_of_ours_is_not_sent_anywhere(secured: Secured) -> None:
    client = await secured.plainly()
    client.send(b"GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")
    answer = await client.read_answer()
    assert answer.status == 421
    assert "location" not in answer.fields


async def test_the_plain_address_serves_neither_app_nor_previews(secured: Secured) -> None:
    for host in ("localhost", HOST):
        for target in ("/healthz", "/.firefly/enter", "/.well-known/other"):
            client = await secured.plainly()
            client.send(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert (await client.read_answer()).status == 308
    assert secured.house.app.bytes == secured.house.upstream.bytes == b""


async def test_only_proofs_for_an_authority_are_answered_on_the_plain_address(secured: Secured) -> None:
    client = await secured.plainly()
    client.send(b"GET /.well-known/acme-challenge/token HTTP/1.1\r\nHost: shop.example\r\n\r\n")
    assert (await client.read_answer()).status == 200
    assert secured.house.app.requests == ["GET /.well-known/acme-challenge/token"]
    assert b"X-Firefly-Host-Kind: app\r\n" in secured.house.app.bytes
    assert b"X-Forwarded-Proto: http\r\n" in secured.house.app.bytes
    assert secured.house.upstream.bytes == b""


async def test_the_plain_address_is_as_strict_as_the_other(secured: Secured) -> None:
    client = await secured.plainly()
    client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n")
    assert (await client.read_answer()).status == 400


async def test_connections_of_both_kinds_end_with_the_front_door(secured: Secured) -> None:
    client, plain = await secured.connect(), await secured.plainly()
    client.send(request())
    await client.read_answer()
    await secured.house.door.close(drain=30)
    async with asyncio.timeout(30):
        assert await client.reader.read() == b""
        assert await plain.reader.read() == b""


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[House]:
    """A house that is patient with bodies, not with goodbyes."""
    house = House(tmp_path, limits=Limits(linger=0.01))
    await house.open()
    yield house
    await house.close()


async def test_the_last_answer_is_not_cut_off_for_a_slow_reader(hasty: House, tmp_path: Path) -> None:
    async def say_all(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok(bytes(SIZE)))

    hasty.upstream.behaviour = say_all
    authority = TestAuthority.make(tmp_path / "authority")
    port = await hasty.door.start(host="127.0.0.1", tls=Shelf([authority.issue("all", "localhost", CONTENT)]).context)
    hasty.door._acceptors[-1].socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.setblocking(False)
    await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", port))
    opening = asyncio.open_connection(sock=narrow, ssl=authority.client(), server_hostname=HOST, limit=1024)
    client = Peer(*await opening)
    client.send(request(fields={"Connection": "close"}))
    (connection,) = await eventually(lambda: hasty.door._context.connections)
    await eventually(lambda: connection.stage is Stage.LINGER)
    # Longer than a goodbye may take.
    await asyncio.sleep(0.05)
    connection.context.now = connection.since + 1
    check(connection)
    said = b""
    while data := await asyncio.wait_for(client.reader.read(1 << 16), 30):
        said += data
    assert said.endswith(bytes(SIZE))
    client.writer.transport.abort()


async def test_a_handshake_that_never_comes_is_given_up(tmp_path: Path) -> None:
    authority = TestAuthority.make(tmp_path / "authority")
    house = House(tmp_path, limits=Limits(head_time=0.1))
    port = await house.door.start(host="127.0.0.1", tls=Shelf([authority.issue("app", "localhost")]).context)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    writer.close()
    await house.door.close(drain=0)


async def test_many_small_chunks_arrive_whole_in_both_directions(secured: Secured) -> None:
    chunks = (b"10\r\n" + b"x" * 16 + b"\r\n") * 20_000 + b"0\r\n\r\n"

    async def mirror(peer: Peer) -> None:
        while True:
            await peer.read_head()
            assert await peer.reader.readexactly(len(chunks)) == chunks
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)

    secured.house.upstream.behaviour = mirror
    client = await secured.connect()
    for _ in range(2):
        client.send(request(method="POST", fields={"Transfer-Encoding": "chunked"}) + chunks)
        await client.read_head()
        assert await client.reader.readexactly(len(chunks)) == chunks
