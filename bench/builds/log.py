"""The log of a build: how much it takes in, and how soon a line is seen.

*Taken in*: lines are written as fast as they go, without and with readers in the same process. *Line to viewer*: a
build of a whole server prints the time ten times a second, and 200 readers of its log by Server-Sent Events compare it
with theirs, on the same machine.
"""

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import aiohttp

from firefly.builds.log import Logs
from firefly.builds.model import Build
from firefly.bus import PostgresBus
from firefly.clock import SystemClock
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.builds.yard import Yard
from tests.support.database import TestServer
from tests.support.people import add_member, make_person

from ..harness import Row, limited, percentile
from ..sandbox.house import House, serving
from .pushing import Clone

VIEWERS, TICKS = 200, 200
# An account may have a hundred streams.
ACCOUNTS = 3
# A program prints in pieces of about this many lines.
LINES, AT_ONCE = 1_000_000, 700
LINE = b"\x1b[32m12:00:01\x1b[0m src/components/module.js compiled in 12 ms, nothing to do\n"
SECRETS = tuple(f"a secret that nobody prints, number {number}" for number in range(20))
MARK = "measured"
TICK = f"""
import time
for _ in range({TICKS}):
    print("{MARK}", time.time(), flush=True)
    time.sleep(0.1)
"""
FILES = {"firefly.yml": "build: [python3 tick.py]\nrun: [echo]\n", "tick.py": TICK}


def rows() -> list[Row]:
    alone, read = asyncio.run(_taken_in(0)), asyncio.run(_taken_in(VIEWERS))
    latencies = asyncio.run(_latencies())
    return [
        limited("log: lines taken in, nobody reads", alone, "lines/s"),
        limited(f"log: lines taken in, {VIEWERS} read", read, "lines/s"),
        limited(f"log: line to viewer, {VIEWERS} viewers, p50", percentile(latencies, 50), "ms"),
        limited(f"log: line to viewer, {VIEWERS} viewers, p95", percentile(latencies, 95), "ms", at_most=100),
    ]


async def _taken_in(viewers: int) -> float:
    """Lines a second, until all of them are stored."""
    async with _running() as (logs, build), asyncio.TaskGroup() as group:
        reading = [group.create_task(_read(logs, build)) for _ in range(viewers)]
        began = time.perf_counter()
        async with logs.writing(build) as log, log.step("build") as step:
            log.mask(*SECRETS)
            for _ in range(LINES // AT_ONCE):
                await step.write(LINE * AT_ONCE)
        seconds = time.perf_counter() - began
        for reader in reading:
            reader.cancel()
    return LINES / seconds


async def _read(logs: Logs, build: Build) -> None:
    async for _ in logs.following.follow(build.id, 0):
        pass


@contextlib.asynccontextmanager
async def _running() -> AsyncIterator[tuple[Logs, Build]]:
    """A build that runs, and its log, in a database of their own."""
    with tempfile.TemporaryDirectory(prefix="firefly-bench-") as name:
        server = TestServer(Settings(data_dir=Path(name) / "data"))
        await asyncio.to_thread(server.start)
        try:
            async with _begun(await asyncio.to_thread(_database, server), Path(name)) as begun:
                yield begun
        finally:
            await asyncio.to_thread(server.stop)


def _database(server: TestServer) -> str:
    return server.embedded.dsn("firefly_template")


@contextlib.asynccontextmanager
async def _begun(dsn: str, folder: Path) -> AsyncIterator[tuple[Logs, Build]]:
    database = Database(dsn)
    await database.open()
    bus = PostgresBus(database)
    await bus.open()
    (folder / "yard").mkdir()
    yard = Yard(database, bus, ManualClock(), folder / "yard")
    project_id, build_id = await yard.project(await yard.person("ada")), uuid4()
    await yard.execute(
        "insert into builds (id, project_id, number, ref, commit, trigger, state, created_at, started_at)"
        " values ($1, $2, 1, 'refs/heads/main', $3, 'push', 'running', now(), now())",
        build_id, project_id, "a" * 40,
    )  # fmt: skip
    logs, build = Logs(database, bus, SystemClock(), most=100 << 20), await yard.records.find(build_id)
    assert build is not None
    following = asyncio.create_task(logs.following.run())
    yield logs, build
    following.cancel()
    await asyncio.wait({following})
    await bus.close()
    await database.close()


async def _latencies() -> list[float]:
    """Milliseconds, of all viewers and lines, sorted."""
    with tempfile.TemporaryDirectory(prefix="firefly-clones-") as name:
        async with serving(connections=VIEWERS + 50, FIREFLY_BUILDS_AT_ONCE="2") as house:
            clone = await Clone.make(house, Path(name))
            tokens = [house.server.token, *[await _member(clone) for _ in range(1, ACCOUNTS)]]
            await clone.commit(FILES)
            await clone.push()
            build = await clone.newest()
            each = [_watch(house, tokens[number % ACCOUNTS], build["id"]) for number in range(VIEWERS)]
            found = [latency for latencies in await asyncio.gather(*each) for latency in latencies]
    if len(found) < VIEWERS * TICKS / 2:
        raise RuntimeError(f"The viewers saw {len(found)} lines live, of {VIEWERS * TICKS}.")
    return sorted(found)


async def _member(clone: Clone) -> str:
    """The token of somebody who may watch."""
    person = await make_person(clone.house.server)
    await add_member(clone.house.client, {"owner": clone.owner, "name": clone.name}, person, "viewer")
    return person.token


async def _watch(house: House, token: str, build_id: str) -> list[float]:
    """How late each line came that was printed a second or more after the first look."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    limit, began = aiohttp.ClientTimeout(total=300), time.time()
    found: list[float] = []
    async with house.client.get(f"/api/v1/builds/{build_id}/log", headers=headers, timeout=limit) as response:
        response.raise_for_status()
        async for raw in response.content:
            if raw.startswith(b"event: end"):
                break
            if raw.startswith(b"data: [") and MARK.encode() in raw:
                now, lines = time.time(), json.loads(raw.removeprefix(b"data: "))
                printed = [float(line["text"].split()[1]) for line in lines if line["text"].startswith(MARK)]
                found += [(now - at) * 1000 for at in printed if at > began + 1]
    return found
