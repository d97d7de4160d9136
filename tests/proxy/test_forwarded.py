"""Who asked, as the next hop is told."""

from pathlib import Path

import pytest

from firefly.errors import InvalidInput
from firefly.proxy import heads
from firefly.proxy.forwarded import TrustedProxies, Visitor
from tests.support.waiting import eventually

from .house import House, Peer, request


@pytest.fixture
def proxies() -> TrustedProxies:
    return TrustedProxies(["10.0.0.0/8", "::1", "127.0.0.1"])


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("11.0.0.1", False),
        ("::1", True),
        ("::ffff:10.0.0.1", True),
        ("unknown", False),
        ("", False),
    ],
)
def test_whom_to_believe(proxies: TrustedProxies, address: str, trusted: bool) -> None:
    assert proxies.trusts(address) is trusted


@pytest.mark.parametrize(
    ("peer", "chain", "client"),
    [
        ("11.0.0.1", b"1.2.3.4", "11.0.0.1"),
        ("10.0.0.1", b"1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", b"6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("10.0.0.1", b"1.2.3.4, nonsense", "10.0.0.1"),
        ("10.0.0.1", b"1.2.3.4, fe80::1%<b>", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
    ],
)
def test_who_asked(proxies: TrustedProxies, peer: str, chain: bytes | None, client: str) -> None:
    assert proxies.client(peer, chain) == client


def test_what_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(InvalidInput, match="FIREFLY_TRUSTED_PROXIES"):
        TrustedProxies(["proxy.example"])


@pytest.mark.parametrize(
    ("address", "told"),
    [("11.0.0.1", b"for=11.0.0.1"), ("2001:db8::1", b'for="[2001:db8::1]"'), ("unknown", b"for=unknown")],
)
def test_what_the_next_hop_is_told_of_anybody(proxies: TrustedProxies, address: str, told: bytes) -> None:
    visitor = Visitor(address, proxies, scheme=b"https")
    for host in (b"a", b"a", b"b:80", b"a"):
        head = heads.parse(
            b"GET / HTTP/1.1\r\nHost: %b\r\nForwarded: for=6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n" % host
        )
        assert visitor.lines(head).split(b"\r\n") == [
            b"X-Forwarded-For: " + address.encode(),
            b"X-Forwarded-Proto: https",
            b"X-Forwarded-Host: " + host,
            b'Forwarded: %b;host="%b";proto=https' % (told, host),
            b"",
        ]
        assert visitor.client(head) == address.encode()


OWN = b';host="a";proto=http'
CONTINUED: dict[str, tuple[bytes, bytes, bytes, bytes, bytes]] = {
    # What a trusted proxy says; who asked; the chain, scheme and host, and Forwarded, as they go on.
    "nothing": (b"", b"10.0.0.1", b"10.0.0.1", b"http, a", b"for=10.0.0.1" + OWN),
    "one field": (
        b"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n",
        b"1.2.3.4", b"1.2.3.4, 10.0.0.1", b"https, b",
        b'for=1.2.3.4;host="b";proto=https, for=10.0.0.1' + OWN,
    ),
    "a line that was added": (
        b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.2.3.4\r\n",
        b"1.2.3.4", b"6.6.6.6, 1.2.3.4, 10.0.0.1", b"http, a",
        b"for=6.6.6.6" + OWN + b", for=1.2.3.4, for=10.0.0.1" + OWN,
    ),
    "the other field": (
        b'Forwarded: for="[2001:db8::1]:80";proto=https;host=b, for=1.2.3.4\r\n',
        b"1.2.3.4", b"2001:db8::1, 1.2.3.4, 10.0.0.1", b"https, b",
        b'for="[2001:db8::1]:80";proto=https;host=b, for=1.2.3.4, for=10.0.0.1' + OWN,
    ),
    "both alike": (
        b"Forwarded: by=_x;for=1.2.3.4;proto=https\r\nX-Forwarded-For: 1.2.3.4\r\n",
        b"1.2.3.4", b"1.2.3.4, 10.0.0.1", b"https, a", b"by=_x;for=1.2.3.4;proto=https, for=10.0.0.1" + OWN,
    ),
    "another one, which somebody else wrote": (
        b"Forwarded: for=6.6.6.6;proto=https\r\nX-Forwarded-For: 1.2.3.4\r\n",
        b"1.2.3.4", b"1.2.3.4, 10.0.0.1", b"http, a", b"for=1.2.3.4" + OWN + b", for=10.0.0.1" + OWN,
    ),
    "what is malformed": (
        b"Forwarded: for=1.2.3.4;;\r\n", b"10.0.0.1", b"10.0.0.1", b"http, a", b"for=10.0.0.1" + OWN,
    ),
    "no addresses": (
        b'X-Forwarded-For: "x, y\r\nX-Forwarded-Proto: "\r\n',
        b"10.0.0.1", b'"x, y, 10.0.0.1', b'", a', b"for=unknown" + OWN + b", for=unknown, for=10.0.0.1" + OWN,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("said", "client", "chain", "origin", "forwarded"), CONTINUED.values(), ids=CONTINUED)
def test_what_a_trusted_proxy_says_is_continued(
    proxies: TrustedProxies, said: bytes, client: bytes, chain: bytes, origin: bytes, forwarded: bytes
) -> None:
    visitor = Visitor("10.0.0.1", proxies)
    visitor.lines(heads.parse(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n"))
    head = heads.parse(b"GET / HTTP/1.1\r\nHost: a\r\n%b\r\n" % said)
    scheme, host = origin.split(b", ")
    assert visitor.lines(head).split(b"\r\n") == [
        b"X-Forwarded-For: " + chain,
        b"X-Forwarded-Proto: " + scheme,
        b"X-Forwarded-Host: " + host,
        b"Forwarded: " + forwarded,
        b"",
    ]
    assert visitor.client(head) == client


async def test_behind_a_trusted_proxy(tmp_path: Path) -> None:
    house = House(tmp_path, proxies=("127.0.0.0/8",))
    await house.open()
    client = await house.client()
    client.send(request(host="localhost", fields={"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}))
    assert (await client.read_answer()).status == 200
    assert b"X-Firefly-Client-Address: 1.2.3.4\r\n" in house.app.bytes
    assert b"X-Forwarded-Proto: https\r\n" in house.app.bytes
    assert house.app.bytes.lower().count(b"x-forwarded-for") == 1
    await house.close()


async def test_answers_of_previews_say_by_whom_they_came(house: House) -> None:
    assert (await house.ask()).fields["via"] == "1.1 firefly"
    assert "via" not in (await house.ask(host="localhost")).fields

    async def old(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.0 200 OK\r\nVia: 1.1 cache\r\nContent-Length: 2\r\n\r\nok")

    house.upstream.behaviour = old
    await eventually(lambda: house.door.counters["pooled"] == 2)
    house.door._context.pool.close()
    assert b"\r\nVia: 1.1 cache\r\n" in (head := (await house.ask()).head)
    assert head.count(b"Via: 1.0 firefly\r\n") == 1
    assert b"1.1 firefly" not in head
