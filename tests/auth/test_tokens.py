"""API tokens: scopes, expiry, revocation everywhere, the bootstrap token."""

from datetime import timedelta

import pytest

from firefly.audit import Audit
from firefly.auth import Account
from firefly.errors import DatabaseUnavailable, InvalidInput, NotFound, Unauthenticated
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.support.waiting import eventually

from .conftest import Auth

BOOTSTRAP = "ffp_" + "0123456789" * 4


async def is_good(auth: Auth, secret: str) -> bool:
    try:
        await auth.tokens.verify(secret)
    except Unauthenticated:
        return False
    return True


async def test_a_token_proves_its_account_and_scopes(auth: Auth, ada: Account) -> None:
    token, secret = await auth.tokens.create(ada, "laptop", {"write"})
    identity = await auth.tokens.verify(secret)
    assert (identity.account, identity.via, identity.token_id) == (ada, "token", token.id)
    assert identity.scopes == {"write"}
    assert secret.startswith("ffp_")


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\0b", "a\nb"])
async def test_names_are_checked(auth: Auth, ada: Account, name: str) -> None:
    with pytest.raises(InvalidInput):
        await auth.tokens.create(ada, name, {"read"})


async def test_a_token_ends_when_it_says(auth: Auth, ada: Account, clock: ManualClock) -> None:
    _, secret = await auth.tokens.create(ada, "short", {"read"}, clock.now() + timedelta(seconds=5))
    assert await is_good(auth, secret)
    clock.advance(5)
    assert not await is_good(auth, secret)
    assert await auth.tokens.list(ada.id) == []


async def test_a_token_is_not_made_for_the_past(auth: Auth, ada: Account, clock: ManualClock) -> None:
    for moment in (clock.now(), clock.now().replace(tzinfo=None) + timedelta(days=1)):
        with pytest.raises(InvalidInput) as caught:
            await auth.tokens.create(ada, "late", {"read"}, moment)
        assert caught.value.field == "expires_at"


async def test_revoking_counts_at_once(auth: Auth, ada: Account) -> None:
    token, secret = await auth.tokens.create(ada, "laptop", {"read"})
    assert await is_good(auth, secret)
    await auth.tokens.revoke(token.id)
    assert not await is_good(auth, secret)
    with pytest.raises(NotFound):
        await auth.tokens.revoke(token.id)


async def test_revoking_reaches_other_replicas(auth: Auth, other: Auth, ada: Account) -> None:
    token, secret = await auth.tokens.create(ada, "laptop", {"read"})
    assert await is_good(other, secret)

    await auth.tokens.revoke(token.id)

    async def refused() -> bool:
        return not await is_good(other, secret)

    await eventually(refused)


async def test_a_known_token_costs_no_query_for_seconds(
    auth: Auth, ada: Account, database: Database, clock: ManualClock
) -> None:
    _, secret = await auth.tokens.create(ada, "laptop", {"read"})
    await auth.tokens.verify(secret)
    await database.close()
    assert await is_good(auth, secret)
    clock.advance(11)
    with pytest.raises(DatabaseUnavailable):
        await auth.tokens.verify(secret)


async def test_use_is_noted(auth: Auth, ada: Account, clock: ManualClock) -> None:
    _, secret = await auth.tokens.create(ada, "laptop", {"read"})
    assert (await auth.tokens.list(ada.id))[0].last_used_at is None
    await auth.tokens.verify(secret)
    assert (await auth.tokens.list(ada.id))[0].last_used_at == clock.now()


async def test_secrets_are_stored_hashed(auth: Auth, ada: Account, database: Database) -> None:
    _, secret = await auth.tokens.create(ada, "laptop", {"read"})
    async with database.connection() as connection:
        stored = await connection.fetchval("SELECT tokens::text FROM tokens")
    assert secret not in stored
    assert secret.removeprefix("ffp_") not in stored


@pytest.fixture
def audit(database: Database) -> Audit:
    return Audit(database)


@pytest.mark.parametrize("secret", ["", "x", "ffp_", "ffp_" + "0" * 48, "\0", "\ud800", "x" * 10_000])
async def test_nonsense_is_no_token(auth: Auth, secret: str) -> None:
    assert not await is_good(auth, secret)


async def test_bootstrap_token_is_the_first_administrator(auth: Auth, audit: Audit) -> None:
    await auth.tokens.ensure_bootstrap(BOOTSTRAP, audit)
    await auth.tokens.ensure_bootstrap(BOOTSTRAP, audit)
    identity = await auth.tokens.verify(BOOTSTRAP)
    assert identity.account.is_administrator
    assert identity.has("admin")
    assert identity.has("preview:ada/site")
    assert len(await auth.tokens.list(identity.account.id)) == 1


async def test_bootstrap_token_takes_the_administrator_that_is_there(auth: Auth, audit: Audit) -> None:
    grace = await auth.accounts.create("grace", None, is_administrator=True)
    await auth.tokens.ensure_bootstrap(BOOTSTRAP, audit)
    assert (await auth.tokens.verify(BOOTSTRAP)).account == grace


async def test_a_changed_bootstrap_token_revokes_the_old_one(auth: Auth, audit: Audit) -> None:
    await auth.tokens.ensure_bootstrap(BOOTSTRAP, audit)
    assert await is_good(auth, BOOTSTRAP)
    await auth.tokens.ensure_bootstrap(BOOTSTRAP[::-1], audit)
    assert not await is_good(auth, BOOTSTRAP)
    assert await is_good(auth, BOOTSTRAP[::-1])
    await auth.tokens.ensure_bootstrap("", audit)
    assert not await is_good(auth, BOOTSTRAP[::-1])
    actions = [(entry.actor, entry.action, entry.detail["name"]) for entry in reversed(await audit.list())]
    made, revoked = ((None, f"token.{verb}", "FIREFLY_BOOTSTRAP_TOKEN") for verb in ("created", "revoked"))
    assert actions == [made, revoked, made, revoked]
    assert BOOTSTRAP not in repr(await audit.list())


async def test_a_bootstrap_token_that_could_be_guessed_is_refused(auth: Auth, audit: Audit) -> None:
    with pytest.raises(InvalidInput, match="FIREFLY_BOOTSTRAP_TOKEN"):
        await auth.tokens.ensure_bootstrap("secret", audit)
