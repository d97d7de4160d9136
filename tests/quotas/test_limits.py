"""Quotas: as many as allowed, also when everybody comes at once."""

import asyncio
from uuid import UUID, uuid4

import pytest

from firefly.errors import LimitReached
from firefly.quotas import Quotas
from firefly.settings import Settings
from firefly.store import Connection, Database


async def make_account(database: Database) -> UUID:
    async with database.connection() as connection:
        id: UUID = await connection.fetchval(
            "INSERT INTO accounts (name, display_name) VALUES ($1, 'x') RETURNING id", uuid4().hex
        )
        return id


async def make_project(connection: Connection, owner: UUID, *, deleted: bool = False) -> None:
    await connection.execute(
        "INSERT INTO projects (id, owner_id, name, deleted_at) VALUES ($1, $2, $3, CASE WHEN $4 THEN now() END)",
        *(uuid4(), owner, uuid4().hex, deleted),
    )


async def test_so_many_and_no_more(database: Database, settings: Settings) -> None:
    quotas, owner = Quotas(database, projects=2), await make_account(database)
    async with database.connection() as connection:
        for _ in range(2):
            await quotas.check_projects(owner)
            await make_project(connection, owner)
    with pytest.raises(LimitReached, match="2 are allowed"):
        await quotas.check_projects(owner)
    await quotas.check_projects(await make_account(database))
    await quotas.check_projects(owner, is_administrator=True)


async def test_deleted_ones_do_not_count(database: Database, settings: Settings) -> None:
    quotas, owner = Quotas(database, projects=1), await make_account(database)
    async with database.connection() as connection:
        await make_project(connection, owner, deleted=True)
    await quotas.check_projects(owner)
    assert quotas


async def test_simultaneous_creations_do_not_pass_together(database: Database, settings: Settings) -> None:
    quotas, owner = Quotas(database, projects=3), await make_account(database)

    async def create() -> bool:
        try:
            async with database.transaction() as connection:
                await quotas.check_projects(owner, connection=connection)
                await make_project(connection, owner)
        except LimitReached:
            return False
        return True

    assert sum(await asyncio.gather(*(create() for _ in range(8)))) == 3
