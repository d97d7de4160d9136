"""How long the loop that serves previews stops in a whole server that previews, a busy sandbox and an editor use."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from firefly.client.bridge import BridgeClient
from tests.support.server import LiveServer, create_project

from ..harness import Process, Row
from .rig import program

SECONDS, SETTLED = 10.0, 3.0
# Milliseconds at the 99th percentile.
MOST = {"0": 5.0, "1": 1.0}
WHERE = {"0": "in the process", "1": "in a process of its own"}
# In the command line of a worker, and of nothing else.
WORKER = b"firefly.workers"
# What a build does: it computes, and it tells.
BUSY = "python3 -c 'n = 0\nwhile True:\n    n = sum(range(200000))\n    print(\"x\" * 4000, n, flush=True)'"
PREVIEWS, EDITS = 0.003, 0.05
TEXT = "// typed\n" * 500


def rows() -> list[Row]:
    return [row for workers in MOST for row in _rows(workers)]


def _rows(workers: str) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="firefly-bench-") as name:
        server = LiveServer(Path(name), enter=_as_usual, settings={"FIREFLY_PROXY_WORKERS": workers})
        with server:
            found = asyncio.run(_measure(server))
    name, most, own = f"front door {WHERE[workers]} under mixed load", MOST[workers], found["own"]
    return [
        Row(f"{name}, p99", round(own["p99"], 2), "ms", target=f"≤ {most:g} ms", ok=own["p99"] <= most),
        Row(f"{name}, longest pause", round(own["worst"], 2), "ms"),
        Row(f"{name}, p99 with the kernel's waits", round(found["seen"]["p99"], 2), "ms"),
    ]


def _as_usual() -> None:
    """Benchmarks go before all else, what users run does not."""
    os.setpriority(os.PRIO_PROCESS, 0, 0)


async def _measure(server: LiveServer) -> dict[str, dict[str, float]]:
    async with server.client() as client, _load(server, client):
        await asyncio.sleep(SETTLED)
        return await asyncio.to_thread(program, "probe", port=server.port, pid=_serving(server), seconds=SECONDS)


def _serving(server: LiveServer) -> int:
    """The process whose loop serves: a worker, if there is one."""
    assert server.process is not None
    for pid in Process(server.process.pid).tree():
        if WORKER in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return server.process.pid


@asynccontextmanager
async def _load(server: LiveServer, client: aiohttp.ClientSession) -> AsyncIterator[None]:
    shown = await create_project(client, "shown", "static", visibility="public")
    built = await create_project(client, "built", "static")
    work = [
        asyncio.create_task(_visit(client, shown["urls"]["preview"])),
        asyncio.create_task(_build(_bridge(server, built))),
        asyncio.create_task(_edit(_bridge(server, shown))),
    ]
    try:
        yield
        # None of them ends by itself.
        for task in work:
            if task.done():
                task.result()
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


def _bridge(server: LiveServer, project: dict[str, str]) -> BridgeClient:
    return BridgeClient.at(f"{server.url}/api/v1/projects/{project['owner']}/{project['name']}", server.token)


async def _visit(client: aiohttp.ClientSession, url: str) -> None:
    while True:
        async with client.get(url, headers={"Authorization": ""}) as answer:
            await answer.read()
            answer.raise_for_status()
        await asyncio.sleep(PREVIEWS)


async def _build(bridge: BridgeClient) -> None:
    async with bridge:
        async for _ in bridge.stream_execute(BUSY, timeout=600):
            continue


async def _edit(bridge: BridgeClient) -> None:
    async with bridge, bridge.connect() as connection:
        while True:
            await connection.write("typed.js", TEXT, version=None, force=True)
            await connection.read("typed.js")
            await asyncio.sleep(EDITS)
