"""A small Firefly: starts the embedded server of a folder, says so, and waits to be ended or killed.

`python -m tests.store.embedded_program <data directory>`; prints one JSON object a line: what it found, then "stopped".
"""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

from firefly import log
from firefly.resources import folder
from firefly.settings import Settings
from firefly.store import Database, EmbeddedPostgres, migrate
from tests.support.database import FAST


def say(**facts: object) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


async def main(settings: Settings) -> None:
    log.configure()
    server = EmbeddedPostgres(settings, options=FAST)
    db = Database(await server.start())
    await db.open()
    await migrate(db, folder("migrations"))
    async with db.connection() as connection:
        since = await connection.fetchval("SELECT pg_postmaster_start_time()::text")
        applied = await connection.fetchval("SELECT count(*) FROM migrations")
    say(uid=os.getuid(), since=since, applied=applied)
    await asyncio.to_thread(sys.stdin.readline)
    await db.close()
    await server.stop()
    say(stopped=True)


if __name__ == "__main__":
    chosen = Settings(data_dir=Path(sys.argv[1]))
    try:
        asyncio.run(main(chosen))
    finally:
        shutil.rmtree(chosen.run_dir, ignore_errors=True)
