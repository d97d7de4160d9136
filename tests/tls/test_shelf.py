"""Real handshakes: which certificate a client gets, what is agreed on, and what a change of files does."""

import asyncio
import os
import socket
import ssl
import warnings
from collections.abc import Awaitable

import pytest

from firefly.errors import InvalidInput
from firefly.tls import Pair, Shelf
from tests.support.certificates import TestAuthority
from tests.support.waiting import eventually

from .conftest import greeter


@pytest.fixture
def shelf(authority: TestAuthority) -> Shelf:
    return Shelf(
        [authority.issue("app", "firefly.example"), authority.issue("previews", "*.preview.example", "preview.example")]
    )


@pytest.mark.parametrize(
    ("asked", "got"),
    [
        ("firefly.example", "firefly.example"),
        ("FIREFLY.example", "firefly.example"),
        ("shop--ann.preview.example", "*.preview.example"),
        ("preview.example", "*.preview.example"),
    ],
)
async def test_the_host_that_a_client_names_decides(
    asked: str, got: str, shelf: Shelf, authority: TestAuthority
) -> None:
    async with greeter(shelf, authority) as server:
        assert got in await server.names(asked)


async def test_it_holds_what_it_is_told_and_nothing_else(shelf: Shelf, authority: TestAuthority) -> None:
    changes: list[None] = []
    shelf.on_change(lambda: changes.append(None))
    fresh = authority.issue("fresh", "fresh.example")
    missing = Pair(fresh.certificate.with_name("none.pem"), fresh.key)
    shelf.hold([shelf.certificates[1].pair, missing, fresh])
    async with greeter(shelf, authority) as server:
        assert "fresh.example" in await server.names("fresh.example")
        assert "firefly.example" not in await server.names("preview.example")
    assert [one.names[0] for one in shelf.certificates] == ["*.preview.example", "fresh.example"]
    assert changes


@pytest.mark.parametrize("asked", [None, "a.b.preview.example", "stranger.example"])
async def test_who_names_none_of_ours_gets_the_first(asked: str | None, shelf: Shelf, authority: TestAuthority) -> None:
    careless = authority.client()
    careless.check_hostname = False
    async with greeter(shelf, authority) as server:
        assert await server.names(asked, careless) == {"firefly.example"}


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_modern_versions_agree_on_http_1_1(
    version: ssl.TLSVersion, shelf: Shelf, authority: TestAuthority
) -> None:
    client = authority.client()
    client.minimum_version = client.maximum_version = version
    client.set_alpn_protocols(["h2", "http/1.1"])
    async with greeter(shelf, authority) as server:
        agreed = await server.greet("shop--ann.preview.example", client)
    assert (agreed.version(), agreed.selected_alpn_protocol()) == (version.name.replace("_", "."), "http/1.1")
    assert "GCM" in str(agreed.cipher()) or "CHACHA20" in str(agreed.cipher())


async def test_older_versions_are_refused(shelf: Shelf, authority: TestAuthority) -> None:
    client = authority.client()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client.minimum_version = ssl.TLSVersion.TLSv1
        client.maximum_version = ssl.TLSVersion.TLSv1_1
    client.set_ciphers("ALL:@SECLEVEL=0")
    async with greeter(shelf, authority) as server:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await server.greet("firefly.example", client)


