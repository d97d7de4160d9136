"""A replica that builds and nothing else, for a test that kills it."""

import asyncio
import os
import random
import sys
from datetime import timedelta

from firefly.builds.model import Build, BuildState, Outcome
from firefly.builds.queueing.claims import Claims
from firefly.builds.queueing.records import Records
from firefly.builds.queueing.workers import Workers
from firefly.builds.republishing import Republishing
from firefly.builds.seams import BuildLog
from firefly.builds.telling.delivery import Delivery
from firefly.builds.telling.notices import Notices
from firefly.bus import PostgresBus
from firefly.clock import SystemClock
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.build_log import MemoryLogs
from firefly.testing.builds import MemoryRunner

LEASE = timedelta(seconds=1.5)


class Evidence:
    """Writes each run and each publication into tables that the test has made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, table: str, build: Build) -> None:
        async with self._database.connection() as connection:
            await connection.execute(f"insert into {table} values ($1, $2)", build.id, os.getpid())

    async def run(self, build: Build, log: BuildLog) -> Outcome:
        await self.note("runs", build)
        await asyncio.sleep(random.uniform(0, 0.05))
        return Outcome(state=BuildState.SUCCEEDED, reason="Built.", artifact="sha256:" + build.commit[:64])

    async def publish(self, build: Build, log: BuildLog) -> None:
        await self.note("publications", build)


async def main(dsn: str, at_once: int) -> None:
    database = Database(dsn, min_size=1, max_size=6)
    await database.open()
    bus = PostgresBus(database)
    await bus.open()
    evidence, logs, notices = Evidence(database), MemoryLogs(), Notices()
    notices.register(Republishing(evidence, logs.open))
    records = Records(database, bus, SystemClock(), notices)
    settings = Settings(builds_at_once=at_once)
    # So often killed that three attempts would be few.
    claims = Claims(records, settings, place=f"replica {os.getpid()}", lease=LEASE, attempts=100)
    workers = Workers(
        claims=claims, runner=MemoryRunner(evidence.run), publisher=evidence, open_log=logs.open, bus=bus,
        at_once=at_once,
    )  # fmt: skip
    await asyncio.gather(workers.run(), Delivery(records).run())


if __name__ == "__main__":
    asyncio.run(main(dsn=sys.argv[1], at_once=int(sys.argv[2])))
