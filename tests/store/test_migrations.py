"""Migrations: in order, once, together or not at all, and never silently different from what ran."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from firefly.errors import Conflict, InvalidInput
from firefly.resources import folder as resource
from firefly.store import Database, migrate
from firefly.store.migrations import read
from tests.support.database import TestServer

# Columns that refer to rows of which many go, and that no index over all of them begins with.
UNINDEXED = r"""
    SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid::regclass::text IN ('projects', 'builds', 'sites', 'workspaces')
        AND NOT EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]
                AND coalesce(pg_get_expr(i.indpred, i.indrelid), '') IN ('', format('(%s IS NOT NULL)', a.attname))
        )
    ORDER BY 1, 2
"""


@pytest.fixture
async def empty(database_server: TestServer) -> AsyncIterator[Database]:
    async with database_server.fresh(migrated=False) as dsn:
        db = Database(dsn, min_size=1, max_size=4)
        await db.open()
        yield db
        await db.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_things.sql").write_text("CREATE TABLE things (n int);\n")
    (folder / "0002_more.sql").write_text("ALTER TABLE things ADD m int; INSERT INTO things VALUES (1, 2);\n")
    return folder


async def count(db: Database, table: str) -> int:
    async with db.connection() as connection:
        found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
        return found


async def test_missing_ones_run_in_order_and_once(empty: Database, files: Path) -> None:
    assert await migrate(empty, files) == ["0001_things.sql", "0002_more.sql"]
    assert await migrate(empty, files) == []
    (files / "0003_last.sql").write_text("INSERT INTO things VALUES (3, 4);")
    assert await migrate(empty, files) == ["0003_last.sql"]
    assert await count(empty, "things") == 2


async def test_two_fireflies_that_start_at_once_run_each_once(empty: Database, files: Path) -> None:
    results = await asyncio.gather(*(migrate(empty, files) for _ in range(3)))
    assert sorted(map(len, results)) == [0, 0, 2]
    assert await count(empty, "things") == 1


async def test_a_failing_one_leaves_nothing_behind(empty: Database, files: Path) -> None:
    (files / "0003_wrong.sql").write_text("CREATE TABLE half (n int); SELECT nonsense;")
    with pytest.raises(asyncpg.UndefinedColumnError):
        await migrate(empty, files)
    assert await count(empty, "migrations") == 2
    (files / "0003_wrong.sql").write_text("CREATE TABLE half (n int);")
    assert await migrate(empty, files) == ["0003_wrong.sql"]


async def test_a_file_that_changed_after_it_ran_is_refused(empty: Database, files: Path) -> None:
    await migrate(empty, files)
    (files / "0002_more.sql").write_text("SELECT 1;")
    (files / "0003_last.sql").write_text("DROP TABLE things;")
    with pytest.raises(Conflict, match=r"0002_more\.sql was changed"):
        await migrate(empty, files)
    assert await count(empty, "things") == 1


async def test_a_file_that_is_gone_is_refused(empty: Database, files: Path) -> None:
    await migrate(empty, files)
    (files / "0001_things.sql").unlink()
    with pytest.raises(Conflict, match="0001"):
        await migrate(empty, files)


async def test_a_file_older_than_what_ran_is_refused(empty: Database, files: Path) -> None:
    (files / "0001_things.sql").rename(files / "0004_things.sql")
    (files / "0002_more.sql").unlink()
    await migrate(empty, files)
    (files / "0003_late.sql").write_text("SELECT 1;")
    with pytest.raises(Conflict, match="0003_late"):
        await migrate(empty, files)


async def test_what_a_newer_version_ran_is_left_alone(empty: Database, files: Path) -> None:
    await migrate(empty, files)
    (files / "0002_more.sql").unlink()
    assert await migrate(empty, files) == []


@pytest.mark.parametrize("name", ["1_short.sql", "0003-dash.sql", "notes.sql", "0002_twice.sql"])
def test_names_are_checked(files: Path, name: str) -> None:
    (files / name).write_text("SELECT 1;")
    with pytest.raises(InvalidInput, match=r"\.sql"):
        read(files)


async def test_those_of_firefly_run_on_an_empty_database(empty: Database) -> None:
    applied = await migrate(empty, resource("migrations"))
    assert applied[0] == "0001_ground.sql"
    assert await migrate(empty, resource("migrations")) == []


def test_those_of_firefly_only_expand() -> None:
    for migration in read(resource("migrations")):
        words = migration.sql.upper()
        assert not [word for word in ("DROP TABLE", "DROP COLUMN", "RENAME", "TRUNCATE") if word in words], (
            migration.name
        )


async def test_what_goes_with_another_row_is_found_by_an_index(database: Database) -> None:
    """Else a project of 160 builds among 100,000 took longer to go than a command may."""
    async with database.connection() as connection:
        rows = await connection.fetch(UNINDEXED)
    assert [tuple(row) for row in rows] == []
