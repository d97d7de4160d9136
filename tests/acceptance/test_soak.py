"""Edit, freeze, thaw, stop, wake, again and again, while the server is killed at any moment: nothing is lost."""

import asyncio
import os
import random
import secrets
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.leftovers import Traces
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

SHORT, KILLS = 15, 2
LONG = int(os.environ.get("FIREFLY_TEST_CYCLES", "1000"))
SEED = int(os.environ.get("FIREFLY_TEST_SEED", str(secrets.randbelow(1 << 32))))
PROJECTS, AT_ONCE, FILES = 5, 3, 4
# What a server that is going away, or coming, may answer.
AWAY = (502, 503, 504)
PATIENCE, LONGEST = 120.0, 6 * 3600.0


@dataclass
class Project:
    """`files` is what was acknowledged; `lock` keeps two cycles apart."""

    base: str
    files: dict[str, bytes] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Soak:
    server: LiveServer
    chance: random.Random
    traces: Traces
    projects: list[Project] = field(default_factory=list)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    kills: int = 0
    frozen: int = 0

    async def begin(self) -> None:
        async with self.server.client() as client:
            for number in range(PROJECTS):
                made = await create_project(client, f"soak-{number}", "static")
                self.projects.append(Project(f"/api/v1/projects/{made['owner']}/{made['name']}"))
        self.up.set()

    async def ask(self, method: str, path: str, data: bytes | None = None) -> tuple[int, bytes]:
        """Until a server that is up has answered: what one that was killed left undone is asked for again."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            await self.up.wait()
            try:
                async with self.server.client() as client, client.request(method, path, data=data) as response:
                    body = await response.read()
                    if response.status not in AWAY:
                        return response.status, body
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(0.02)
        raise AssertionError(f"{method} {path} was not answered within {PATIENCE:g} s:\n{self.server.log[-4000:]}")

    async def state(self, project: Project, action: str) -> str:
        status, body = await self.ask("POST", f"{project.base}/sandbox/{action}")
        assert status in (200, 409), body
        return "" if status == 409 else str(body)

    async def cycle(self) -> None:
        project = self.chance.choice(self.projects)
        async with project.lock:
            await self.edit(project)
            state = await self.state(project, "freeze")
            self.frozen += "frozen" in state
            await self.check(project, self.chance.choice(sorted(project.files)))
            self.traces.look()
            await self.state(project, "stop")
            for name in project.files:
                await self.check(project, name)

    async def edit(self, project: Project) -> None:
        for _ in range(2):
            name = f"note-{self.chance.randrange(FILES)}.txt"
            content = self.chance.randbytes(self.chance.randrange(1, 20_000))
            status, body = await self.ask("PUT", f"{project.base}/files/{name}", content)
            assert status in (200, 201, 204), body
            project.files[name] = content

    async def check(self, project: Project, name: str) -> None:
        status, body = await self.ask("GET", f"{project.base}/files/{name}")
        assert status == 200, body
        assert body == project.files[name], f"{name} of {project.base} is not what was acknowledged"

    async def kill(self) -> None:
        self.kills += 1
        self.up.clear()
        self.server.kill()
        await asyncio.to_thread(self.server.start)
        self.up.set()

    async def run(self, cycles: int, kills: int) -> None:
        """Some cycles at once; the server is killed about so many times, each time anywhere in a cycle."""
        left = cycles

        async def work() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await self.cycle()

        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(work()) for _ in range(AT_ONCE)]
            for number in range(kills):
                due = cycles - cycles * (number + self.chance.random()) / kills

                def is_due(due: float = due) -> bool:
                    return left <= due or all(task.done() for task in workers)

                await eventually(is_due, within=LONGEST)
                # Anywhere in what is being done then.
                await asyncio.sleep(self.chance.uniform(0, 1))
                await self.kill()


async def soak(folder: Path, cycles: int, kills: int, seed: int) -> dict[str, Any]:
    """What there was of each; asserts on the way that all files are there, and at the end that nothing is left."""
    sys.stdout.write(f"seed {seed}\n")
    server = LiveServer(folder)
    run = Soak(server, random.Random(seed), Traces(folder / "data"))
    began = time.monotonic()
    with closing(run.traces):
        with server:
            await run.begin()
            await run.run(cycles, kills)
            run.traces.look()
            for project in run.projects:
                for name in project.files:
                    await run.check(project, name)
        await eventually(lambda: _is_nothing(run.traces.left()))
    return {
        "cycles": cycles, "frozen": run.frozen, "kills": run.kills, "sandboxes": len(run.traces.instances),
        "s": time.monotonic() - began,
    }  # fmt: skip


def _is_nothing(left: list[str]) -> bool:
    assert left == []
    return True


@pytest.mark.timeout(180)
@pytest.mark.xdist_group("survival")
async def test_nothing_is_lost_or_left_by_a_few_cycles(tmp_path: Path) -> None:
    done = await soak(tmp_path, SHORT, KILLS, SEED)
    assert (done["kills"], done["frozen"] > SHORT / 2, done["sandboxes"] > 0) == (KILLS, True, True)


@pytest.mark.soak
@pytest.mark.timeout(0)
async def test_nothing_is_lost_or_left_by_a_thousand_cycles(tmp_path: Path) -> None:
    """A kill for about every eighth cycle."""
    kills = max(LONG // 8, 1)
    done = await soak(tmp_path, LONG, kills, SEED)
    sys.stdout.write(f"{done}\n")
    assert (done["kills"], done["frozen"] > LONG / 2, done["sandboxes"] > 0) == (kills, True, True)
