"""Routes in a database of the benchmark's own, as `firefly serve` has them by default."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from uuid import UUID

from firefly.bus import PostgresBus
from firefly.resources import folder as resource
from firefly.routes import RouteTable
from firefly.routes.store import RouteStore
from firefly.settings import Settings
from firefly.store import Database, EmbeddedPostgres, migrate

FILL = """
INSERT INTO routes (host, kind, target, project_id)
SELECT 'stored-' || n || '--ann.preview.localhost', 'sandbox',
    jsonb_build_object('workspace_id', $1::text, 'port', null), $2
FROM generate_series(1, $3) AS n
"""


def host(number: int) -> str:
    """One of those that the database is filled with, from 1 on."""
    return f"stored-{number}--ann.preview.localhost"


@contextlib.asynccontextmanager
async def database(folder: Path, *, routes: int, workspace: UUID, project: UUID) -> AsyncIterator[str]:
    """The dsn of a migrated database with so many routes, whose server runs while the block does."""
    settings = Settings(data_dir=folder / "data")
    settings.prepare_folders()
    embedded = EmbeddedPostgres(settings)
    dsn = await embedded.start()
    try:
        db = Database(dsn, min_size=1, max_size=1)
        await db.open()
        try:
            await migrate(db, resource("migrations"))
            async with db.connection() as connection:
                await connection.execute(FILL, str(workspace), project, routes)
        finally:
            await db.close()
        yield dsn
    finally:
        await embedded.stop()
        shutil.rmtree(settings.run_dir, ignore_errors=True)


@contextlib.asynccontextmanager
async def opened(dsn: str, table: RouteTable) -> AsyncIterator[tuple[Database, RouteStore]]:
    """A replica's database and store; `table` holds what the database does."""
    db = Database(dsn, min_size=1, max_size=4)
    await db.open()
    bus = PostgresBus(db)
    await bus.open()
    try:
        store = RouteStore(db, bus, table)
        await store.load()
        yield db, store
    finally:
        await bus.close()
        await db.close()


@contextlib.contextmanager
def running(work: Coroutine[None, None, None]) -> Iterator[None]:
    """Let something go on while the block runs."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield
    finally:
        task.cancel()
