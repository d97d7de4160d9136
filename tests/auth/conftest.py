"""The parts of auth, joined as the composition root joins them, on a real database and a clock turned by hand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from argon2 import PasswordHasher

from firefly.auth import (
    Account,
    Accounts,
    Identity,
    Passwords,
    PreviewGrants,
    RateLimiter,
    Revocations,
    Sessions,
    SigningKeys,
    SignInLinks,
    Tokens,
    Upkeep,
)
from firefly.bus import Bus
from firefly.secrets import Keyring
from firefly.store import Database
from firefly.testing.clock import ManualClock

ISSUER = "http://localhost:8000"
PASSWORD = "correct horse battery"
# Argon2 at a price that tests can pay; what it costs in earnest is measured in test_passwords.
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@dataclass(frozen=True)
class Auth:
    """One replica's parts."""

    revocations: Revocations
    limiter: RateLimiter
    accounts: Accounts
    keys: SigningKeys
    sessions: Sessions
    tokens: Tokens
    links: SignInLinks
    grants: PreviewGrants
    upkeep: Upkeep


def build(database: Database, bus: Bus, keyring: Keyring, clock: ManualClock) -> Auth:
    revocations = Revocations(database, bus, clock)
    limiter = RateLimiter(database, clock)
    keys = SigningKeys(database, keyring, clock)
    return Auth(
        revocations=revocations,
        limiter=limiter,
        accounts=Accounts(database, limiter, revocations, clock, Passwords(CHEAP)),
        keys=keys,
        sessions=Sessions(database, keyring, keys, revocations, clock, issuer=ISSUER),
        tokens=Tokens(database, revocations, clock),
        links=SignInLinks(database, clock),
        grants=PreviewGrants(database, keyring, revocations, clock),
        upkeep=Upkeep(database, keys, revocations, clock),
    )


@pytest.fixture
async def auth(database: Database, bus: Bus, keyring: Keyring, clock: ManualClock) -> AsyncIterator[Auth]:
    built = build(database, bus, keyring, clock)
    await built.upkeep.open()
    yield built
    await built.upkeep.close()


@pytest.fixture
async def other(auth: Auth, database: Database, bus: Bus, keyring: Keyring, clock: ManualClock) -> AsyncIterator[Auth]:
    """A second replica on the same database."""
    built = build(database, bus, keyring, clock)
    await built.upkeep.open()
    yield built
    await built.upkeep.close()


@pytest.fixture
async def ada(auth: Auth) -> Account:
    return await auth.accounts.create("ada", PASSWORD, "Ada Lovelace", "ada@example.org")


@pytest.fixture
async def signed_in(auth: Auth, ada: Account) -> Identity:
    cookies = await auth.sessions.open(ada, user_agent="Firefox", address="192.0.2.7")
    return auth.sessions.verify(cookies.access)
