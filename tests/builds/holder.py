"""A builder that waits in the middle of its work for a word, goes on, and says what became of what it wrote."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from firefly.artifacts import FileArtifactStore
from firefly.builds.log import Logs
from firefly.builds.model import BuildState, Outcome
from firefly.builds.packing.artifacts import Artifacts
from firefly.builds.queueing.claims import Claims
from firefly.builds.queueing.records import Records
from firefly.builds.seams import BuildLog
from firefly.builds.telling.notices import Notices
from firefly.bus import PostgresBus
from firefly.clock import SystemClock
from firefly.errors import HoldLost
from firefly.settings import Settings
from firefly.store import Database

LEASE = timedelta(seconds=0.3)


def _say(words: str) -> None:
    """Not where the log is written."""
    sys.stderr.write(f"{words}\n")


async def _content() -> AsyncIterator[bytes]:
    yield b"former"


async def _work(log: BuildLog) -> None:
    async with log.step("build") as step:
        await step.write(b"former: begun\n")
        await log.last_lines()
        _say("begun")
        await asyncio.to_thread(sys.stdin.readline)
        await step.write(b"former: goes on\n")
    async with log.step("pack") as step:
        await step.write(b"former: packs\n")


async def main(dsn: str, folder: Path) -> None:
    database, clock = Database(dsn, min_size=1, max_size=4), SystemClock()
    await database.open()
    bus = PostgresBus(database)
    await bus.open()
    claims = Claims(Records(database, bus, clock, Notices()), Settings(), place="former", lease=LEASE)
    claimed = await claims.claim()
    assert claimed is not None
    async with Logs(database, bus, clock, most=1 << 20).writing(claimed.build) as log:
        await _work(log)
    try:
        await Artifacts(database, FileArtifactStore(folder), clock).add(_content(), "archive", claimed.build.hold)
    except HoldLost:
        _say("the artifact was refused")
    ended, _ = await claims.finish(claimed, Outcome(state=BuildState.SUCCEEDED, reason="Built."), 1)
    _say("the end was refused" if ended is None else "the end was taken")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
