"""Logs as they grow: to many at once, each at its own pace, from where it left off, on any server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from firefly.builds.log import Logs, follower
from firefly.builds.model import Build
from firefly.bus import Bus, PostgresBus
from firefly.clock import SystemClock
from firefly.store import Database
from tests.builds.yard import Yard
from tests.support.waiting import eventually

from .conftest import MOST


@dataclass
class Viewer:
    """What one viewer has seen; `last` is what it would send as Last-Event-ID."""

    lines: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    steps: list[tuple[str, str]] = field(default_factory=list)
    end: Any = None
    last: int = 0

    def see(self, part: bytes) -> None:
        for event in part.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in event.split("\n") if ": " in line)
            if "data" not in fields:
                continue
            data = json.loads(fields["data"])
            if fields["event"] == "lines":
                self.lines += [line["text"] for line in data]
                self.numbers += [line["n"] for line in data]
                self.last = int(fields["id"])
            elif fields["event"] == "step":
                self.steps.append((data["name"], data["state"]))
            else:
                self.end = data

    async def watch(self, logs: Logs, build: Build, *, until: int | None = None) -> None:
        """To the end, or until so many lines were seen."""
        async with aclosing(logs.following.follow(build.id, self.last)) as parts:
            async for part in parts:
                self.see(part)
                if until is not None and len(self.lines) >= until:
                    return


@asynccontextmanager
async def followed(logs: Logs) -> AsyncIterator[Logs]:
    task = asyncio.create_task(logs.following.run())
    try:
        yield logs
    finally:
        task.cancel()
        await asyncio.wait({task})


@pytest.fixture
async def shown(logs: Logs) -> AsyncIterator[Logs]:
    async with followed(logs) as running:
        yield running


async def ended(yard: Yard, build: Build, state: str = "succeeded") -> None:
    await yard.execute("update builds set state = $2, ended_at = now() where id = $1", build.id, state)


async def test_all_viewers_see_each_line_once_the_steps_and_the_end(shown: Logs, build: Build, yard: Yard) -> None:
    early = [Viewer() for _ in range(20)]
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for viewer in early:
            group.create_task(viewer.watch(shown, build))
        await eventually(lambda: shown.following.viewers == 20)
        async with shown.writing(build) as log:
            assert shown.numbers() == {"build_logs_open": 1, "build_log_viewers": 20}
            for name in ("install", "build"):
                async with log.step(name) as step:
                    for number in range(500):
                        await step.write(f'{name} "{number}" \u2028ä\n'.encode())
                    await log.last_lines()
            await ended(yard, build)
    expected = [f'{name} "{number}" \u2028ä' for name in ("install", "build") for number in range(500)]
    late = Viewer()
    await late.watch(shown, build)
    for viewer in [*early, late]:
        assert viewer.lines == expected
        assert viewer.numbers == list(range(1, 1001))
        assert viewer.steps[-1] == ("build", "succeeded")
        assert viewer.end == {"state": "succeeded"}
    assert shown.numbers() == {"build_logs_open": 0, "build_log_viewers": 0}


async def test_a_viewer_that_comes_back_goes_on_where_it_was(shown: Logs, build: Build, yard: Yard) -> None:
    viewer = Viewer()
    async with shown.writing(build) as log, log.step("build") as step:
        await step.write(b"one\n")
        await viewer.watch(shown, build, until=1)
        await step.write(b"two\nthree\n")
        await log.last_lines()
        await viewer.watch(shown, build, until=3)
        viewer.last = 2
        await viewer.watch(shown, build, until=4)
    assert viewer.lines == ["one", "two", "three", "three"]


async def test_viewers_of_other_servers_see_it_too(shown: Logs, build: Build, yard: Yard, database: Database) -> None:
    bus = PostgresBus(database)
    await bus.open()
    other = Logs(database, bus, SystemClock(), most=MOST)
    viewer = Viewer()
    async with followed(other), asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(viewer.watch(other, build))
        await eventually(lambda: other.following.viewers == 1)
        async with shown.writing(build) as log, log.step("build") as step:
            await step.write(b"from afar\n")
            await eventually(lambda: viewer.lines == ["from afar"])
            await ended(yard, build, "failed")
    assert viewer.end == {"state": "failed"}
    await bus.close()


async def test_one_that_never_reads_holds_up_neither_the_build_nor_the_others(
    shown: Logs, build: Build, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "KEPT", 100_000)
    stuck, quick = Viewer(), Viewer()
    parts = shown.following.follow(build.id, 0)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group, aclosing(parts):
        async with shown.writing(build) as log, log.step("build") as step:
            await step.write(b"first\n")
            while not stuck.lines:
                stuck.see(await anext(parts))
            group.create_task(quick.watch(shown, build))
            for number in range(8000):
                await step.write(b"%050d\n" % number)
            await eventually(lambda: len(quick.lines) == 8001)
            # What is kept in memory does not hold all that the one who reads nothing has missed.
            (kept, _) = shown.following._followers[build.id]
            assert kept.base > stuck.last
            await ended(yard, build)
        async for part in parts:
            stuck.see(part)
    assert stuck.lines == quick.lines
    assert stuck.end == quick.end == {"state": "succeeded"}


async def test_the_log_of_a_build_that_never_ran_ends_at_once(shown: Logs, build: Build, yard: Yard) -> None:
    await yard.execute("update builds set state = 'cancelled', started_at = null, ended_at = now()")
    viewer = Viewer()
    async with asyncio.timeout(30):
        await viewer.watch(shown, build)
    assert viewer.end == {"state": "cancelled"}
    await yard.execute("delete from builds")
    async with asyncio.timeout(30):
        await viewer.watch(shown, build)
    assert viewer.end == {"state": "removed"}


async def test_events_that_were_missed_are_made_up_for(
    shown: Logs, build: Build, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = Viewer()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        watching = group.create_task(viewer.watch(shown, build))
        async with shown.writing(build) as log, log.step("build") as step:
            await step.write(b"seen\n")
            await eventually(lambda: viewer.lines == ["seen"])
            monkeypatch.setattr(bus, "_deliver", lambda event: None)
            await step.write(b"not told\n")
            await log.last_lines()
            await log._outbox.drained()
            bus._deliver_missed()
            await eventually(lambda: len(viewer.lines) == 2)
            watching.cancel()
    assert (viewer.lines, viewer.numbers) == (["seen", "not told"], [1, 2])