@pytest.mark.parametrize("cipher", ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA"])
async def test_ciphers_without_forward_secrecy_or_authentication_are_refused(
    cipher: str, shelf: Shelf, authority: TestAuthority
) -> None:
    client = authority.client()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(cipher)
    async with greeter(shelf, authority) as server:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await server.greet("firefly.example", client)


async def test_openssl_finds_the_chain_whole_and_nothing_odd(shelf: Shelf, authority: TestAuthority) -> None:
    async with greeter(shelf, authority) as server:
        options = (
            "-servername",
            "a.preview.example",
            "-CAfile",
            str(authority.root),
            "-tls1_2",
            "-verify_return_error",
        )
        said = await server.openssl(*options)
    assert "Verify return code: 0 (ok)" in said
    assert "Compression: NONE" in said
    # A ticket's key would open what was recorded, until the next start.
    assert "TLS session ticket:" not in said


async def test_a_session_is_resumed_also_for_a_host_that_is_not_the_first(
    shelf: Shelf, authority: TestAuthority
) -> None:
    client = authority.client()
    client.maximum_version = ssl.TLSVersion.TLSv1_2

    def twice(port: int) -> bool:
        session = None
        for _ in range(2):
            raw = socket.create_connection(("127.0.0.1", port), 30)
            with client.wrap_socket(raw, server_hostname="preview.example", session=session) as wrapped:
                session, reused = wrapped.session, wrapped.session_reused
        return bool(reused)

    async with greeter(shelf, authority) as server:
        assert await asyncio.to_thread(twice, server.port)


async def test_new_files_are_served_without_a_restart(shelf: Shelf, authority: TestAuthority) -> None:
    asked = asyncio.Event()
    async with greeter(shelf, authority) as server:
        follower = asyncio.create_task(shelf.follow(asked, every=0.01))
        authority.issue("app", "firefly.example", "also.example")

        async def served() -> bool:
            return "also.example" in await server.names("firefly.example")

        await eventually(served)
        follower.cancel()
        assert "also.example" in await server.names("also.example")


async def test_a_link_that_leads_elsewhere_counts_as_a_change(authority: TestAuthority) -> None:
    """As certbot and Kubernetes put new certificates in place."""
    first, second = authority.issue("first", "first.example"), authority.issue("second", "second.example")
    link = Pair(authority.folder / "live.pem", authority.folder / "live.key")
    link.certificate.symlink_to(first.certificate)
    link.key.symlink_to(first.key)
    shelf = Shelf([link])
    for place, target in ((link.certificate, second.certificate), (link.key, second.key)):
        new = place.with_suffix(".new")
        new.symlink_to(target)
        os.replace(new, place)
    assert shelf.reload() == []
    assert shelf.certificates[0].names == ("second.example",)


async def test_asking_reads_everything_again(shelf: Shelf, authority: TestAuthority) -> None:
    asked = asyncio.Event()
    before = shelf.certificates
    follower = asyncio.create_task(shelf.follow(asked, every=3600))
    asked.set()
    await eventually(lambda: all(a is not b for a, b in zip(before, shelf.certificates, strict=True)))
    follower.cancel()
    assert [one.names for one in shelf.certificates] == [one.names for one in before]


@pytest.mark.parametrize("bad", [b"", b"garbage"])
async def test_a_bad_new_file_keeps_the_old_one_and_says_so(bad: bytes, shelf: Shelf, authority: TestAuthority) -> None:
    (authority.folder / "app.pem").write_bytes(bad)
    problems = shelf.reload()
    assert len(problems) == 1
    assert "app.pem" in problems[0]
    async with greeter(shelf, authority) as server:
        assert await server.names("firefly.example") == {"firefly.example"}
    assert shelf.reload() == [], "it was told once"
    authority.issue("app", "firefly.example", "mended.example")
    assert shelf.reload() == []
    assert "mended.example" in shelf.certificates[0].names


async def test_a_file_that_goes_away_keeps_the_old_one(shelf: Shelf, authority: TestAuthority) -> None:
    (authority.folder / "app.key").unlink()
    assert "No such file" in shelf.reload()[0]
    assert shelf.find("firefly.example") is shelf.certificates[0]


async def test_without_any_certificate_a_handshake_fails_instead_of_inventing_one(authority: TestAuthority) -> None:
    async with greeter(Shelf(), authority) as server:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await server.greet("firefly.example")


def test_a_server_does_not_start_with_half_of_its_certificates(authority: TestAuthority) -> None:
    good = authority.issue("app", "firefly.example")
    with pytest.raises(InvalidInput, match=r"missing\.pem"):
        Shelf([good, Pair(authority.folder / "missing.pem", authority.folder / "missing.pem")])


def test_of_two_for_one_name_the_first_counts(authority: TestAuthority) -> None:
    shelf = Shelf([authority.issue("one", "firefly.example"), authority.issue("two", "firefly.example", "b.example")])
    assert shelf.find("firefly.example") is shelf.certificates[0]
    assert shelf.find("b.example") is shelf.certificates[1]
    shelf.drop(shelf.certificates[0].pair)
    assert shelf.find("firefly.example") is shelf.certificates[0]


def test_an_expired_certificate_is_served_rather_than_none(authority: TestAuthority) -> None:
    shelf = Shelf([authority.issue("app", "firefly.example", days=-1)])
    assert shelf.find("firefly.example") is not None


async def test_handshakes_go_on_while_threads_change_what_is_served(shelf: Shelf, authority: TestAuthority) -> None:
    pairs = [authority.issue(f"more{number}", f"more{number}.example") for number in range(20)]
    changes: list[Awaitable[object]] = [asyncio.to_thread(shelf.put, pair) for pair in pairs]
    changes += [asyncio.to_thread(shelf.drop, pair) for pair in pairs[:10]]
    changes += [asyncio.to_thread(shelf.reload, everything=True) for _ in range(5)]
    async with greeter(shelf, authority) as server:
        changing = asyncio.gather(*changes, return_exceptions=True)
        while not changing.done():
            assert "*.preview.example" in await server.names("a.preview.example")
        assert [found for found in await changing if isinstance(found, BaseException)] == []
        assert "more19.example" in await server.names("more19.example")
