"""One-time links: looked at as often as one likes, spent once, gone in time."""

import asyncio

import pytest

from firefly.auth import FIRST_ADMINISTRATOR, SIGN_IN, Account
from firefly.errors import Conflict, InvalidInput, Unauthenticated
from firefly.store import Database
from firefly.testing.clock import ManualClock

from .conftest import PASSWORD, Auth

HOUR = 3600.0


async def test_a_link_is_spent_once(auth: Auth, ada: Account) -> None:
    token = await auth.links.create(SIGN_IN, account_id=ada.id, lifetime=HOUR)
    for _ in range(3):
        assert (await auth.links.peek(token)).account_id == ada.id
    link = await auth.links.redeem(token)
    assert (link.purpose, link.account_id) == (SIGN_IN, ada.id)
    for attempt in (auth.links.redeem, auth.links.peek):
        with pytest.raises(Unauthenticated):
            await attempt(token)


async def test_of_simultaneous_visitors_one_gets_in(auth: Auth, ada: Account) -> None:
    token = await auth.links.create(SIGN_IN, account_id=ada.id, lifetime=HOUR)
    results = await asyncio.gather(*(auth.links.redeem(token) for _ in range(5)), return_exceptions=True)
    assert [isinstance(result, Unauthenticated) for result in results].count(False) == 1


async def test_a_link_ends_in_time(auth: Auth, ada: Account, clock: ManualClock) -> None:
    token = await auth.links.create(SIGN_IN, account_id=ada.id, lifetime=HOUR)
    clock.advance(HOUR)
    with pytest.raises(Unauthenticated):
        await auth.links.redeem(token)


async def test_a_new_link_ends_the_one_before(auth: Auth, ada: Account) -> None:
    old = await auth.links.create(FIRST_ADMINISTRATOR, lifetime=HOUR)
    personal = await auth.links.create(SIGN_IN, account_id=ada.id, lifetime=HOUR)
    new = await auth.links.create(FIRST_ADMINISTRATOR, lifetime=HOUR)
    with pytest.raises(Unauthenticated):
        await auth.links.peek(old)
    assert (await auth.links.peek(new)).purpose == FIRST_ADMINISTRATOR
    assert (await auth.links.peek(personal)).purpose == SIGN_IN


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "x" * 10_000])
async def test_nonsense_is_no_link(auth: Auth, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await auth.links.redeem(token)


async def test_links_are_stored_hashed(auth: Auth, database: Database) -> None:
    token = await auth.links.create(FIRST_ADMINISTRATOR, lifetime=HOUR)
    async with database.connection() as connection:
        assert token not in await connection.fetchval("SELECT sign_in_links::text FROM sign_in_links")


async def test_the_first_administrator_is_made_by_the_link(auth: Auth) -> None:
    token = await auth.links.create(FIRST_ADMINISTRATOR, lifetime=HOUR)
    made = await auth.links.make_first_administrator(token, auth.accounts, name="grace", password=PASSWORD)
    assert made.is_administrator
    assert await auth.accounts.first_administrator() == made
    assert await auth.accounts.authenticate("grace", PASSWORD, None) == made


async def test_a_mistake_in_the_form_leaves_the_link_good(auth: Auth) -> None:
    token = await auth.links.create(FIRST_ADMINISTRATOR, lifetime=HOUR)
    for name, password in (("Not A Name", PASSWORD), ("grace", "short")):
        with pytest.raises(InvalidInput):
            await auth.links.make_first_administrator(token, auth.accounts, name=name, password=password)
    made = await auth.links.make_first_administrator(token, auth.accounts, name="grace", password=None)
    assert made.name == "grace"


async def test_there_is_one_first_administrator(auth: Auth) -> None:
    token = await auth.links.create(FIRST_ADMINISTRATOR, lifetime=HOUR)
    results = await asyncio.gather(
        *(auth.links.make_first_administrator(token, auth.accounts, name=f"user{n}", password=None) for n in range(4)),
        return_exceptions=True,
    )
    assert [isinstance(result, Account) for result in results].count(True) == 1
    late = await auth.links.create(FIRST_ADMINISTRATOR, lifetime=HOUR)
    with pytest.raises(Conflict):
        await auth.links.make_first_administrator(late, auth.accounts, name="late", password=None)
    assert len(await auth.accounts.list()) == 1


async def test_a_sign_in_link_makes_no_administrator(auth: Auth, ada: Account) -> None:
    token = await auth.links.create(SIGN_IN, account_id=ada.id, lifetime=HOUR)
    with pytest.raises(Unauthenticated):
        await auth.links.make_first_administrator(token, auth.accounts, name="eve", password=None)
    assert (await auth.links.peek(token)).account_id == ada.id


async def test_a_sign_in_link_lets_its_account_in(auth: Auth, ada: Account) -> None:
    token = await auth.links.create(SIGN_IN, account_id=ada.id, lifetime=HOUR)
    assert await auth.links.let_in(token, auth.accounts) == ada
    with pytest.raises(Unauthenticated):
        await auth.links.let_in(token, auth.accounts)
    assert await auth.accounts.authenticate("ada", PASSWORD, None) == ada


async def test_link_and_password_go_together(auth: Auth, ada: Account) -> None:
    token = await auth.links.create(SIGN_IN, account_id=ada.id, lifetime=HOUR)
    with pytest.raises(InvalidInput):
        await auth.links.let_in(token, auth.accounts, password="short")
    passwords = [f"a password of tab {n}" for n in range(3)]
    results = await asyncio.gather(
        *(auth.links.let_in(token, auth.accounts, password=password) for password in passwords), return_exceptions=True
    )
    (winner,) = (place for place, result in enumerate(results) if isinstance(result, Account))
    assert await auth.accounts.authenticate("ada", passwords[winner], None) == ada


async def test_a_first_administrators_link_lets_nobody_in(auth: Auth) -> None:
    token = await auth.links.create(FIRST_ADMINISTRATOR, lifetime=HOUR)
    with pytest.raises(Unauthenticated):
        await auth.links.let_in(token, auth.accounts)
    assert (await auth.links.peek(token)).purpose == FIRST_ADMINISTRATOR
