"""One real PostgreSQL for all tests of a worker, and a fresh migrated database for each test."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from firefly.resources import folder
from firefly.settings import Settings
from firefly.store import Database, EmbeddedPostgres, migrate

# The tests' data may be lost in a crash of the machine.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
TEMPLATE = "firefly_template"
ALONE = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Numbers are never given twice: what was made, altered or removed since shows in them.
SHAPE = """
    SELECT count(*), sum(oid::int8), (SELECT count(*) FROM pg_attribute), (SELECT sum(oid::int8) FROM pg_constraint),
           (SELECT sum(oid::int8) FROM pg_trigger), (SELECT sum(oid::int8) FROM pg_proc),
           (SELECT count(*) FROM migrations)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
"""
# Bytes; in what was larger, those who scan would go over the dead rows of others.
LARGEST = 24 << 20
# Faster by far than a new database; in this role neither triggers nor foreign keys have a say.
EMPTY = """
    DO $$ DECLARE it record; BEGIN
        SET LOCAL session_replication_role = replica;
        FOR it IN SELECT oid::regclass AS name, relkind FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') AND relname <> 'migrations'
        LOOP
            EXECUTE CASE it.relkind WHEN 'r' THEN format('DELETE FROM %s', it.name)
                ELSE format('ALTER SEQUENCE %s RESTART', it.name) END;
        END LOOP;
    END $$
"""


class TestServer:
    """An embedded server whose own loop rests between the calls, so that tests on any loop may use it."""

    __test__ = False

    def __init__(self, settings: Settings) -> None:
        self.embedded = EmbeddedPostgres(settings, options=FAST)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._empty: list[str] = []
        self._shape: list[asyncpg.Record] = []
        self._cleaners: dict[str, asyncpg.Connection] = {}

    def start(self) -> None:
        self._runner.run(self.embedded.start())
        self._runner.run(self._make_template())

    def stop(self) -> None:
        for cleaner in self._cleaners.values():
            cleaner.terminate()
        self._runner.run(self.embedded.stop())
        self._runner.close()

    async def _make_template(self) -> None:
        await self.execute(f"CREATE DATABASE {TEMPLATE} OWNER firefly")
        db = Database(self.embedded.dsn(TEMPLATE), min_size=1, max_size=1)
        await db.open()
        await migrate(db, folder("migrations"))
        await db.close()
        async with self._connected(TEMPLATE) as connection:
            self._shape = await connection.fetch(SHAPE)

    @asynccontextmanager
    async def _connected(self, name: str) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.embedded.dsn(name, superuser=True))
        try:
            yield connection
        finally:
            await connection.close()

    async def execute(self, statement: str) -> None:
        async with self._connected("postgres") as connection:
            await connection.execute(statement)

    @asynccontextmanager
    async def fresh(self, *, migrated: bool = True) -> AsyncIterator[str]:
        """The dsn of a database that nobody else uses."""
        name = await self._take() if migrated else await self._make("template1")
        try:
            yield self.embedded.dsn(name)
        finally:
            if migrated and await self._emptied(name):
                self._empty.append(name)
            else:
                await self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def lent(self) -> Iterator[str]:
        """The dsn of a migrated database that nobody else uses; in no loop.

        It is emptied by a connection that stays, which knows all tables already: that takes a third of the time.
        """
        name = self._runner.run(self._take())
        try:
            yield self.embedded.dsn(name)
        finally:
            self._runner.run(self._give_back(name))

    async def _give_back(self, name: str) -> None:
        cleaner = self._cleaners.pop(name, None)
        try:
            cleaner = cleaner or await asyncpg.connect(self.embedded.dsn(name, superuser=True))
            clean = await self._clean(cleaner)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            # Whatever a test did to its database or to the server's connections.
            clean = False
        if clean and cleaner is not None:
            self._cleaners[name] = cleaner
            self._empty.append(name)
            return
        if cleaner is not None:
            cleaner.terminate()
        await self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _take(self) -> str:
        return self._empty.pop() if self._empty else await self._make(TEMPLATE)

    async def _make(self, template: str) -> str:
        name = f"test_{secrets.token_hex(8)}"
        await self.execute(f"CREATE DATABASE {name} OWNER firefly TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    async def _emptied(self, name: str) -> bool:
        async with self._connected(name) as connection:
            return await self._clean(connection)

    async def _clean(self, connection: asyncpg.Connection) -> bool:
        """Whether the database is again as it was made; not where its schema was changed, or much was in it."""
        await connection.execute(ALONE)
        large = await connection.fetchval("SELECT pg_database_size(current_database()) > $1", LARGEST)
        if large or await connection.fetch(SHAPE) != self._shape:
            return False
        await connection.execute(EMPTY)
        return True
