"""A server with certificates of its own: app and previews by https, the plain address, and new files while it runs."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.certificates import TestAuthority
from tests.support.ports import free_port
from tests.support.previews import ask, wait_for_text
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("tls")]

HAS_IPV6 = Path("/proc/net/if_inet6").exists()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module", params=["0", "1"], ids=["in the process", "by a worker"])
def secured(
    request: pytest.FixtureRequest, authority: TestAuthority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    app, previews = authority.issue("app", "localhost"), authority.issue("previews", "*.preview.localhost")
    port, plain = free_port(), free_port()
    server = LiveServer(tmp_path_factory.mktemp("server"), port=port, tls=authority.client())
    server.settings |= {
        "FIREFLY_LISTEN": f"127.0.0.1:{port}" + (f",[::1]:{port}" if HAS_IPV6 else ""),
        "FIREFLY_PLAIN_LISTEN": f"127.0.0.1:{plain}",
        "FIREFLY_PROXY_WORKERS": request.param,
        "FIREFLY_TLS_CERTIFICATES": f"{app.certificate},{previews.certificate}",
        "FIREFLY_TLS_KEYS": f"{app.key},{previews.key}",
    }
    with server:
        yield server


@pytest.fixture
async def client(secured: LiveServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with secured.client() as session:
        yield session
        assert session.connector is not None
        # The goodbye of TLS would still be under way when the test's loop ends.
        await session.connector.close(abort_ssl=True)


def talk(server: LiveServer, address: str, asked: bytes) -> tuple[bytes, str]:
    """What the server says, and the number of its certificate."""
    assert server.tls is not None
    connection = socket.create_connection((address, server.port), 30)
    with server.tls.wrap_socket(connection, server_hostname="localhost") as wrapped:
        certificate = wrapped.getpeercert() or {}
        wrapped.sendall(asked)
        return wrapped.recv(1000) if asked else b"", str(certificate["serialNumber"])


async def test_app_and_previews_are_there_by_https(secured: LiveServer, client: aiohttp.ClientSession) -> None:
    project = await create_project(client, "safe", "static")
    assert project["urls"]["editor"].startswith(f"{secured.url}/app/")
    assert project["urls"]["preview"].startswith("https://")
    answer = await wait_for_text(client, project["urls"]["preview"], secured.token, "<html")
    assert f"frame-ancestors 'self' {secured.url}" in answer.headers["Content-Security-Policy"]
    fields = {"Authorization": "", "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    async with client.get(project["urls"]["preview"], headers=fields, allow_redirects=False) as response:
        assert response.headers["Location"].startswith(f"{secured.url}/auth/preview?host=")


async def test_the_bridge_is_reached_by_wss(secured: LiveServer, client: aiohttp.ClientSession) -> None:
    project = await create_project(client, "tunnelled", "static")
    fields = {
        "Host": f"localhost:{secured.port}",
        "Authorization": f"Bearer {secured.token}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "firefly.bridge.v1",
    }
    lines = [f"GET /api/v1/projects/{project['owner']}/{project['name']}/bridge HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    asked = "\r\n".join([*lines, "", ""])
    said, _ = await asyncio.to_thread(talk, secured, "127.0.0.1", asked.encode())
    assert said.startswith(b"HTTP/1.1 101 ")
    # The answer to the key, as RFC 6455 has it.
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in said


async def test_localhost_is_not_bound_to_https_for_ever(client: aiohttp.ClientSession) -> None:
    async with client.get("/healthz") as response:
        assert response.status == 200
        assert "Strict-Transport-Security" not in response.headers


async def test_the_plain_address_sends_on_and_proves_nothing_it_does_not_know(secured: LiveServer) -> None:
    plain = secured.settings["FIREFLY_PLAIN_LISTEN"]
    async with aiohttp.ClientSession() as session:
        options = {"headers": {"Host": "localhost"}, "allow_redirects": False}
        async with session.get(f"http://{plain}/auth/sign-in?next=/", **options) as response:  # type: ignore[arg-type]
            assert (response.status, response.headers["Location"]) == (308, f"{secured.url}/auth/sign-in?next=/")
        async with session.get(f"http://{plain}/.well-known/acme-challenge/x", **options) as response:  # type: ignore[arg-type]
            assert response.status == 404


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
async def test_the_other_family_is_served_too(secured: LiveServer) -> None:
    asked = f"GET /healthz HTTP/1.1\r\nHost: localhost:{secured.port}\r\nConnection: close\r\n\r\n"
    said, _ = await asyncio.to_thread(talk, secured, "::1", asked.encode())
    assert said.startswith(b"HTTP/1.1 200 ")


async def test_sighup_reads_new_files_and_a_bad_one_changes_nothing(
    secured: LiveServer, authority: TestAuthority, client: aiohttp.ClientSession
) -> None:
    async def serial() -> str:
        return (await asyncio.to_thread(talk, secured, "127.0.0.1", b""))[1]

    assert secured.process is not None
    old = await serial()
    (authority.folder / "app.pem").write_text("not a certificate")
    secured.process.send_signal(signal.SIGHUP)
    await eventually(lambda: "certificate.kept" in secured.log, within=60)
    assert await serial() == old
    authority.issue("app", "localhost")
    secured.process.send_signal(signal.SIGHUP)

    async def changed() -> bool:
        return await serial() != old

    await eventually(changed, within=60)
    assert (await ask(client, f"{secured.url}/healthz", secured.token)).status == 200
