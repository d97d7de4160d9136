"""Groups of parts: open they are whole, and when one of them fails nothing of them is left running."""

import stat
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from firefly.adapters.parts import Credentials, Hosting
from firefly.errors import DatabaseUnavailable, InvalidInput, Unauthenticated, Unavailable
from firefly.git import RefChange
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.bus import MemoryBus
from firefly.testing.clock import ManualClock

from .conftest import tasks_named

SECRET = "ffp_0123456789abcdef0123456789abcdef"
CHANGE = RefChange("refs/heads/main", "0" * 40, "1" * 40)
TASKS = ("auth-", "revocations")


class Opening:
    """Opens the credentials on a stack of their own, as one start of the server after another would."""

    def __init__(self, settings: Settings, database: Database, keyring: Keyring) -> None:
        self.settings, self.database, self.keyring = settings, database, keyring
        self.bus, self.clock = MemoryBus(), ManualClock()

    async def __call__(self, stack: AsyncExitStack, **changed: object) -> Credentials:
        settings = self.settings.model_copy(update=changed)
        return await Credentials.open(stack, settings, self.database, self.bus, self.keyring, self.clock)


@pytest.fixture
def opening(settings: Settings, database: Database, keyring: Keyring) -> Opening:
    return Opening(settings, database, keyring)


async def test_the_token_of_the_settings_is_the_first_administrators(opening: Opening) -> None:
    async with AsyncExitStack() as stack:
        credentials = await opening(stack, bootstrap_token=SECRET)
        identity = await credentials.tokens.verify(SECRET)
        assert identity.account == await credentials.accounts.first_administrator()
        assert identity.account.is_administrator
    async with AsyncExitStack() as stack:
        credentials = await opening(stack, bootstrap_token="")
        with pytest.raises(Unauthenticated):
            await credentials.tokens.verify(SECRET)


async def test_credentials_look_after_themselves_until_they_are_closed(opening: Opening) -> None:
    async with AsyncExitStack() as stack:
        await opening(stack)
        assert "auth-upkeep" in tasks_named(*TASKS)
    assert tasks_named(*TASKS) == []


async def test_a_token_that_could_be_guessed_keeps_the_server_from_starting(opening: Opening) -> None:
    with pytest.raises(InvalidInput, match="FIREFLY_BOOTSTRAP_TOKEN"):
        async with AsyncExitStack() as stack:
            await opening(stack, bootstrap_token="secret")
    assert tasks_named(*TASKS) == []


async def test_without_a_database_there_are_no_credentials_and_nothing_is_left(opening: Opening) -> None:
    await opening.database.close()
    with pytest.raises(DatabaseUnavailable):
        async with AsyncExitStack() as stack:
            await opening(stack)
    assert tasks_named(*TASKS) == []


async def test_an_interrupted_creation_leaves_nothing_behind(
    settings: Settings, database: Database, hosting: Hosting
) -> None:
    left = hosting.repositories.scratch()
    kept = await hosting.repositories.create(project_id := uuid4())
    again = await Hosting.open(settings, database, MemoryBus())
    assert not left.exists()
    assert await again.repositories.existing(project_id) == kept


async def test_git_reads_nobodys_configuration(settings: Settings, hosting: Hosting) -> None:
    home = settings.data_dir / "git-home"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert list(home.iterdir()) == []
    assert hosting.git.environment()["HOME"] == str(home)


async def test_what_an_earlier_server_left_open_is_settled_before_anything_is_served(
    settings: Settings, database: Database, hosting: Hosting
) -> None:
    project_id, account_id = uuid4(), uuid4()
    async with database.connection() as connection:
        await connection.execute("insert into accounts (id, name, display_name) values ($1, 'ada', '')", account_id)
        await connection.execute(
            "insert into projects (id, owner_id, name) values ($1, $2, 's')", project_id, account_id
        )
    await hosting.repositories.create(project_id)
    await hosting.pushes.begin(project_id, pusher_id=None, via="http", changes=[CHANGE])
    await Hosting.open(settings, database, MemoryBus())
    async with database.connection() as connection:
        assert await connection.fetchval("select state from pushes where project_id = $1", project_id) == "refused"


async def test_a_machine_without_git_is_told_so_before_anything_is_made(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unavailable, match="apt install git"):
        await Hosting.open(settings, database, MemoryBus())
    assert not (settings.data_dir / "git-home").exists()


async def test_without_a_database_nothing_is_hosted(settings: Settings, database: Database) -> None:
    await database.close()
    with pytest.raises(DatabaseUnavailable):
        await Hosting.open(settings, database, MemoryBus())
    # The next start finds what this one has made, and goes on from there.
    await database.open()
    assert (await Hosting.open(settings, database, MemoryBus())).repositories.path(uuid4()).suffix == ".git"
