"""Accounts: names, passwords, the last administrator, and guessing."""

import asyncio
from uuid import uuid4

import pytest
from argon2 import PasswordHasher

from firefly.auth import Account, Accounts, Passwords
from firefly.errors import Conflict, InvalidInput, NameTaken, NotFound, RateLimited, Unauthenticated
from firefly.store import Database
from firefly.testing.clock import ManualClock

from .conftest import CHEAP, PASSWORD, Auth

ADDRESS = "192.0.2.7"


async def refused(auth: Auth, name: str, password: str, address: str | None = ADDRESS) -> str:
    with pytest.raises((Unauthenticated, RateLimited)) as caught:
        await auth.accounts.authenticate(name, password, address)
    return caught.value.detail


async def test_an_account_is_found_by_id_and_name(auth: Auth, ada: Account) -> None:
    assert await auth.accounts.get(ada.id) == ada
    assert await auth.accounts.by_name("ada") == ada
    assert await auth.accounts.list() == [ada]
    assert (ada.display_name, ada.email, ada.is_administrator) == ("Ada Lovelace", "ada@example.org", False)


async def test_what_is_not_there_is_not_found(auth: Auth) -> None:
    with pytest.raises(NotFound):
        await auth.accounts.get(uuid4())
    for name in ("ada", "", "A" * 500, "a\0b", "Ada"):
        assert await auth.accounts.by_name(name) is None


