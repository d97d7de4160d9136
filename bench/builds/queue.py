"""The queue: a thousand builds while builders are killed, and how soon one begins, has its place, and ends."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from firefly.builds.model import Build
from firefly.bus import PostgresBus
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.builds.gang import Gang
from tests.builds.replicas import build_all, make_tables
from tests.builds.yard import Yard
from tests.support.database import TestServer

from ..harness import Row, limited, percentile

BUILDS, KILLS, WITHIN = 1000, 25, 600.0
TIMES = 100


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="firefly-bench-") as name:
        server = TestServer(Settings(data_dir=Path(name) / "data"))
        server.start()
        try:
            return asyncio.run(_measured(server, Path(name)))
        finally:
            server.stop()


async def _measured(server: TestServer, folder: Path) -> list[Row]:
    found: list[Row] = []
    for part in (_chaos, _quick):
        (work := folder / part.__name__).mkdir()
        async with _yard(server, work) as yard:
            found += await part(yard)
    return found


@contextlib.asynccontextmanager
async def _yard(server: TestServer, folder: Path) -> AsyncIterator[Yard]:
    async with server.fresh() as dsn:
        database = Database(dsn, min_size=2, max_size=10)
        await database.open()
        bus = PostgresBus(database)
        await bus.open()
        yield Yard(database, bus, ManualClock(), folder)
        await bus.close()
        await database.close()


async def _chaos(yard: Yard) -> list[Row]:
    await make_tables(yard.database)
    owner = await yard.person("ada")
    projects = [await yard.project(owner, f"p{number}") for number in range(10)]
    builds = [
        await yard.ask(projects[number % 10], f"{number:040x}", ref=f"refs/heads/b{number}") for number in range(BUILDS)
    ]
    places = sorted([await _timed(lambda build=build: yard.builds.places([build])) for build in builds[:TIMES]])  # type: ignore[misc]
    began = time.monotonic()
    tally = await build_all(yard.database, BUILDS, kills=KILLS, within=WITHIN)
    seconds = time.monotonic() - began
    named = f"{BUILDS:,} builds, two replicas, {KILLS} kills"
    return [
        Row(f"{named}: built once", tally.once, "builds", target=f"= {BUILDS}", ok=tally.once == BUILDS),
        Row(f"{named}: a second", round(BUILDS / seconds, 1), "builds/s"),
        limited(f"place in a queue of {BUILDS:,}, p95", percentile(places, 95), "ms"),
    ]


async def _quick(yard: Yard) -> list[Row]:
    """With a runner that does nothing but begin, and one that does nothing but end."""
    ada = await yard.person("ada")
    project, gang = await yard.project(ada), Gang(yard)
    gang.runner.hold()
    begun, ended = [], []
    async with gang.at_work():
        for number in range(TIMES):
            asked_at = time.perf_counter()
            build = await yard.ask(project, f"{number:040x}", ref=f"refs/heads/b{number}")
            await _until(lambda number=number: len(gang.runner.started) > number)  # type: ignore[misc]
            begun.append((time.perf_counter() - asked_at) * 1e3)
            cancelled_at = time.perf_counter()
            await yard.builds.cancel(ada, build.id)
            await _over(yard, build)
            ended.append((time.perf_counter() - cancelled_at) * 1e3)
    begun.sort()
    ended.sort()
    return [
        limited("asked for → begun, an empty queue, p50", percentile(begun, 50), "ms"),
        limited("asked for → begun, an empty queue, p95", percentile(begun, 95), "ms"),
        limited("cancelled → ended, of the queue alone, p95", percentile(ended, 95), "ms", at_most=1000),
    ]


async def _over(yard: Yard, build: Build) -> None:
    while (found := await yard.records.find(build.id)) and not found.state.is_over:  # noqa: ASYNC110 - of the database
        await asyncio.sleep(0.001)


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - of the runner's own list
        await asyncio.sleep(0.0005)


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    await work()
    return (time.perf_counter() - began) * 1e3
