"""A server that starts without any certificate and gets its own from an authority, for the app and for all previews."""

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.support.pebble import Pebble, needs_pebble
from tests.support.ports import free_port
from tests.support.server import LiveServer, LoopbackResolver, create_project
from tests.support.waiting import eventually

pytestmark = [needs_pebble, pytest.mark.timeout(180), pytest.mark.xdist_group("pebble")]

APP, PREVIEW, CUSTOM = "firefly.test", "shop--ann.preview.test", "www.shop.test"


@dataclass
class Awaiting(LiveServer):
    """Ready when it listens: the certificate comes later."""

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return "Firefly serves at" in self.log


@pytest.fixture
def pebble(tmp_path: Path) -> Iterator[Pebble]:
    with Pebble(tmp_path / "pebble") as running:
        yield running


def ask(server: LiveServer, trusting: ssl.SSLContext, host: str) -> bytes:
    """What the server says for `host` over TLS, to one who trusts the authority alone. Raises OSError."""
    connection = socket.create_connection(("127.0.0.1", server.port), 30)
    with trusting.wrap_socket(connection, server_hostname=host) as wrapped:
        wrapped.sendall(f"GET /healthz HTTP/1.1\r\nHost: {host}:{server.port}\r\n\r\n".encode())
        return wrapped.recv(1000)


def doctor(server: LiveServer) -> dict[str, dict[str, object]]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("FIREFLY_")}
    environment |= server.settings | {"FIREFLY_DATA_DIR": str(server.folder / "data")}
    command = [sys.executable, "-m", "firefly", "doctor", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    return {check["what"]: check for check in json.loads(done.stdout)}


async def prove_custom_domain(server: LiveServer, pebble: Pebble, trusting: ssl.SSLContext) -> None:
    """Returns when the API tells of its certificate."""
    base, fields = f"https://{APP}:{server.port}", {"Authorization": f"Bearer {server.token}"}
    connector = aiohttp.TCPConnector(resolver=LoopbackResolver(), ssl=trusting)
    async with aiohttp.ClientSession(base, headers=fields, connector=connector) as client:
        project = await create_project(client, "shop", "static")
        path = f"/api/v1/projects/{project['owner']}/shop/domains"
        async with client.post(path, json={"host": CUSTOM}) as response:
            domain = await response.json()
        assert (domain["state"], domain["certificate"]["state"]) == ("pending", "planned")
        await asyncio.to_thread(pebble.set_text, domain["proof"]["name"], domain["proof"]["value"])
        async with client.post(f"{path}/{domain['id']}/check") as response:
            domain = await response.json()
        assert (domain["state"], domain["url"]) == ("active", f"https://{CUSTOM}:{server.port}")

        async def certified() -> bool:
            async with client.get(f"{path}/{domain['id']}") as response:
                certificate = (await response.json())["certificate"]
            assert certificate["state"] == "valid", (certificate, server.log[-3000:])
            return bool(certificate["ends"])

        await eventually(certified, within=90)
        plain = f"http://{CUSTOM}:{pebble.http_port}/page?a=b"
        async with client.get(plain, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (308, f"{domain['url']}/page?a=b")


async def test_certificates_are_ordered_served_kept_and_told(pebble: Pebble, tmp_path: Path) -> None:
    port = free_port()
    server = Awaiting(tmp_path, port=port)
    server.settings |= {
        "FIREFLY_LISTEN": f"127.0.0.1:{port}",
        "FIREFLY_PLAIN_LISTEN": f"127.0.0.1:{pebble.http_port}",
        "FIREFLY_URL": f"https://{APP}:{port}",
        "FIREFLY_CONTENT_DOMAIN": f"preview.test:{port}",
        "FIREFLY_ACME_DIRECTORY": pebble.directory,
        "FIREFLY_ACME_ROOTS": str(pebble.roots),
        "FIREFLY_ACME_DNS_HOOK": pebble.hook,
        "FIREFLY_DNS_SERVERS": pebble.names,
    }
    trusting = await asyncio.to_thread(pebble.client)

    async def served(host: str) -> bytes:
        try:
            return await asyncio.to_thread(ask, server, trusting, host)
        except OSError as error:
            raise AssertionError(f"{host}: {error}: {server.log[-3000:]}") from error

    with server:
        assert (await eventually(lambda: served(APP), within=90)).startswith(b"HTTP/1.1 200 ")
        # No such preview, but it is told by a certificate for its name.
        assert (await eventually(lambda: served(PREVIEW), within=90)).startswith(b"HTTP/1.1 4")
        assert pebble.hooked == ["set _acme-challenge.preview.test", "remove _acme-challenge.preview.test"]
        told = await asyncio.to_thread(doctor, server)
        assert told[f"certificate {APP}"]["ok"]
        assert told["certificate *.preview.test"]["ok"]
        await prove_custom_domain(server, pebble, trusting)
        assert (await eventually(lambda: served(CUSTOM), within=90)).startswith(b"HTTP/1.1 4")
    # Gone is the authority; what it gave is served at once after a restart.
    pebble.__exit__(None, None, None)
    with server:
        assert (await eventually(lambda: served(APP), within=90)).startswith(b"HTTP/1.1 200 ")
        # What was there before is served without another order, that of the custom domain too.
        assert (await eventually(lambda: served(CUSTOM), within=90)).startswith(b"HTTP/1.1 4")
        assert server.log.count("certificate.ordered") == 3
