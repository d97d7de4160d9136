"""Upkeep: what is over leaves the tables, and what is not stays."""

import pytest

from firefly.auth import SIGN_IN, Account, Identity
from firefly.auth import upkeep as module
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.support.waiting import eventually

from .conftest import Auth

TABLES = ("sessions", "sign_in_links", "preview_tickets", "rate_limits", "revocations")


async def counts(database: Database) -> dict[str, int]:
    async with database.connection() as connection:
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}


async def fill(auth: Auth, identity: Identity) -> None:
    account = identity.account
    await auth.links.create(SIGN_IN, account_id=account.id, lifetime=60)
    await auth.grants.issue_ticket(
        identity, host="x", project_id=account.id, policy_version=1, nonce_hash=auth.grants.hash_nonce("n")
    )
    await auth.accounts.authenticate(account.name, "correct horse battery", None)
    await auth.revocations.record("test", account_id=account.id)


async def test_what_is_over_leaves_the_tables(
    auth: Auth, signed_in: Identity, database: Database, clock: ManualClock
) -> None:
    await fill(auth, signed_in)
    await auth.upkeep.run()
    assert all((await counts(database)).values())
    clock.advance(31 * 86400)
    await auth.upkeep.run()
    assert not any((await counts(database)).values())


async def test_accounts_and_tokens_stay(auth: Auth, ada: Account, database: Database, clock: ManualClock) -> None:
    _, secret = await auth.tokens.create(ada, "for ever", {"read"})
    clock.advance(3650 * 86400)
    await auth.upkeep.run()
    assert (await auth.tokens.verify(secret)).account == ada


async def test_it_happens_by_itself(
    auth: Auth, other: Auth, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "INTERVAL", 0.02)
    clock.advance(400 * 86400)
    await other.upkeep.close()
    await other.upkeep.open()
    clock.advance(400 * 86400)
    await eventually(lambda: bool(other.keys.jwks()["keys"]))
    assert other.keys.current()


async def test_it_goes_on_after_what_nobody_expected(auth: Auth, other: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INTERVAL", 0.01)
    monkeypatch.setattr(module, "RETRY", 0.01)
    runs: list[int] = []

    async def sometimes() -> None:
        runs.append(len(runs))
        if len(runs) in (2, 3):
            raise OSError("a mistake")

    monkeypatch.setattr(other.upkeep, "run", sometimes)
    await other.upkeep.close()
    await other.upkeep.open()
    assert await eventually(lambda: len(runs) >= 5)
