"""The pool: a database that is away at start is waited for, one that goes away later is survived."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from firefly.errors import DatabaseUnavailable, InvalidInput
from firefly.settings import Settings
from firefly.store import Database, EmbeddedPostgres
from firefly.store import database as module
from firefly.store.cluster import MAJOR
from tests.support.database import TestServer
from tests.support.waiting import eventually


async def one(db: Database) -> int:
    async with db.connection() as connection:
        found: int = await connection.fetchval("SELECT 1")
        return found


async def works(db: Database) -> bool:
    try:
        return await one(db) == 1
    except DatabaseUnavailable:
        return False


async def test_a_database_that_is_away_at_start_is_waited_for(
    embedded: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REPORT_INTERVAL", 0.4)
    await embedded.start()
    await embedded.stop()
    db = Database(embedded.dsn(), min_size=1)
    with capture_logs() as logs:
        opening = asyncio.create_task(db.open(wait=60))
        await eventually(lambda: len([entry for entry in logs if entry["event"] == "database.waiting"]) >= 2)
        assert not opening.done()
        await embedded.start()
        await opening
    assert await one(db) == 1
    assert db.available
    await db.close()


async def test_a_database_that_stays_away_is_reported(settings: Settings) -> None:
    db = Database(f"postgresql://firefly@/firefly?host={settings.run_dir}")
    with pytest.raises(DatabaseUnavailable, match="did not answer for 0 s"):
        await db.open(wait=0)
    assert not db.available
    await db.close()


async def test_a_refusal_is_not_waited_for(database_server: TestServer) -> None:
    db = Database(database_server.embedded.dsn("no_such_database"))
    with pytest.raises(InvalidInput, match="no_such_database"):
        await asyncio.wait_for(db.open(wait=60), 30)


async def test_a_database_that_goes_away_is_survived(embedded: EmbeddedPostgres) -> None:
    db = Database(await embedded.start(), min_size=2)
    await db.open()
    seen: list[bool] = []
    db.on_change(seen.append)
    async with db.connection() as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    await embedded.stop()
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable) as caught:
            await one(db)
        assert caught.value.retry_after > 0
    assert not db.available
    await embedded.start()
    await eventually(lambda: works(db))
    await eventually(lambda: db.available)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT seven FROM kept") == 7
    assert seen == [False, True]
    await db.close()


async def test_a_statement_under_way_ends_with_a_clear_error(embedded: EmbeddedPostgres) -> None:
    db = Database(await embedded.start(), min_size=1)
    await db.open()
    running = asyncio.Event()

    async def work() -> None:
        async with db.transaction() as connection:
            await connection.execute("CREATE TABLE half (n int)")
            running.set()
            await connection.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(work())
    await running.wait()
    await embedded.stop()
    with pytest.raises(DatabaseUnavailable):
        await asyncio.wait_for(task, 30)
    await embedded.start()
    await eventually(lambda: works(db))
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT to_regclass('half')") is None
    await db.close()


async def test_an_idle_loss_is_noticed_by_the_probe(
    embedded: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_INTERVAL", 0.1)
    db = Database(await embedded.start(), min_size=1)
    await db.open()
    await embedded.stop()
    assert await eventually(lambda: not db.available)
    await db.close()


def ended_unheard(process: int) -> None:
    """End it, and let the loop hear of nothing before its last words and its end have both arrived."""
    os.kill(process, signal.SIGTERM)
    while Path(f"/proc/{process}").exists():
        os.sched_yield()


async def test_what_the_server_has_just_ended_counts_as_away(embedded: EmbeddedPostgres) -> None:
    """Between the last words, where nobody waits for any, and the end asyncpg calls statements its own fault."""
    db = Database(await embedded.start(), min_size=1)
    await db.open()

    async def asked_after(turns: int) -> None:
        async with db.connection() as connection:
            ended_unheard(await connection.fetchval("SELECT pg_backend_pid()"))
            for _ in range(turns):
                await asyncio.sleep(0)
            await connection.execute("SELECT 1")

    causes = []
    for turns in range(4):
        with pytest.raises(DatabaseUnavailable) as caught:
            await asked_after(turns)
        causes.append(type(caught.value.__cause__))
        await eventually(lambda: works(db))
    assert asyncpg.InternalClientError in causes
    await db.close()


def processes_of(settings: Settings) -> list[int]:
    postmaster = int((settings.data_dir / "postgres" / str(MAJOR) / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


async def test_a_database_that_hangs_counts_as_away(
    embedded: EmbeddedPostgres, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_INTERVAL", 0.2)
    db = Database(await embedded.start(), min_size=1)
    await db.open()
    stopped = processes_of(settings)
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    assert await eventually(lambda: not db.available)
    for process in stopped:
        os.kill(process, signal.SIGCONT)
    await eventually(lambda: db.available)
    assert await eventually(lambda: works(db))
    await db.close()


async def test_a_statement_that_takes_too_long_is_an_error_of_ours_and_no_loss(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="too long"):
        async with database.connection() as connection:
            await connection.execute("select pg_sleep(60)", timeout=0.1)
    assert database.available
    async with database.connection() as connection:
        assert await connection.fetchval("select 1") == 1


@pytest.mark.parametrize(
    ("before", "statement"),
    [
        ("set local statement_timeout = 50", "select pg_sleep(60)"),
        ("set local lock_timeout = 50", "lock table accounts"),
        ("set transaction read only", "delete from jobs"),
        ("select 1", "do $$ begin raise sqlstate '53100'; end $$"),
        ("select 1", "do $$ begin raise sqlstate '40P01'; end $$"),
    ],
    ids=["an operator's limit", "a lock", "a standby", "no disk", "a deadlock"],
)
async def test_what_passes_is_an_error_of_ours_too(database: Database, before: str, statement: str) -> None:
    async def do_both() -> None:
        async with database.transaction() as connection:
            await connection.execute(before)
            await connection.execute(statement)

    async with database.transaction() as other:
        await other.execute("lock table accounts")
        with pytest.raises(DatabaseUnavailable, match="cannot do that now"):
            await do_both()
    assert database.available


async def test_errors_of_a_statement_stay_what_they_are(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with database.connection() as connection:
            await connection.execute("SELECT * FROM nowhere")
    with pytest.raises(FileNotFoundError):
        async with database.connection():
            raise FileNotFoundError("of the caller")
    assert database.available
    assert await one(database) == 1


async def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    async def fail_half_way() -> None:
        async with database.transaction() as connection:
            await connection.execute("CREATE TABLE half (n int)")
            raise KeyError("of the caller")

    with pytest.raises(KeyError):
        await fail_half_way()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT to_regclass('half')") is None


async def test_a_transaction_that_was_given_up_half_way_leaves_nothing_to_whoever_comes_next(
    database_server: TestServer,
) -> None:
    async with database_server.fresh(migrated=False) as dsn:
        database = Database(dsn, min_size=1, max_size=1)
        await database.open()
        begun = asyncio.Event()

        async def sleep() -> None:
            async with database.transaction() as connection:
                await connection.execute("CREATE TABLE half (n int)")
                begun.set()
                await connection.execute("SELECT pg_sleep(60)")

        try:
            sleeper = asyncio.create_task(sleep())
            await begun.wait()
            sleeper.cancel()
            await asyncio.wait([sleeper])
            async with database.connection() as connection:
                assert not connection.is_in_transaction()
                assert await connection.fetchval("SELECT to_regclass('half')") is None
        finally:
            await database.close()


async def test_waiting_for_a_connection_has_a_limit(
    database_server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(database_server.embedded.dsn("postgres", superuser=True), min_size=1, max_size=1)
    await db.open()
    async with db.connection():
        with monkeypatch.context() as impatient:
            impatient.setattr(module, "ACQUIRE_LIMIT", 0.1)
            with pytest.raises(DatabaseUnavailable, match="became free"):
                await one(db)
    assert await one(db) == 1
    await db.close()


async def test_a_crowd_shares_few_connections_unless_they_are_kept(
    database_server: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = 3 * module.FEW
    async with database_server.fresh(migrated=False) as dsn:
        db = Database(dsn, min_size=1)
        await db.open()
        processes: set[int] = set()
        present = asyncio.Barrier(crowd)

        async def ask(_: int) -> None:
            async with db.connection() as connection:
                processes.add(await connection.fetchval("SELECT pg_backend_pid()"))

        async def keep(_: int) -> None:
            async with db.connection(), asyncio.timeout(30):
                await present.wait()

        try:
            monkeypatch.setattr(module, "PATIENCE", 30)
            await asyncio.gather(*map(ask, range(crowd)))
            assert len(processes) <= module.FEW
            monkeypatch.setattr(module, "PATIENCE", 0.01)
            await asyncio.gather(*map(keep, range(crowd)))
        finally:
            await db.close()


async def test_json_goes_in_and_out_as_values(database: Database) -> None:
    value = {"a": [1, None, "ä"], "b": {"c": True}}
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT $1::jsonb", value) == value
        assert await connection.fetchval("SELECT '[1, 2]'::json") == [1, 2]


async def test_a_database_that_is_not_open_says_so() -> None:
    with pytest.raises(DatabaseUnavailable, match="not open"):
        await one(Database("postgresql://nowhere/x"))


async def test_the_probe_goes_on_after_what_nobody_expected(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_INTERVAL", 0.01)
    ask, asked = database._ask, 0

    async def sometimes() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise OSError("a mistake")
        if asked == 2:
            raise asyncpg.InterfaceError("another one")
        await ask()

    monkeypatch.setattr(database, "_ask", sometimes)
    database._went_away.set()
    assert await eventually(lambda: asked >= 4)
    assert database.available