@pytest.mark.parametrize("name", ["", "Ada", "a--b", "-a", "a_b", "ädä", "a" * 64, "a b", "a\0", "new"])
async def test_names_that_break_the_rules(auth: Auth, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await auth.accounts.create(name, PASSWORD)
    assert caught.value.field == "name"


@pytest.mark.parametrize(
    ("display_name", "email", "field"),
    [
        ("x" * 81, None, "display_name"),
        ("\u202e evil", None, "display_name"),
        ("Ada", "ada", "email"),
        ("Ada", "@x.y", "email"),
        ("Ada", "a" * 250 + "@x.org", "email"),
    ],
)
async def test_details_that_break_the_rules(auth: Auth, display_name: str, email: str | None, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await auth.accounts.create("ada", PASSWORD, display_name, email)
    assert caught.value.field == field


async def test_a_name_is_given_once(auth: Auth) -> None:
    results = await asyncio.gather(*(auth.accounts.create("ada", PASSWORD) for _ in range(4)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Account", *["NameTaken"] * 3]
    with pytest.raises(NameTaken):
        await auth.accounts.create("ada", None)


async def test_the_right_password_proves_the_account(auth: Auth, ada: Account) -> None:
    assert await auth.accounts.authenticate("ada", PASSWORD, ADDRESS) == ada


async def test_unknown_and_wrong_look_the_same(auth: Auth, ada: Account) -> None:
    await auth.accounts.create("eve", None)
    answers = {
        await refused(auth, "ada", "wrong password"),
        await refused(auth, "nobody", "wrong password"),
        await refused(auth, "Not A Name\0", "wrong password"),
        await refused(auth, "eve", "wrong password"),
    }
    assert len(answers) == 1


async def test_guessing_is_stopped_and_starts_again_later(auth: Auth, ada: Account, clock: ManualClock) -> None:
    for _ in range(10):
        assert "wrong" in await refused(auth, "ada", "a guess of ten")
    assert "Too many" in await refused(auth, "ada", PASSWORD)
    clock.advance(91)
    assert await auth.accounts.authenticate("ada", PASSWORD, ADDRESS) == ada


async def test_a_guesser_does_not_lock_out_the_owner_elsewhere(auth: Auth, ada: Account) -> None:
    for _ in range(15):
        await refused(auth, "ada", "a guess of ten", "203.0.113.66")
    assert await auth.accounts.authenticate("ada", PASSWORD, ADDRESS) == ada


async def test_many_names_from_one_network_are_stopped(auth: Auth) -> None:
    answers = [await refused(auth, f"user{n}", "a guess of ten", f"2001:db8::{n:x}") for n in range(61)]
    assert "wrong" in answers[0]
    assert "Too many" in answers[-1]


async def test_simultaneous_guesses_are_all_counted(auth: Auth, ada: Account) -> None:
    answers = await asyncio.gather(*(refused(auth, "ada", "a guess of ten") for _ in range(25)))
    assert len([answer for answer in answers if "wrong" in answer]) == 10


async def test_success_forgives_what_was_mistyped(auth: Auth, ada: Account) -> None:
    for _ in range(3):
        for _ in range(8):
            await refused(auth, "ada", "mistyped again")
        assert await auth.accounts.authenticate("ada", PASSWORD, ADDRESS) == ada


async def test_a_new_password_replaces_the_old_one(auth: Auth, ada: Account) -> None:
    await auth.accounts.set_password(ada.id, "another long one")
    await refused(auth, "ada", PASSWORD)
    assert await auth.accounts.authenticate("ada", "another long one", ADDRESS) == ada
    with pytest.raises(NotFound):
        await auth.accounts.set_password(uuid4(), "another long one")


async def test_a_new_password_ends_the_other_sessions(auth: Auth, ada: Account, clock: ManualClock) -> None:
    mine, theirs = [await auth.sessions.open(ada, user_agent="", address=None) for _ in range(2)]
    kept = auth.sessions.verify(mine.access).session_id
    await auth.accounts.set_password(ada.id, "another long one", keep_session=kept)
    with pytest.raises(Unauthenticated):
        auth.sessions.verify(theirs.access)
    with pytest.raises(Unauthenticated):
        await auth.sessions.refresh(theirs.refresh)
    clock.advance(0.001)
    assert auth.sessions.verify((await auth.sessions.refresh(mine.refresh)).access).session_id == kept


async def test_the_last_administrator_stays_one(auth: Auth, ada: Account) -> None:
    grace = await auth.accounts.create("grace", None, is_administrator=True)
    with pytest.raises(Conflict, match="last administrator"):
        await auth.accounts.set_administrator(grace.id, False)
    assert (await auth.accounts.set_administrator(ada.id, True)).is_administrator
    results = await asyncio.gather(
        *(auth.accounts.set_administrator(id, False) for id in (ada.id, grace.id)), return_exceptions=True
    )
    assert [type(result) for result in results].count(Conflict) == 1
    assert await auth.accounts.first_administrator() is not None


async def test_a_new_role_counts_at_once(auth: Auth, ada: Account, clock: ManualClock) -> None:
    cookies = await auth.sessions.open(ada, user_agent="", address=None)
    _, secret = await auth.tokens.create(ada, "script", {"read"})
    assert not (await auth.tokens.verify(secret)).account.is_administrator
    await auth.accounts.set_administrator(ada.id, True)
    with pytest.raises(Unauthenticated):
        auth.sessions.verify(cookies.access)
    clock.advance(0.001)
    fresh = await auth.sessions.refresh(cookies.refresh)
    assert auth.sessions.verify(fresh.access).account.is_administrator
    assert (await auth.tokens.verify(secret)).account.is_administrator


async def test_a_cheaper_hash_is_replaced_at_sign_in(
    auth: Auth, ada: Account, database: Database, clock: ManualClock
) -> None:
    dearer = Passwords(PasswordHasher(time_cost=2, memory_cost=128, parallelism=1))
    accounts = Accounts(database, auth.limiter, auth.revocations, clock, dearer)
    async with database.connection() as connection:
        before = await connection.fetchval("SELECT password_hash FROM accounts")
        assert not CHEAP.check_needs_rehash(before)
        await accounts.authenticate("ada", PASSWORD, ADDRESS)
        after = await connection.fetchval("SELECT password_hash FROM accounts")
    assert "m=128" in after
    assert await accounts.authenticate("ada", PASSWORD, ADDRESS) == ada


async def test_passwords_are_stored_hashed(auth: Auth, ada: Account, database: Database) -> None:
    async with database.connection() as connection:
        stored = await connection.fetchval("SELECT accounts::text FROM accounts")
    assert "$argon2id$" in stored
    assert PASSWORD not in stored


async def test_a_password_that_is_changed_while_it_is_checked_is_wrong(
    auth: Auth, ada: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = auth.accounts._passwords.verify

    async def change_meanwhile(hashed: str | None, password: str) -> bool:
        found = await verify(hashed, password)
        await auth.accounts.set_password(ada.id, "another good password")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(auth.accounts._passwords, "verify", change_meanwhile)
        await refused(auth, "ada", PASSWORD)
    assert await auth.accounts.authenticate("ada", "another good password", ADDRESS) == ada
