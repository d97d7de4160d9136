"""Replicas in processes of their own, one or the other of which dies without a word now and then."""

import asyncio
import contextlib
import random
import sys
from asyncio.subprocess import DEVNULL, Process
from dataclasses import dataclass

from firefly.store import Database
from tests.support.waiting import eventually

AT_ONCE = 6


class Replicas:
    """Each that dies is followed by a new one; two of them while the block runs."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._alive: list[Process] = []
        self.killed = 0

    async def __aenter__(self) -> "Replicas":
        for _ in range(2):
            await self._start()
        return self

    async def __aexit__(self, *_: object) -> None:
        while self._alive:
            with contextlib.suppress(ProcessLookupError):
                await self._kill()

    async def _start(self) -> None:
        command = [sys.executable, "-m", "tests.builds.replica", self._dsn, str(AT_ONCE)]
        self._alive.append(await asyncio.create_subprocess_exec(*command, stdout=DEVNULL))

    async def _kill(self) -> None:
        victim = self._alive.pop(random.randrange(len(self._alive)))
        victim.kill()
        await victim.wait()

    async def kill_one(self) -> None:
        await self._kill()
        self.killed += 1
        await self._start()


@dataclass(frozen=True, slots=True)
class Tally:
    """`once`: builds that ended once, with their artifact, and were shown. `again`: runs that came to nothing."""

    once: int
    again: int
    killed: int


async def count(database: Database, what: str) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval(f"select count(*) from {what}") or 0)


async def build_all(database: Database, builds: int, *, kills: int, within: float) -> Tally:
    """Have the `builds` that are queued built, while replicas are killed."""

    async def until(what: str, least: int) -> None:
        async def reached() -> bool:
            return await count(database, what) >= least

        await eventually(reached, within=within)

    async with Replicas(database.dsn) as replicas:
        for kill in range(1, kills + 1):
            await until("runs", builds * kill // (kills + 1))
            await replicas.kill_one()
        await until("builds where state = 'succeeded'", builds)
        await until("build_notices where kind = 'publish' and done_at is not null", builds)
    return Tally(await count(database, ONCE), await count(database, "runs") - builds, replicas.killed)


async def make_tables(database: Database) -> None:
    """Into which replicas write what they do."""
    async with database.connection() as connection:
        await connection.execute("create table runs (build_id uuid, pid integer)")
        await connection.execute("create table publications (build_id uuid, pid integer)")


# A notice is written in the transaction that ends a build; two would be a build that ended twice.
ONCE = """
    builds b where b.state = 'succeeded' and b.artifact = 'sha256:' || b.commit
    and (select count(*) from build_notices n where n.build_id = b.id and n.kind = 'publish') = 1
    and exists (select from publications p where p.build_id = b.id)
"""
