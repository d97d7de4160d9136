"""A provider to connect to, and the connections of people to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firefly.audit import Audit
from firefly.auth import Account, Identity
from firefly.bus import Bus
from firefly.git import AddressPolicy
from firefly.git.providers.transport import Transport
from firefly.linking import Connections, Offers, Vault
from firefly.linking.apps import Apps
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from firefly.testing.providers import ProviderServer
from tests.projects.house import House
from tests.support.leave import Place, giving_leave

from .linked import Linked

EVERYTHING = frozenset({"read", "write", "admin", "git"})


@pytest.fixture
async def gitea() -> AsyncIterator[Place]:
    async with giving_leave() as place:
        yield place


@pytest.fixture
async def connections(
    settings: Settings, database: Database, bus: Bus, clock: ManualClock, keyring: Keyring, gitea: Place
) -> AsyncIterator[Connections]:
    update = {"gitea_url": gitea.url, "gitea_client_id": gitea.oauth.id, "gitea_client_secret": gitea.oauth.secret}
    transport = Transport(AddressPolicy(["127.0.0.1"]))
    yield Connections(
        database=database, bus=bus, audit=Audit(database), clock=clock, vault=Vault(keyring),
        offers=Offers(settings.model_copy(update=update), transport, Apps(database, keyring, clock, settings)),
        transport=transport,
    )  # fmt: skip
    await transport.close()


async def person(database: Database, name: str) -> Identity:
    """Somebody with a session in a browser."""
    async with database.connection() as connection:
        row = await connection.fetchrow("insert into accounts (name, display_name) values ($1, $1) returning *", name)
        assert row is not None
        session_id = await connection.fetchval(
            "insert into sessions (account_id, created_at, rotated_at, expires_at) "
            "values ($1, now(), now(), now() + interval '1 day') returning id", row["id"]
        )  # fmt: skip
    return Identity(Account.from_row(dict(row)), EVERYTHING, "session", session_id=session_id)


@pytest.fixture
async def ada(database: Database) -> Identity:
    return await person(database, "ada")


@pytest.fixture
async def bob(database: Database) -> Identity:
    return await person(database, "bob")


@pytest.fixture
async def house(settings: Settings, database: Database, clock: ManualClock) -> AsyncIterator[House]:
    made = House(settings, database, clock)
    yield made
    await made.jobs.close()


@pytest.fixture
async def linked(house: House, settings: Settings, keyring: Keyring, tmp_path: Path) -> AsyncIterator[Linked]:
    folder = tmp_path / "there"
    folder.mkdir()
    async with ProviderServer() as twin:
        made = Linked.build(house, twin, settings, keyring, folder)
        await house.jobs.open()
        yield made
        await house.jobs.close()
        await made.transport.close()
