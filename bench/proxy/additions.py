"""From a route in the database to the first request that it serves, among a hundred thousand; and what lookups cost.

One process is a whole replica: store, table, front door, and the client that asks. Another one follows by the bus, and
tells when its table has a route: who asked before would wait for an answer that refuses, and then ask once more. The
time begins when PostgreSQL has committed: how long the disk takes until then is told, and not the front door's.
"""

import asyncio
import contextlib
import json
import socket
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import uvloop

from firefly.routes import RouteTable, SandboxTarget
from tests.support.ports import free_port

from ..harness import Row, percentile, started
from . import browsers, door
from .peers import module_command
from .rig import PROXY_CORE, Rig, program
from .stored import database, host, opened

MANY, FEW = 100_000, 10
WARM, ADDITIONS = 20, 200
# Milliseconds; and how much a lookup may take, against one among ten: what is more is not noise.
MOST, NOT_SLOWER = 1.0, 1.15
LOOKUPS = 200_000
# Seconds until another replica must have heard of a route.
PATIENCE = 10.0


def rows(rig: Rig) -> list[Row]:
    found = program("additions", folder=str(rig.folder), upstream=rig.upstream, core=PROXY_CORE)
    ratio = found["many"] / found["few"]
    return [
        *_times("route stored to first request served, the same replica", found["here"]),
        *_times("route stored to first request served, another replica", found["there"]),
        *_times("route stored to known, another replica", found["heard"]),
        Row("storing a route, which waits for the disk, p50", round(statistics.median(found["stored"]), 3), "ms"),
        Row(
            f"lookup among {MANY:,} routes, beside {FEW}", round(found["many"], 1), "ns", f"{FEW} routes",
            round(found["few"], 1), round(ratio, 3), f"≤ {NOT_SLOWER} × {FEW} routes", ratio <= NOT_SLOWER,
        ),
    ]  # fmt: skip


def _times(name: str, times: list[float]) -> list[Row]:
    middle = statistics.median(times)
    return [
        Row(f"{name}, p50", round(middle, 3), "ms", target=f"≤ {MOST:g} ms", ok=middle <= MOST),
        Row(f"{name}, p99", round(percentile(sorted(times), 99), 3), "ms"),
    ]


class Client:
    """One connection to a front door, kept, on the loop of whoever asks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    @contextlib.asynccontextmanager
    async def to(cls, port: int) -> AsyncIterator["Client"]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()

    async def ask(self, request: bytes) -> int:
        """The status of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(length)
        return int(head[9:12])


class Heard:
    """When another replica's table had which host."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    async def of(self, host: str) -> float:
        """On the clock of time.perf_counter, which all processes share."""
        async with asyncio.timeout(PATIENCE):
            while True:
                told = await asyncio.get_running_loop().sock_recv(self._socket, 1024)
                at, _, name = told.decode().partition(" ")
                if name == host:
                    return float(at)

    def close(self) -> None:
        self._socket.close()


async def measure(folder: Path, upstream: int, core: int) -> dict[str, object]:
    """Milliseconds here and in another replica; nanoseconds for a lookup among many and few routes."""
    async with contextlib.AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(
            database(folder / "database", routes=MANY, workspace=door.WORKSPACE, project=door.PROJECT)
        )
        table = RouteTable()
        db, store = await stack.enter_async_context(opened(dsn, table))
        dialer = door.Sleepers(("127.0.0.1", upstream))
        dialer.serve(SandboxTarget(door.WORKSPACE), ("127.0.0.1", upstream))
        here = door.make(folder, table, dialer)
        own, port = await here.start(), free_port()
        stack.push_async_callback(here.close, drain=0)
        tell = folder / "told"
        heard = stack.enter_context(contextlib.closing(Heard(tell)))
        command = module_command("door", folder=str(folder), port=port, upstream=upstream, dsn=dsn, tell=str(tell))
        stack.enter_context(started(command, core=core, folder=folder / "replica", port=port))
        near, far = [await stack.enter_async_context(Client.to(number)) for number in (own, port)]
        times = defaultdict[str, list[float]](list)
        # The first find connections and caches cold.
        for number in range(WARM + ADDITIONS):
            # In turns, because who is asked second finds it done.
            name, client = (("here", near), ("there", far))[number % 2]
            route = door.shown(f"added-{number}--ann.preview.localhost")
            # Made before, since a browser has its cookies and needs no cryptography to send them.
            request = browsers.script("/", route.host)
            began = time.perf_counter()
            async with db.transaction() as connection:
                hosts = await store.add(route, connection=connection)
            stored = time.perf_counter()
            if client is near:
                await store.apply(hosts)
            there = await heard.of(route.host) if client is far else stored
            status = await client.ask(request)
            served = time.perf_counter()
            if status != 200:
                raise RuntimeError(f"{name}, a route that the table had was answered with {status}")
            if number >= WARM:
                if client is far:
                    times["heard"].append((there - stored) * 1e3)
                times[name].append((served - stored) * 1e3)
                times["stored"].append((stored - began) * 1e3)
        return {**times, **lookups()}


def lookups() -> dict[str, float]:
    """Nanoseconds for the same hosts in both tables."""
    hosts = [host(number) for number in range(1, MANY + 1)]
    asked = [name.encode() for name in hosts[:FEW]] * (LOOKUPS // FEW)
    tables = {"many": RouteTable(map(door.shown, hosts)), "few": RouteTable(map(door.shown, hosts[:FEW]))}
    best = dict.fromkeys(tables, float("inf"))
    for _ in range(5):
        for kind, table in tables.items():
            began = time.perf_counter()
            for name in asked:
                table.find(name)
            best[kind] = min(best[kind], (time.perf_counter() - began) / len(asked) * 1e9)
    return best


if __name__ == "__main__":
    task = json.load(sys.stdin)
    json.dump(uvloop.run(measure(Path(task["folder"]), task["upstream"], task["core"])), sys.stdout)
