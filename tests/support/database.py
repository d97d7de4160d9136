"""One real PostgreSQL for all tests of a worker, and a fresh migrated database for each test."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from firefly.resources import folder
from firefly.settings import Settings
from firefly.store import Database, EmbeddedPostgres, migrate

# The tests' data may be lost in a crash of the machine.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
TEMPLATE = "firefly_template"


class TestServer:
    """An embedded server whose own loop rests between the calls, so that tests on any loop may use it."""

    __test__ = False

    def __init__(self, settings: Settings) -> None:
        self.embedded = EmbeddedPostgres(settings, options=FAST)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)

    def start(self) -> None:
        self._runner.run(self.embedded.start())
        self._runner.run(self._make_template())

    def stop(self) -> None:
        self._runner.run(self.embedded.stop())
        self._runner.close()

    async def _make_template(self) -> None:
        await self.execute(f"CREATE DATABASE {TEMPLATE} OWNER firefly")
        db = Database(self.embedded.dsn(TEMPLATE), min_size=1, max_size=1)
        await db.open()
        await migrate(db, folder("migrations"))
        await db.close()

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.embedded.dsn("postgres", superuser=True))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    @asynccontextmanager
    async def fresh(self, *, migrated: bool = True) -> AsyncIterator[str]:
        """The dsn of a database that nobody else uses."""
        name = f"test_{secrets.token_hex(8)}"
        template = TEMPLATE if migrated else "template1"
        await self.execute(f"CREATE DATABASE {name} OWNER firefly TEMPLATE {template}")
        try:
            yield self.embedded.dsn(name)
        finally:
            await self.execute(f"DROP DATABASE {name} WITH (FORCE)")
