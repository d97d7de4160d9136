"""What an operator reads at start, and the link to become the administrator: good once, for a day, while needed."""

import re

import pytest

from firefly.adapters.announcement import LINK_LIFETIME, announce
from firefly.adapters.parts import Credentials
from firefly.auth import FIRST_ADMINISTRATOR
from firefly.errors import DatabaseUnavailable, Unauthenticated
from firefly.sandbox.backend import Capabilities, Lack
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock

ISOLATED = Capabilities(isolated=True, lacks=(), limits="cgroup2")


async def announced(
    capsys: pytest.CaptureFixture[str],
    settings: Settings,
    credentials: Credentials,
    capabilities: Capabilities = ISOLATED,
) -> str:
    capsys.readouterr()
    await announce(settings, credentials, capabilities)
    return capsys.readouterr().out


def token_of(text: str, settings: Settings) -> str:
    found = re.findall(rf"^ +{re.escape(settings.url)}/auth/link/(\S+)$", text, re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


async def test_where_to_go_and_what_runs_it(
    capsys: pytest.CaptureFixture[str], settings: Settings, credentials: Credentials
) -> None:
    text = await announced(capsys, settings, credentials)
    for value in (settings.url, settings.content_url("<label>"), str(settings.data_dir)):
        assert re.search(rf" {re.escape(value)}$", text, re.MULTILINE)
    assert "process, isolated" in text
    assert "Missing" not in text


async def test_what_the_machine_lacks_is_told_with_its_remedy(
    capsys: pytest.CaptureFixture[str], settings: Settings, credentials: Credentials
) -> None:
    lack = Lack("bubblewrap", "Only administrators' projects run.", "apt install bubblewrap")
    text = await announced(capsys, settings, credentials, Capabilities(isolated=False, lacks=(lack,), limits="rlimit"))
    assert "NOT ISOLATED" in text
    assert "Missing: bubblewrap. Only administrators' projects run. Remedy: apt install bubblewrap." in text


async def test_the_link_is_for_the_first_administrator_and_the_last_one_counts(
    capsys: pytest.CaptureFixture[str], settings: Settings, credentials: Credentials
) -> None:
    first = token_of(await announced(capsys, settings, credentials), settings)
    second = token_of(await announced(capsys, settings, credentials), settings)
    with pytest.raises(Unauthenticated):
        await credentials.links.redeem(first)
    assert (await credentials.links.redeem(second)).purpose == FIRST_ADMINISTRATOR
    with pytest.raises(Unauthenticated):
        await credentials.links.redeem(second)


async def test_the_link_ends_after_a_day(
    capsys: pytest.CaptureFixture[str], settings: Settings, credentials: Credentials, clock: ManualClock
) -> None:
    token = token_of(await announced(capsys, settings, credentials), settings)
    clock.advance(LINK_LIFETIME - 1)
    assert (await credentials.links.peek(token)).purpose == FIRST_ADMINISTRATOR
    clock.advance(2)
    with pytest.raises(Unauthenticated):
        await credentials.links.redeem(token)


async def test_there_is_no_link_once_there_is_an_administrator(
    capsys: pytest.CaptureFixture[str], settings: Settings, credentials: Credentials
) -> None:
    await credentials.accounts.create("eve", None)
    assert "/auth/link/" in await announced(capsys, settings, credentials)
    await credentials.accounts.create("ada", None, is_administrator=True)
    assert "/auth/link/" not in await announced(capsys, settings, credentials)


async def test_nothing_is_announced_while_the_database_is_away(
    capsys: pytest.CaptureFixture[str], settings: Settings, credentials: Credentials, database: Database
) -> None:
    """A server that cannot start must not say where it serves."""
    await database.close()
    with pytest.raises(DatabaseUnavailable):
        await announced(capsys, settings, credentials)
    assert capsys.readouterr().out == ""
