"""Who asked, as the next hop is told."""

from pathlib import Path

import pytest

from firefly.errors import InvalidInput
from firefly.proxy import heads
from firefly.proxy.forwarded import TrustedProxies, Visitor

from .house import House, request


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
        ("10.0.0.1", None, "10.0.0.1"),
    ],
)
def test_who_asked(proxies: TrustedProxies, peer: str, chain: bytes | None, client: str) -> None:
    assert proxies.client(peer, chain) == client


def test_what_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(InvalidInput, match="FIREFLY_TRUSTED_PROXIES"):
        TrustedProxies(["proxy.example"])


def test_a_proxy_that_is_trusted_is_quoted(proxies: TrustedProxies) -> None:
    head = heads.parse(
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"
        b"X-Forwarded-Host: b\r\n\r\n"
    )
    visitor = Visitor("10.0.0.1", proxies)
    assert visitor.lines(head).split(b"\r\n") == [
        b"X-Forwarded-For: 1.2.3.4, 10.0.0.1",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: b",
        b"",
    ]
    assert visitor.client(head) == b"1.2.3.4"


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
