"""Many small applications that misbehave, whose instances end and whose ports go to others, behind one front door."""

import asyncio
import math
import random
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from firefly.errors import Unavailable
from firefly.proxy import Dialer, FrontDoor, Limits
from firefly.routes import Access, Health, Route, RouteTable, SandboxTarget, Spread, Target
from firefly.testing.gate import OpenGate

SPREAD = "spread--ann.preview.localhost"
HOSTS = [*(f"app{number}--ann.preview.localhost" for number in range(6)), SPREAD]
MEMBERS = 3
# Bytes of an answer that come one by one: its head and the beginning of its body.
BYTEWISE = 100
# What an application does with a request, and how often.
MOODS = {
    "counted": 40,
    "chunked": 20,
    "endless": 4,
    "later": 10,
    "bytewise": 2,
    "interim": 3,
    "closing": 5,
    "says close": 3,
    "trailing": 3,
    "early": 3,
    "silent": 2,
    "reset": 3,
    "truncated": 3,
    "reset midway": 2,
    "garbage": 2,
    "bad chunk": 2,
    "two lengths": 1,
    "flood of interim": 1,
    "for ever": 1,
    "stalls": 0.2,
}


@dataclass(eq=False)
class Instance:
    name: str
    target: SandboxTarget
    port: int = 0
    ended: float = math.inf
    server: asyncio.Server | None = None
    writers: set[asyncio.StreamWriter] = field(default_factory=set)


