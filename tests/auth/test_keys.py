"""Signing keys: there is always one, they change, and old ones are published as long as they matter."""

import asyncio
import json

import jwt
import pytest

from firefly.auth import Account, SigningKeys
from firefly.errors import Unauthenticated, Unavailable
from firefly.secrets import Keyring
from firefly.store import Database
from firefly.testing.clock import ManualClock

from .conftest import ISSUER, Auth

DAY = 86400


async def test_replicas_that_start_at_once_share_one_key(
    database: Database, keyring: Keyring, clock: ManualClock
) -> None:
    replicas = [SigningKeys(database, keyring, clock) for _ in range(4)]
    await asyncio.gather(*(replica.refresh() for replica in replicas))
    assert len({replica.current().id for replica in replicas}) == 1


async def test_keys_that_were_never_read_do_not_sign(database: Database, keyring: Keyring, clock: ManualClock) -> None:
    with pytest.raises(Unavailable):
        SigningKeys(database, keyring, clock).current()


async def test_the_next_key_is_published_before_it_signs(auth: Auth, clock: ManualClock) -> None:
    first = auth.keys.current().id
    clock.advance(29 * DAY)
    await auth.keys.refresh()
    published = [key["kid"] for key in auth.keys.jwks()["keys"]]
    assert len(published) == 2
    assert auth.keys.current().id == first
    clock.advance(DAY)
    assert auth.keys.current().id != first
    assert auth.keys.current().id in published


async def test_an_old_key_verifies_until_nothing_it_signed_lives(auth: Auth, ada: Account, clock: ManualClock) -> None:
    clock.advance(29 * DAY)
    await auth.keys.refresh()
    clock.advance(DAY - 60)
    cookies = await auth.sessions.open(ada, user_agent="", address=None)
    old = auth.keys.current().id
    clock.advance(120)
    assert auth.keys.current().id != old
    assert auth.sessions.verify(cookies.access).account == ada
    clock.advance(DAY)
    assert auth.keys.public_key(old) is None
    assert old not in [key["kid"] for key in auth.keys.jwks()["keys"]]


async def test_an_installation_that_slept_wakes_with_a_key(auth: Auth, ada: Account, clock: ManualClock) -> None:
    clock.advance(400 * DAY)
    with pytest.raises(Unavailable):
        auth.keys.current()
    cookies = await auth.sessions.open(ada, user_agent="", address=None)
    assert auth.sessions.verify(cookies.access).account == ada


async def test_others_can_verify_with_the_published_set(auth: Auth, ada: Account) -> None:
    cookies = await auth.sessions.open(ada, user_agent="", address=None)
    published = jwt.PyJWKSet.from_json(json.dumps(auth.keys.jwks()))
    key = published[jwt.get_unverified_header(cookies.access)["kid"]]
    claims = jwt.decode(cookies.access, key, algorithms=["EdDSA"], audience="firefly-session", issuer=ISSUER)
    assert claims["sub"] == str(ada.id)


async def test_only_the_public_half_is_published(auth: Auth) -> None:
    (published,) = auth.keys.jwks()["keys"]
    assert sorted(published) == ["alg", "crv", "kid", "kty", "use", "x"]


async def test_private_keys_are_stored_sealed(auth: Auth, database: Database) -> None:
    raw = auth.keys.current().private.private_bytes_raw()
    async with database.connection() as connection:
        stored = await connection.fetchval("SELECT sealed_key FROM signing_keys")
    assert raw not in stored


async def test_a_replaced_secret_key_makes_new_keys_and_ends_old_sessions(
    auth: Auth, ada: Account, database: Database, clock: ManualClock
) -> None:
    cookies = await auth.sessions.open(ada, user_agent="", address=None)
    replaced = SigningKeys(database, Keyring(("quite another root key, long enough",)), clock)
    await replaced.refresh()
    assert replaced.current().id != auth.keys.current().id
    assert replaced.public_key(jwt.get_unverified_header(cookies.access)["kid"]) is None


async def test_a_key_put_into_the_table_by_hand_is_not_believed(
    auth: Auth, database: Database, clock: ManualClock
) -> None:
    async with database.connection() as connection:
        await connection.execute("INSERT INTO signing_keys SELECT 'forged', sealed_key, signs_from, signs_until,"
                                 " expires_at FROM signing_keys")  # fmt: skip
    await auth.keys.refresh()
    assert auth.keys.public_key("forged") is None
    with pytest.raises(Unauthenticated):
        auth.sessions.verify(jwt.encode({"sub": "x"}, "", algorithm="none", headers={"kid": "forged"}))
