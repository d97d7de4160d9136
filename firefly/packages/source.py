"""What comes from the registries: asked without anybody's credentials, trusted as this machine trusts."""

import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from ..pace import Pace
from ..rota import Crowded, Rota

AGENT = "Firefly (package cache)"
# Seconds until a registry answers, and between two pieces of what it sends.
CONNECT, SILENCE = 20.0, 30.0
# Bytes a second of what it sends, over a slow line that many share.
SLOWEST = 8 << 10
# Connections to registries, and those that one sandbox may have of them; as many questions as it has connections wait.
AT_ONCE, EACH, WAITING = 16, 12, 64
BLOCK = 256 << 10
REDIRECTS = {301, 302, 303, 307, 308}
MOST_REDIRECTS = 5
# Where an operator has told npm, pip and their like of authorities of his own.
AUTHORITIES = ("NODE_EXTRA_CA_CERTS", "PIP_CERT", "REQUESTS_CA_BUNDLE")


class Source:
    """`each`: connections of the `at_once` that one sandbox may have, for which its questions wait `within` seconds."""

    def __init__(self, *, at_once: int = AT_ONCE, each: int = EACH, within: float = CONNECT) -> None:
        self._turns = Rota(at_once, each=each, waiting=WAITING, within=within)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def get(
        self, url: str, headers: Mapping[str, str], visitor: Hashable
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """For a sandbox; where redirects lead, too, as far as they may. Raises aiohttp.ClientError, TimeoutError."""
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._turns.turn(visitor))
            except Crowded as error:
                raise aiohttp.ClientError(str(error)) from error
            yield await stack.enter_async_context(self._ask(url, headers))

    @asynccontextmanager
    async def _ask(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            self._session = _session()
        first = at = URL(url, encoded=True)
        for _ in range(MOST_REDIRECTS + 1):
            async with self._session.get(at, headers=headers, proxy=_proxy(str(at)), allow_redirects=False) as response:
                if response.status not in REDIRECTS:
                    yield response
                    return
                at = _next(first, at, response)
        raise aiohttp.ClientError("It redirects for ever.")


def pieces(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
    """What it sends, as it comes. Raises aiohttp.ClientError, TimeoutError."""
    return Pace(SILENCE, SLOWEST).kept(aiter(response.content.iter_chunked(BLOCK)))


def _next(first: URL, at: URL, response: aiohttp.ClientResponse) -> URL:
    """Where it redirects to. Raises aiohttp.ClientError."""
    try:
        found = at.join(URL(response.headers.get("Location", ""), encoded=True))
        origin = found.origin()
    except ValueError as error:
        raise aiohttp.ClientError("It redirects to nowhere.") from error
    # Whoever is named by an index could lead to the server's own network; what is there has no certificate.
    if origin.scheme != "https" and origin != first.origin():
        raise aiohttp.ClientError(f"It redirects to {origin}, which is not asked.")
    return found


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # Turns are what bounds them.
        connector=aiohttp.TCPConnector(limit=0, ssl=_trust()),
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT, sock_read=SILENCE),
        headers={"User-Agent": AGENT},
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    for name in AUTHORITIES:
        path = os.environ.get(name, "")
        if path and Path(path).is_file():
            context.load_verify_locations(path)
    return context


def _proxy(url: str) -> str | None:
    """As the environment says. Not left to aiohttp, which would look for the user's passwords there too."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
