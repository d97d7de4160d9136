"""The PROXY protocol by its specification, and as a real HAProxy speaks it."""

import asyncio
import os
import shutil
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.proxy import Limits
from firefly.proxy.announced import LONGEST, SIGNATURE, BadHeader, Header
from firefly.proxy.front_door import FrontDoor
from firefly.tls.shelf import Shelf
from tests.support.certificates import TestAuthority
from tests.support.ports import free_port
from tests.support.waiting import eventually

from .house import HOST, House, Peer, request

PATH = f"{os.environ['PATH']}:/usr/sbin"
needs_haproxy = pytest.mark.skipif(
    shutil.which("haproxy", path=PATH) is None and not os.environ.get("CI"), reason="haproxy is not installed"
)
TCP4 = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.9") + struct.pack("!HH", 4321, 443)
TCP6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1") + bytes(16) + struct.pack("!HH", 4321, 443)
MAPPED = socket.inet_pton(socket.AF_INET6, "::ffff:192.0.2.1") + bytes(16) + struct.pack("!HH", 1, 2)
TLV = struct.pack("!BH", 0xEA, 5) + b"vpce1"


def binary(command: int, family: int, rest: bytes = b"") -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, family, len(rest)) + rest


GOOD = [
    (b"PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n", "192.0.2.1"),
    (b"PROXY TCP6 2001:DB8::1 ::1 0 65535\r\n", "2001:db8::1"),
    (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
    (binary(0x21, 0x11, TCP4), "192.0.2.1"),
    (binary(0x21, 0x11, TCP4 + TLV), "192.0.2.1"),
    (binary(0x21, 0x21, TCP6 + TLV * 40), "2001:db8::1"),
    (binary(0x21, 0x21, MAPPED), "192.0.2.1"),
    (binary(0x21, 0x31, b"/run/client".ljust(108, b"\0") * 2), "unknown"),
    (binary(0x21, 0x00, TLV), None),
    (binary(0x20, 0x00), None),
    (binary(0x20, 0x11, TCP4), None),
]
BAD = {
    "something else": b"GET / HTTP/1.1\r\n",
    "a handshake": b"\x16\x03\x01\x02\x00",
    "another protocol of version 1": b"PROXY UDP4 192.0.2.1 192.0.2.9 1 2\r\n",
    "small letters": b"proxy TCP4 192.0.2.1 192.0.2.9 1 2\r\n",
    "two spaces": b"PROXY  TCP4 192.0.2.1 192.0.2.9 1 2\r\n",
    "no address": b"PROXY TCP4 192.0.2 192.0.2.9 1 2\r\n",
    "leading zeros": b"PROXY TCP4 192.0.02.1 192.0.2.9 1 2\r\n",
    "an address of the other family": b"PROXY TCP4 2001:db8::1 ::1 1 2\r\n",
    "a name": b"PROXY TCP4 localhost localhost 1 2\r\n",
    "no ports": b"PROXY TCP4 192.0.2.1 192.0.2.9\r\n",
    "more than ports": b"PROXY TCP4 192.0.2.1 192.0.2.9 1 2 3\r\n",
    "a bare line feed": b"PROXY TCP4 192.0.2.1 192.0.2.9 1 2\nGET / HTTP/1.1\r\n",
    "a line that is too long": b"PROXY UNKNOWN " + b"a" * 92 + b"\r\n",
    "a line without an end": b"PROXY UNKNOWN " + b"a" * 200,
    "version 1 in version 2": binary(0x11, 0x11, TCP4),
    "version 3": binary(0x31, 0x11, TCP4),
    "an unknown command": binary(0x22, 0x11, TCP4),
    "datagrams": binary(0x21, 0x12, TCP4),
    "an unknown family": binary(0x21, 0x41, TCP4),
    "too short for its family": binary(0x21, 0x11, TCP4[:-1]),
    "too short for a path": binary(0x21, 0x31, TCP6),
    "too long": binary(0x21, 0x11, TCP4.ljust(LONGEST, b"\0")),
}


def follow(data: bytes, size: int) -> tuple[int, Header]:
    """Read a header in pieces of `size` bytes; returns how many bytes of `data` it took."""
    header, taken = Header(), 0
    while not header.ended and taken < len(data):
        taken += header.feed(data[taken : taken + size])
    return taken, header


@pytest.mark.parametrize(("data", "address"), GOOD)
@pytest.mark.parametrize("size", [1, 7, 16, 5000])
def test_a_header_in_pieces_of_any_size_and_nothing_behind_it(data: bytes, address: str | None, size: int) -> None:
    taken, header = follow(data + b"\r\nbehind", size)
    assert (taken, header.ended, header.address) == (len(data), True, address)


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
@pytest.mark.parametrize("size", [1, 5000])
def test_what_is_no_header_is_refused(data: bytes, size: int) -> None:
    with pytest.raises(BadHeader):
        follow(data, size)


class Announced(House):
    """A house behind proxies that say who comes."""

    def __init__(
        self, folder: Path, *, limits: Limits | None = None, proxies: tuple[str, ...] = ("127.0.0.1",)
    ) -> None:
        super().__init__(folder, limits=limits, proxies=proxies, announced=True)


@pytest.fixture
async def announced(tmp_path: Path) -> AsyncIterator[Announced]:
    house = Announced(tmp_path)
    await house.open()
    yield house
    await house.close()


async def test_who_the_header_names_is_the_visitor(announced: House) -> None:
    client = await announced.client()
    for piece in (GOOD[5][0][:13], GOOD[5][0][13:20], GOOD[5][0][20:] + request(fields={"X-Forwarded-For": "6.6.6.6"})):
        client.send(piece)
        await client.writer.drain()
        await asyncio.sleep(0)
    assert (await client.read_answer()).status == 200
    client.send(request())
    assert (await client.read_answer()).status == 200
    assert announced.upstream.bytes.count(b"X-Forwarded-For: 192.0.2.1\r\n") == 2


async def test_a_proxy_that_speaks_for_itself_is_the_visitor_and_believed(announced: House) -> None:
    client = await announced.client()
    client.send(binary(0x20, 0) + request(fields={"X-Forwarded-For": "192.0.2.7"}))
    assert (await client.read_answer()).status == 200
    assert b"X-Forwarded-For: 192.0.2.7, 127.0.0.1\r\n" in announced.upstream.bytes


@pytest.mark.parametrize("begun", [request(), b"PROXY TCP4 nobody\r\n", b"\r\n\r\n\0\r\nQUIT\r"])
async def test_without_a_proper_header_nothing_is_read(announced: House, begun: bytes) -> None:
    client = await announced.client()
    client.send(begun)
    assert await client.is_closed()
    assert not announced.upstream.bytes
    await eventually(lambda: announced.door._context.seats.taken == 0)


async def test_a_header_from_somebody_else_is_not_believed(tmp_path: Path) -> None:
    house = Announced(tmp_path, proxies=("192.0.2.0/24",))
    await house.open()
    client = await house.client()
    client.send(GOOD[0][0] + request())
    assert await client.is_closed()
    assert house.door.counters["turned_away"] == 1
    assert not house.upstream.bytes
    await house.close()


async def test_a_header_has_its_time_and_ends_with_the_front_door(tmp_path: Path) -> None:
    hasty, patient = Announced(tmp_path / "a", limits=Limits(head_time=0.1)), Announced(tmp_path / "b")
    for house in (hasty, patient):
        house.folder.mkdir()
        await house.open()
    client = await hasty.client()
    client.send(b"PROXY ")
    assert await client.is_closed()
    await hasty.close()
    waits = await patient.client()
    await eventually(lambda: patient.door._context.seats.taken == 1)
    await patient.close()
    assert patient.door._context.seats.taken == 0
    waits.writer.close()


async def test_connections_are_counted_for_whom_the_header_names(tmp_path: Path) -> None:
    house = Announced(tmp_path, limits=Limits(address_connections=1))
    await house.open()
    first, second, other = [await house.client() for _ in range(3)]
    first.send(GOOD[0][0] + request())
    assert (await first.read_answer()).status == 200
    second.send(GOOD[5][0] + request())
    assert await second.is_closed()
    other.send(GOOD[1][0] + request())
    assert (await other.read_answer()).status == 200
    await house.close()


async def test_the_header_comes_before_the_handshake(announced: House, tmp_path: Path) -> None:
    authority = TestAuthority.make(tmp_path / "authority")
    port = await secured(announced.door, authority)
    raw = socket.create_connection(("127.0.0.1", port))
    raw.sendall(GOOD[5][0])
    opening = asyncio.open_connection(sock=raw, ssl=authority.client(), server_hostname=HOST)
    client = Peer(*await opening)
    client.send(request())
    assert (await client.read_answer()).status == 200
    assert b"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n" in announced.upstream.bytes
    client.writer.transport.abort()


async def secured(door: FrontDoor, authority: TestAuthority) -> int:
    return await door.start(host="127.0.0.1", tls=Shelf([authority.issue("all", "localhost", HOST)]).context)


CONFIGURATION = """
defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
"""
FRONTEND = """
listen {name}
  bind 127.0.0.1:{port}
  server firefly 127.0.0.1:{to} {options}
"""


class HAProxy:
    """With one port for each way of announcing."""

    def __init__(self, folder: Path, ways: dict[str, tuple[int, str]]) -> None:
        self.ports = {name: free_port() for name in ways}
        self._file = folder / "haproxy.cfg"
        self._file.write_text(
            CONFIGURATION
            + "".join(
                FRONTEND.format(name=name, port=self.ports[name], to=to, options=options)
                for name, (to, options) in ways.items()
            )
        )
        self._process: asyncio.subprocess.Process

    async def start(self) -> None:
        program = shutil.which("haproxy", path=PATH)
        assert program is not None
        self._process = await asyncio.create_subprocess_exec(program, "-db", "-q", "-f", self._file)

    async def connect(self, way: str, authority: TestAuthority | None = None) -> Peer:
        """As somebody who is not the proxy."""

        async def opened() -> Peer:
            try:
                return Peer(
                    *await asyncio.open_connection(
                        "127.0.0.1",
                        self.ports[way],
                        local_addr=("127.0.0.2", 0),
                        ssl=authority.client() if authority else None,
                        server_hostname=HOST if authority else None,
                    )
                )
            except OSError as error:
                raise AssertionError("it does not listen yet") from error

        return await eventually(opened)

    async def stop(self) -> None:
        self._process.terminate()
        await self._process.wait()


@needs_haproxy
async def test_haproxy_says_who_comes_in_both_versions_and_below_tls(announced: House, tmp_path: Path) -> None:
    authority = TestAuthority.make(tmp_path / "authority")
    tls = await secured(announced.door, authority)
    plain = announced.port
    proxy = HAProxy(
        tmp_path,
        {
            "one": (plain, "send-proxy"),
            "two": (plain, "send-proxy-v2"),
            "more": (plain, "send-proxy-v2 proxy-v2-options unique-id,crc32c check check-send-proxy inter 50ms"),
            "tls": (tls, "send-proxy-v2"),
        },
    )
    await proxy.start()
    for number, way in enumerate(proxy.ports, 1):
        client = await proxy.connect(way, authority if way == "tls" else None)
        client.send(request(f"/{way}"))
        assert (await client.read_answer()).body == f"GET /{way} HTTP/1.1".encode()
        await client.close()
        assert announced.upstream.bytes.count(b"X-Forwarded-For: 127.0.0.2\r\n") == number
    await proxy.stop()