class Town(Dialer):
    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.targets = {host: tuple(SandboxTarget(uuid4()) for _ in range(_members(host))) for host in HOSTS}
        self.current: dict[Target, Instance] = {}
        self.instances: dict[str, Instance] = {}
        self.table = RouteTable()
        self.port = 0
        self.asked = 0
        self._until = 0
        self._busy = asyncio.Event()
        self.door = FrontDoor(
            table=self.table,
            gate=OpenGate(),
            dialer=self,
            app_path=folder / "none.sock",
            app_url="http://localhost:8000",
            content_domain="preview.localhost:8000",
            limits=Limits(answer_time=1, stall_time=3, wake_time=30),
        )

    async def open(self) -> None:
        for host, targets in self.targets.items():
            self.enter(host)
            for target in targets:
                await self.start(target)
        self.port = await self.door.start(host="127.0.0.1")

    async def close(self) -> None:
        await self.door.close(drain=0)
        for instance in list(self.current.values()):
            self.end(instance)
        for instance in self.instances.values():
            for writer in list(instance.writers):
                writer.transport.abort()

    def enter(self, host: str) -> None:
        """Put the route of a host into the table."""
        targets = self.targets[host]
        target = Spread(targets, Health(timeout=1)) if host == SPREAD else targets[0]
        self.table.put(Route(host, target, uuid4(), Access.PUBLIC))

    def runs(self, host: str) -> Iterator[Instance]:
        """Of the members of a host, those that ended too."""
        return (instance for instance in self.instances.values() if instance.target in self.targets[host])

    def note(self) -> None:
        """Count a request."""
        self.asked += 1
        if self.asked >= self._until:
            self._busy.set()

    def instance(self, target: Target) -> str | None:
        instance = self.current.get(target)
        return instance.name if instance else None

    async def dial(self, target: Target) -> tuple[str, socket.socket]:
        instance = self.current.get(target)
        if instance is None:
            raise Unavailable("It starts.", retry_after=1)
        return instance.name, await self._connect(instance)

    async def probe(self, target: Target) -> socket.socket:
        instance = self.current.get(target)
        if instance is None:
            raise Unavailable("It starts.", retry_after=1)
        return await self._connect(instance)

    async def _connect(self, instance: Instance) -> socket.socket:
        connection = socket.socket()
        connection.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", instance.port))
            if instance.ended < math.inf:
                raise ConnectionRefusedError("It ended meanwhile, and its port may be another's.")
        except BaseException:
            connection.close()
            raise
        return connection

    def touch(self, target: Target, at: float) -> None:
        return

    async def start(self, target: SandboxTarget, port: int = 0) -> None:
        instance = Instance(f"i{len(self.instances)}", target)
        instance.server = await asyncio.start_server(lambda r, w: self._serve(instance, r, w), "127.0.0.1", port)
        instance.port = instance.server.sockets[0].getsockname()[1]
        self.instances[instance.name] = self.current[target] = instance

    def end(self, instance: Instance) -> None:
        """Some leave their connections behind, as a process that does not die at once would."""
        instance.ended = asyncio.get_running_loop().time()
        del self.current[instance.target]
        assert instance.server is not None
        instance.server.close()
        if self.random.random() < 0.5:
            for writer in list(instance.writers):
                writer.transport.abort()

    async def churn(self) -> None:
        """Let two applications begin anew, each on the other's port, and take a route away for a moment."""
        while True:
            # So many requests later, not so much time: a slow machine has no more of it than a fast one.
            self._until = self.asked + self.random.randint(20, 80)
            self._busy.clear()
            await self._busy.wait()
            one, other = self.random.sample(list(self.current.values()), 2)
            self.end(one)
            self.end(other)
            await asyncio.sleep(self.random.choice([0, 0, 0.005]))
            await self.start(one.target, other.port)
            await self.start(other.target, one.port)
            host = self.random.choice(HOSTS)
            self.table.remove(host)
            await asyncio.sleep(0)
            self.enter(host)

    async def _serve(self, instance: Instance, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        instance.writers.add(writer)
        try:
            while await self._answer(instance, reader, writer):
                # Now and then an idle connection is closed, as Node does it after five seconds.
                if self.random.random() < 0.05:
                    break
            writer.close()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
        except (RuntimeError, AttributeError):
            # As uvloop says that a connection has been aborted meanwhile.
            if not writer.transport.is_closing():
                raise
        finally:
            instance.writers.discard(writer)

    async def _answer(self, instance: Instance, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False when the connection is to be closed."""
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(re.findall(rb"\r\n([^:]+): ([^\r]*)", head.lower()))
        mood, mark = fields[b"mood"].decode(), fields[b"mark"]
        if mood != "early":
            body = await _body(reader, fields)
            if body.replace(mark, b""):
                mark = b"another's body"
        names = b"Instance: %b\r\nMark: %b\r\n" % (instance.name.encode(), mark)
        size = self.random.choice([1, 10, 100, 100, 1000, 20_000])
        return await self._act(writer, mood, names, mark * size, head=head.startswith(b"HEAD"))

    async def _act(self, writer: asyncio.StreamWriter, mood: str, names: bytes, body: bytes, *, head: bool) -> bool:
        length = b"Content-Length: %d\r\n" % len(body)
        start = b"HTTP/1.1 200 OK\r\n" + names
        counted = start + length + b"\r\n" + (b"" if head else body)
        chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        match mood:
            case "stalls":
                await asyncio.sleep(3)
                return False
            case "later":
                await asyncio.sleep(self.random.uniform(0, 0.02))
                writer.write(counted)
            case "chunked":
                writer.write(start + b"Transfer-Encoding: chunked\r\n\r\n" + (b"" if head else chunks))
            case "endless":
                writer.write(start + b"\r\n" + (b"" if head else body))
                return False
            case "bytewise":
                for byte in counted[:BYTEWISE]:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0)
                writer.write(counted[BYTEWISE:])
            case "interim":
                writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + counted)
            case "flood of interim":
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
            case "closing" | "early":
                writer.write(counted)
                return False
            case "says close":
                writer.write(start + b"Connection: close\r\n" + counted[len(start) :])
            case "trailing":
                writer.write(counted + b"HTTP/1.1 200 OK\r\nMark: forged\r\nContent-Length: 0\r\n\r\n")
            case "silent":
                return False
            case "reset":
                _reset(writer)
            case "truncated":
                writer.write(counted[: len(start) + len(length) + 3])
                return False
            case "reset midway":
                writer.write(counted[: len(counted) // 2])
                await asyncio.sleep(0.005)
                _reset(writer)
            case "garbage":
                writer.write(b"\0\x01 not HTTP at all\r\n\r\n")
            case "bad chunk":
                writer.write(start + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
            case "two lengths":
                writer.write(start + length + length + b"\r\n" + body)
            case "for ever":
                writer.write(start + b"\r\n")
                while True:
                    writer.write(body)
                    await writer.drain()
            case _:
                writer.write(counted)
        await writer.drain()
        return True


def _members(host: str) -> int:
    return MEMBERS if host == SPREAD else 1


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    raise ConnectionResetError


async def _body(reader: asyncio.StreamReader, fields: dict[bytes, bytes]) -> bytes:
    if b"content-length" in fields:
        return await reader.readexactly(int(fields[b"content-length"]))
    body = b""
    while b"transfer-encoding" in fields:
        size = int(await reader.readuntil(b"\r\n"), 16)
        body += (await reader.readexactly(size + 2))[:-2]
        if not size:
            break
    return body
