"""A proxy on the sandbox's loopback for tools that know no registry but the public ones.

It stands for those with papers of the server's, which only what is started with its variables trusts, and takes what is
asked of them to the server's cache. For all other hosts it opens the way that the sandbox has itself.
"""

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from firefly.protocol.packages import Papers

LONGEST_HEAD, BLOCK = 16 << 10, 64 << 10
# Seconds for a head, for papers to be shown, and for a host to be reached.
PATIENCE = 30.0
OWN = "localhost,127.0.0.1,::1"
# What replaces the authorities that a tool knows (the last: for the first Yarn), and what adds to them.
_REPLACING = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "npm_config_cafile")
_ADDING = "NODE_EXTRA_CA_CERTS"
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
# What ends a connection without a word: whoever is there has gone, or does not speak so.
_NONSENSE = (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError, ValueError)
_REFUSED = "HTTP/1.1 {} \r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def proxied(gateway: Path, papers: Papers, env: Mapping[str, str]) -> AsyncIterator[Mapping[str, str]]:
    """`env` and what leads tools through the proxy, which is there inside the block. `gateway`: the cache's socket.

    Where there is no list of the machine's authorities that one could be added to, `env` alone.
    """
    if not (known := next(filter(None, map(_text, _BUNDLES)), "")):
        yield env
        return
    with TemporaryDirectory(prefix="firefly-packages-") as folder:
        trust = await asyncio.to_thread(_write_trust, Path(folder), papers.authority, known, env)
        context = await asyncio.to_thread(_context, Path(folder), papers)
        async with Proxy(gateway, frozenset(papers.hosts), context).listening() as address:
            yield {**env, **trust, **_variables(address, env)}


def _variables(address: str, env: Mapping[str, str]) -> Mapping[str, str]:
    """Yarn reads a variable of its own; corepack has everything from one registry where it is told of one."""
    own = ",".join(filter(None, (env.get("NO_PROXY") or env.get("no_proxy"), OWN)))
    named = {"HTTPS_PROXY": address, "https_proxy": address, "NO_PROXY": own, "no_proxy": own}
    corepack = {"COREPACK_NPM_REGISTRY": env.get("COREPACK_NPM_REGISTRY", "https://registry.npmjs.org")}
    return {**named, **corepack, "YARN_HTTPS_PROXY": address}


def _write_trust(folder: Path, authority: str, known: str, env: Mapping[str, str]) -> Mapping[str, str]:
    """Files of authorities: those `known` to the machine, or the user's own where there are such, and one more."""
    found = {}
    for name in (*_REPLACING, _ADDING):
        path = folder / f"{name}.pem"
        others = _text(env.get(name, "")) or ("" if name == _ADDING else known)
        path.write_text(f"{others}\n{authority}")
        found[name] = str(path)
    return found


def _text(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text(errors="replace") if path else ""
    return ""


def _context(folder: Path, papers: Papers) -> ssl.SSLContext:
    path = folder / "papers.pem"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(papers.certificate + papers.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    path.unlink()
    return context


@dataclass(frozen=True, slots=True)
class Proxy:
    """`gateway` is where what is asked of `hosts` goes, `context` what it stands for them with."""

    gateway: Path
    hosts: frozenset[str]
    context: ssl.SSLContext

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Its address inside the block."""
        tasks: set[asyncio.Task[None]] = set()

        def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(reader, writer), name="package proxy")
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(welcome, "127.0.0.1", 0, limit=LONGEST_HEAD)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        with contextlib.closing(writer), contextlib.suppress(*_NONSENSE):
            async with asyncio.timeout(PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
            method, target = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")[:2]
            host, _, port = target.rpartition(":")
            if method != "CONNECT":
                writer.write(_REFUSED.format("405 Only HTTPS goes through here").encode())
            elif host in self.hosts and port == "443":
                writer.write(b"HTTP/1.1 200 \r\n\r\n")
                await writer.start_tls(self.context, ssl_handshake_timeout=PATIENCE)
                await _lead(reader, writer, await asyncio.open_unix_connection(str(self.gateway)))
            else:
                await _tunnel(reader, writer, host.strip("[]"), int(port))


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            ends = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        writer.write(_REFUSED.format(f"502 {host} is not reached").encode())
        return
    writer.write(b"HTTP/1.1 200 \r\n\r\n")
    await _lead(reader, writer, ends)


async def _lead(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    other: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Until the other side has said all that it says."""
    asking = asyncio.create_task(_carry(reader, other[1]))
    try:
        await _carry(other[0], writer)
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        other[1].close()


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(BLOCK):
        target.write(data)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()
