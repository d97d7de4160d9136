"""What the tests of TLS start from: an authority and a shelf of its certificates, on a listening socket."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvloop

from firefly.tls import Shelf
from tests.support.certificates import TestAuthority

WITHIN = 30


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
def authority(tmp_path: Path) -> TestAuthority:
    return TestAuthority.make(tmp_path / "authority")


@dataclass(frozen=True)
class Greeter:
    """Listens with a shelf's certificates and says nothing."""

    port: int
    client: ssl.SSLContext

    async def greet(self, host: str | None, context: ssl.SSLContext | None = None) -> ssl.SSLObject:
        """What a handshake for `host` agreed on. Raises ssl.SSLError where it failed."""
        async with asyncio.timeout(WITHIN):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.port, ssl=context or self.client, server_hostname=host or ""
            )
            agreed: ssl.SSLObject = writer.get_extra_info("ssl_object")
            writer.close()
            await reader.read()
            return agreed

    async def names(self, host: str | None, context: ssl.SSLContext | None = None) -> set[str]:
        """Who the certificate is for that a client gets when it asks for `host`."""
        found = (await self.greet(host, context)).getpeercert() or {}
        return {str(entry[1]) for entry in found.get("subjectAltName", ())}

    async def openssl(self, *options: str) -> str:
        """What `openssl s_client` says of a handshake with these options."""
        command = ("openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", *options)
        done = await asyncio.to_thread(
            subprocess.run, command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WITHIN
        )
        return done.stdout + done.stderr


@asynccontextmanager
async def greeter(shelf: Shelf, authority: TestAuthority) -> AsyncIterator[Greeter]:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=shelf.context)
    async with server:
        yield Greeter(server.sockets[0].getsockname()[1], authority.client())
