"""Links of projects to providers' repositories: what is secret is sealed, and opens in its own row only."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from firefly.errors import Conflict
from firefly.git.links import Links, LinkState
from firefly.git.providers import Credential, Permission, Repository
from firefly.secrets import Keyring
from firefly.store import Database
from firefly.testing.clock import ManualClock

SITE = Repository(
    id="7", path="acme/site", description="", default_branch="main", is_private=True, is_archived=False,
    permission=Permission.ADMIN, web_url="https://github.com/acme/site",
    clone_url="https://github.com/acme/site.git", ssh_url="git@github.com:acme/site.git",
)  # fmt: skip


async def make_project(database: Database, name: str = "site") -> UUID:
    owner, project = uuid4(), uuid4()
    async with database.connection() as connection:
        await connection.execute(
            "insert into accounts (id, name, display_name) values ($1, $2, $2)", owner, owner.hex[:8]
        )
        await connection.execute("insert into projects (id, owner_id, name) values ($1, $2, $3)", project, owner, name)
    return project


@pytest.fixture
def links(database: Database, keyring: Keyring, clock: ManualClock) -> Links:
    return Links(database, keyring, clock)


async def test_a_link_and_what_becomes_of_it(links: Links, database: Database) -> None:
    project = await make_project(database)
    made = await links.add(project, "github", "https://github.com/", SITE, credential=Credential("sesame", "me"))

    assert made.base_url == "https://github.com"
    assert (made.state, made.repository, made.credential) == (
        LinkState.LINKING,
        "acme/site",
        Credential("sesame", "me"),
    )
    assert len(made.hook_secret) > 40
    await links.set_hook(made.id, "12")
    await links.set_key(made.id, "13", "PRIVATE", "ssh-ed25519 AAAA")
    await links.set_state(made.id, LinkState.BROKEN, "The token was refused.")
    found = await links.of_project(project)
    assert found is not None
    assert (found.hook_id, found.key_id, found.key_private) == ("12", "13", "PRIVATE")
    assert (found.state, found.reason, found.hook_secret) == (
        LinkState.BROKEN, "The token was refused.", made.hook_secret,
    )  # fmt: skip
    assert await links.get(made.id) == found
    assert "PRIVATE" not in repr(found)
    assert "sesame" not in repr(found)


async def test_a_project_has_one(links: Links, database: Database) -> None:
    project = await make_project(database)
    await links.add(project, "github", "https://github.com", SITE)
    with pytest.raises(asyncpg.UniqueViolationError):
        await links.add(project, "gitlab", "https://gitlab.com", SITE)


async def test_it_outlives_its_project_so_that_hook_and_key_can_be_removed(links: Links, database: Database) -> None:
    project = await make_project(database)
    made = await links.add(project, "github", "https://github.com", SITE)
    async with database.connection() as connection:
        await connection.execute("delete from projects where id = $1", project)
    found = await links.get(made.id)
    assert found is not None
    assert found.project_id is None
    await links.remove(made.id)
    assert await links.get(made.id) is None


async def test_nothing_secret_stands_in_the_database_nor_opens_in_another_row(links: Links, database: Database) -> None:
    one = await links.add(
        await make_project(database), "gitea", "https://a.test", SITE, credential=Credential("sesame")
    )
    other = await links.add(await make_project(database), "gitea", "https://b.test", SITE, credential=Credential("x"))
    async with database.connection() as connection:
        rows = str(await connection.fetch("select * from provider_links"))
        await connection.execute(
            "update provider_links set token = (select token from provider_links where id = $1) where id = $2",
            one.id, other.id,
        )  # fmt: skip
    assert "sesame" not in rows
    assert one.hook_secret not in rows
    with pytest.raises(Conflict):
        await links.get(other.id)
