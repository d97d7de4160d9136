"""A front door with a recording upstream, a recording app and raw clients: what the tests of the proxy stand on."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from firefly.proxy import FrontDoor, Journal, Limits, Tunnels, Verdict
from firefly.routes import Access, Route, RouteTable, SandboxTarget
from firefly.testing.dialer import MemoryDialer
from firefly.testing.gate import FixedGate

HOST = "shop--ann.preview.localhost"
OTHER = "blog--ann.preview.localhost"
Behaviour = Callable[["Peer"], Awaitable[None]]


@dataclass
class Answer:
    """What a raw client got."""

    status: int
    fields: dict[str, str]
    body: bytes
    head: bytes = b""


class Peer:
    """One end of a raw connection, on either side of the front door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def read_head(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 30)

    async def read_request(self) -> bytes:
        """Head and counted body of the next request."""
        head = await self.read_head()
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        return head + (await self.reader.readexactly(int(length[1])) if length else b"")

    async def read_answer(self, *, bodiless: bool = False) -> Answer:
        head = await self.read_head()
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:-2])}
        status = int(lines[0].split(" ")[1])
        body = b""
        if not bodiless and status not in (204, 304) and status >= 200:
            if "content-length" in fields:
                body = await asyncio.wait_for(self.reader.readexactly(int(fields["content-length"])), 30)
            elif fields.get("transfer-encoding") == "chunked":
                body = await asyncio.wait_for(self.reader.readuntil(b"0\r\n\r\n"), 30)
            else:
                body = await asyncio.wait_for(self.reader.read(-1), 30)
        return Answer(status, fields, body, head)

    async def rest(self, *, within: float = 30) -> bytes:
        """Everything until the other side closes."""
        return await asyncio.wait_for(self.reader.read(-1), within)

    async def is_closed(self, *, within: float = 30) -> bool:
        try:
            return await asyncio.wait_for(self.reader.read(1), within) == b""
        except ConnectionError:
            return True

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except (ConnectionError, TimeoutError):
            return


async def answer_ok(peer: Peer) -> None:
    """Answer each request with 200 and its own request line."""
    while True:
        try:
            request = await peer.read_request()
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            return
        peer.send(ok(request.split(b"\r\n", 1)[0]))


def ok(body: bytes = b"ok", *fields: bytes) -> bytes:
    lines = b"".join(line + b"\r\n" for line in fields)
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%b\r\n%b" % (len(body), lines, body)


@dataclass
class Recorder:
    """A server that notes every byte of every connection and behaves as told."""

    behaviour: Behaviour = answer_ok
    received: list[bytearray] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    address: tuple[str, int] = ("", 0)
    _server: asyncio.Server | None = None
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self, path: Path | None = None) -> None:
        if path is not None:
            self._server = await asyncio.start_unix_server(self._serve, path, limit=1 << 20)
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20)
        self.address = self._server.sockets[0].getsockname()[:2]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for peer in self.peers:
            peer.writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        record = bytearray()
        self.received.append(record)
        peer = Peer(_Recording(reader, record), writer)  # type: ignore[arg-type]
        self.peers.append(peer)
        try:
            await self.behaviour(peer)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            writer.close()
        finally:
            self._running.discard(task)

    @property
    def bytes(self) -> bytes:
        return b"".join(bytes(record) for record in self.received)

    @property
    def requests(self) -> list[str]:
        """Request lines, in the order of connections."""
        return re.findall(r"(?m)^([A-Z]+ \S+) HTTP/1\.1\r$", self.bytes.decode("latin-1"))


class _Recording:
    """A StreamReader that keeps what was read from it."""

    def __init__(self, reader: asyncio.StreamReader, record: bytearray) -> None:
        self._reader = reader
        self._record = record

    async def readuntil(self, separator: bytes) -> bytes:
        return self._note(await self._reader.readuntil(separator))

    async def readexactly(self, size: int) -> bytes:
        return self._note(await self._reader.readexactly(size))

    async def read(self, size: int = -1) -> bytes:
        return self._note(await self._reader.read(size))

    def at_eof(self) -> bool:
        return self._reader.at_eof()

    def _note(self, data: bytes) -> bytes:
        self._record += data
        return data


class House:
    """The front door, its seams' twins, an upstream for `HOST` and an app."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits | None = None,
        journal: Journal | None = None,
        proxies: tuple[str, ...] = (),
        dialer: MemoryDialer | None = None,
        announced: bool = False,
    ) -> None:
        self.folder = folder
        self.app = Recorder()
        self.upstream = Recorder()
        self.table = RouteTable()
        self.gate = FixedGate(Verdict.MEMBER)
        self.dialer = dialer or MemoryDialer()
        self.tunnels = Tunnels()
        self.workspace: UUID = uuid4()
        self.target = SandboxTarget(self.workspace)
        self.port = 0
        self._app_path = folder / "app.sock"
        self._clients: list[Peer] = []
        self.door = FrontDoor(
            table=self.table,
            gate=self.gate,
            dialer=self.dialer,
            app_path=self._app_path,
            app_url="http://localhost:8000",
            content_domain="preview.localhost:8000",
            limits=limits,
            journal=journal,
            trusted_proxies=proxies,
            announced=announced,
            tunnels=self.tunnels.redeem,
        )

    async def open(self) -> None:
        await self.app.open(self._app_path)
        await self.upstream.open()
        self.table.put(Route(HOST, self.target, uuid4(), Access.MEMBERS))
        self.dialer.serve(self.target, self.upstream.address)
        self.port = await self.door.start(host="127.0.0.1")

    async def close(self) -> None:
        for client in self._clients:
            client.writer.transport.abort()
        await self.door.close(drain=0)
        await self.upstream.close()
        await self.app.close()

    async def client(self) -> Peer:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20))
        self._clients.append(peer)
        return peer

    async def ask(
        self, target: str = "/", *, method: str = "GET", host: str = HOST, body: bytes = b"", **fields: str
    ) -> Answer:
        """One request on a connection of its own; `fields` with underscores for hyphens."""
        client = await self.client()
        client.send(request(target, method=method, host=host, body=body, fields=fields))
        answer = await client.read_answer(bodiless=method == "HEAD")
        await client.close()
        return answer


def request(
    target: str = "/",
    *,
    method: str = "GET",
    host: str = HOST,
    body: bytes = b"",
    fields: Mapping[str, str] | None = None,
) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}:8000"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in (fields or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
