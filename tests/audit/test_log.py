"""The audit log: complete with its deed, in order, and only ever longer."""

from uuid import UUID

import asyncpg
import pytest

from firefly.audit import Audit
from firefly.store import Database

ADA = UUID(int=1)


async def test_entries_come_back_newest_first(database: Database) -> None:
    audit = Audit(database)
    await audit.record(ADA, "project.create", "project:ada/site", address="192.0.2.7", detail={"template": "static"})
    await audit.record(None, "sign-in.refuse", "account:ada")
    last, first = await audit.list()
    assert (first.actor, first.action, first.resource) == (ADA, "project.create", "project:ada/site")
    assert (first.address, first.detail) == ("192.0.2.7", {"template": "static"})
    assert (last.actor, last.actor_name, last.address, last.detail) == (None, None, None, {})
    assert first.at <= last.at


async def test_the_actor_is_named(database: Database) -> None:
    async with database.connection() as connection:
        id = await connection.fetchval("INSERT INTO accounts (name, display_name) VALUES ('ada', 'Ada') RETURNING id")
    audit = Audit(database)
    await audit.record(id, "a.b", "c:d")
    assert (await audit.list())[0].actor_name == "ada"


async def test_pages_join_without_gap_or_overlap(database: Database) -> None:
    audit = Audit(database)
    for number in range(7):
        await audit.record(None, "test.step", f"step:{number}")
    seen: list[str] = []
    before = None
    while page := await audit.list(3, before):
        seen += [entry.resource for entry in page]
        before = page[-1].id
    assert seen == [f"step:{number}" for number in reversed(range(7))]


@pytest.mark.parametrize(("limit", "count"), [(-5, 1), (0, 1), (2, 2), (10**9, 3)])
async def test_pages_have_a_limit(database: Database, limit: int, count: int) -> None:
    audit = Audit(database)
    for _ in range(3):
        await audit.record(None, "a.b", "c:d")
    assert len(await audit.list(limit)) == count


async def test_an_entry_stands_with_its_deed(database: Database) -> None:
    audit = Audit(database)

    async def fail() -> None:
        async with database.transaction() as connection:
            await audit.record(ADA, "project.delete", "project:ada/site", connection=connection)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert await audit.list() == []


@pytest.mark.parametrize("statement", ["UPDATE audit SET action = 'x'", "DELETE FROM audit"])
async def test_entries_are_neither_changed_nor_removed(database: Database, statement: str) -> None:
    audit = Audit(database)
    await audit.record(ADA, "project.delete", "project:ada/site")
    with pytest.raises(asyncpg.RaiseError, match="only grows"):
        async with database.connection() as connection:
            await connection.execute(statement)
    assert len(await audit.list()) == 1
