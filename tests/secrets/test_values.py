"""Secrets of projects in PostgreSQL: sealed, bound to their row, opened for their project only."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from firefly.secrets import Keyring, SecretValues
from firefly.secrets.values import State
from firefly.store import Database
from firefly.testing.clock import ManualClock

VALUE = "s3cr3t-välue\nwith two lines"


@dataclass(frozen=True)
class Two:
    values: SecretValues
    database: Database
    one: UUID
    other: UUID

    async def put(self, project: UUID, name: str, value: str) -> None:
        async with self.database.transaction() as connection:
            await self.values.put(project, name, value, by_id=None, connection=connection)


@pytest.fixture
async def two(database: Database, keyring: Keyring) -> Two:
    """Two projects."""
    projects = uuid4(), uuid4()
    async with database.connection() as connection:
        query = "insert into accounts (name, display_name) values ('ada', 'Ada') returning id"
        owner = await connection.fetchval(query)
        for number, project in enumerate(projects):
            await connection.execute(
                "insert into projects (id, owner_id, name) values ($1, $2, $3)", project, owner, f"p{number}"
            )
    return Two(SecretValues(database, keyring, ManualClock()), database, *projects)


async def test_a_value_is_given_back_to_its_project_only_and_lies_sealed(two: Two) -> None:
    await two.put(two.one, "API_KEY", "first")
    await two.put(two.one, "API_KEY", VALUE)
    assert await two.values.environment(two.one) == {"API_KEY": VALUE}
    assert await two.values.environment(two.other) == {}
    (found,) = await two.values.list(two.one)
    assert (found.name, found.state, found.size) == ("API_KEY", State.SET, len(VALUE.encode()))
    async with two.database.connection() as connection:
        row = await connection.fetchval("select row_to_json(s)::text from project_secrets as s")
        sealed = await connection.fetchval("select sealed from project_secrets")
        assert "s3cr3t" not in row
        assert b"s3cr3t" not in sealed


async def test_a_sealed_value_opens_in_no_other_row(two: Two) -> None:
    await two.put(two.one, "API_KEY", VALUE)
    async with two.database.connection() as connection:
        copy = (
            "insert into project_secrets select $1, $2, sealed, null, now() from project_secrets where name = 'API_KEY'"
        )
        await connection.execute(copy, two.other, "API_KEY")
        await connection.execute(copy.replace("'API_KEY'", "'API_KEY' limit 1"), two.one, "PUBLIC_NAME")
    assert await two.values.environment(two.other) == {}
    assert await two.values.environment(two.one) == {"API_KEY": VALUE}
    assert {one.name: one.state for one in await two.values.list(two.one)} == {
        "API_KEY": State.SET,
        "PUBLIC_NAME": State.UNREADABLE,
    }


async def test_a_lost_key_is_told_and_a_kept_one_behind_the_new_opens(two: Two, keyring: Keyring) -> None:
    root = "an old root key that is long enough to be one"
    old = SecretValues(two.database, Keyring([root]), ManualClock())
    async with two.database.transaction() as connection:
        await old.put(two.one, "API_KEY", VALUE, by_id=None, connection=connection)
    assert await two.values.environment(two.one) == {}
    assert [one.state for one in await two.values.list(two.one)] == [State.UNREADABLE]
    rotated = SecretValues(two.database, Keyring(["a new root key that is long enough to be one", root]), ManualClock())
    assert await rotated.environment(two.one) == {"API_KEY": VALUE}


async def test_a_remix_gets_the_names_without_the_values(two: Two) -> None:
    await two.put(two.one, "API_KEY", VALUE)
    await two.put(two.other, "OWN", "mine")
    async with two.database.transaction() as connection:
        await two.values.copy_names(two.one, two.other, connection)
        await two.values.copy_names(two.one, two.other, connection)
    found = {one.name: one.state for one in await two.values.list(two.other)}
    assert found == {"API_KEY": State.MISSING, "OWN": State.SET}
    assert await two.values.environment(two.other) == {"OWN": "mine"}
    async with two.database.transaction() as connection:
        assert await two.values.remove(two.other, "API_KEY", connection)
        assert not await two.values.remove(two.other, "API_KEY", connection)
