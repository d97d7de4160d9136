"""Many builds over replicas that are killed at random: each is built, and counted as built, exactly once."""

import asyncio
import contextlib
import random
import sys
from asyncio.subprocess import DEVNULL, Process

import pytest

from firefly.auth import Identity
from tests.support.waiting import eventually

from .yard import Yard

AT_ONCE = 6


class Replicas:
    """Two processes, one or the other of which dies without a word now and then, and is followed by a new one."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._alive: list[Process] = []
        self.killed = 0

    async def start(self) -> None:
        self._alive.append(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.builds.replica", self._dsn, str(AT_ONCE), stdout=DEVNULL
            )
        )

    async def kill(self) -> None:
        victim = self._alive.pop(random.randrange(len(self._alive)))
        victim.kill()
        await victim.wait()

    async def kill_one(self) -> None:
        await self.kill()
        self.killed += 1
        await self.start()

    async def close(self) -> None:
        while self._alive:
            with contextlib.suppress(ProcessLookupError):
                await self.kill()


async def _survives(yard: Yard, ada: Identity, *, builds: int, kills: int, within: float) -> None:
    await yard.execute("create table runs (build_id uuid, pid integer)")
    await yard.execute("create table publications (build_id uuid, pid integer)")
    projects = [await yard.project(ada, f"p{number}") for number in range(4)]
    for number in range(builds):
        await yard.ask(projects[number % 4], f"{number:040x}", ref=f"refs/heads/b{number}")

    async def count(what: str) -> int:
        async with yard.database.connection() as connection:
            return int(await connection.fetchval(f"select count(*) from {what}") or 0)

    async def until(what: str, least: int) -> None:
        async def reached() -> bool:
            return await count(what) >= least

        await eventually(reached, within=within)

    replicas = Replicas(yard.database.dsn)
    try:
        await replicas.start()
        await replicas.start()
        for kill in range(1, kills + 1):
            await until("runs", builds * kill // (kills + 1))
            await replicas.kill_one()
        await until("builds where state = 'succeeded'", builds)
        await until("build_notices where kind = 'publish' and done_at is not null", builds)
    finally:
        await replicas.close()

    assert replicas.killed == kills
    assert await count("builds where ended_at is not null and artifact = 'sha256:' || commit") == builds
    # One is written in the transaction that ends a build; two would be a build that ended twice.
    assert await count("build_notices where kind = 'publish'") == builds
    assert await count("(select distinct build_id from build_notices where kind = 'publish') as one") == builds
    assert await count("(select distinct build_id from publications) as one") == builds
    # Whatever was begun more often than once was begun by one that was killed: at most so many at one time.
    again = await count("runs") - builds
    assert 0 <= again <= kills * AT_ONCE


async def test_each_build_is_built_once_though_builders_are_killed(yard: Yard, ada: Identity) -> None:
    await _survives(yard, ada, builds=60, kills=2, within=20)


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_a_thousand_builds_are_each_built_once(yard: Yard, ada: Identity) -> None:
    await _survives(yard, ada, builds=1000, kills=25, within=300)
