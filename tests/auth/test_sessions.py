"""Sessions: what a browser's two cookies are good for, for how long, and how they end."""

import base64
import json
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firefly.auth import Account, Sessions
from firefly.auth.keys import SigningKey
from firefly.bus import Bus
from firefly.errors import DatabaseUnavailable, Unauthenticated
from firefly.secrets import Keyring
from firefly.store import Database
from firefly.testing.clock import ManualClock
from tests.support.waiting import eventually

from .conftest import ISSUER, Auth, build

MINUTE, DAY = 60, 86400


async def open_session(auth: Auth, account: Account) -> tuple[str, str]:
    cookies = await auth.sessions.open(account, user_agent="Firefox", address="192.0.2.7")
    return cookies.access, cookies.refresh


def is_good(sessions: Sessions, access: str) -> bool:
    try:
        sessions.verify(access)
    except Unauthenticated:
        return False
    return True


async def test_access_token_proves_the_account(auth: Auth, ada: Account) -> None:
    access, _ = await open_session(auth, ada)
    identity = auth.sessions.verify(access)
    assert identity.account == ada
    assert identity.via == "session"
    assert all(identity.has(scope) for scope in ("read", "write", "admin", "git", "preview:ada/site"))


async def test_access_token_ends_after_five_minutes(auth: Auth, ada: Account, clock: ManualClock) -> None:
    access, _ = await open_session(auth, ada)
    clock.advance(5 * MINUTE - 1)
    assert is_good(auth.sessions, access)
    clock.advance(1)
    assert not is_good(auth.sessions, access)


async def test_access_token_holds_without_the_database(auth: Auth, ada: Account, database: Database) -> None:
    access, refresh = await open_session(auth, ada)
    await database.close()
    assert is_good(auth.sessions, access)
    with pytest.raises(DatabaseUnavailable):
        await auth.sessions.refresh(refresh)


async def test_refresh_gives_new_cookies(auth: Auth, ada: Account, clock: ManualClock) -> None:
    access, refresh = await open_session(auth, ada)
    clock.advance(10 * MINUTE)
    fresh = await auth.sessions.refresh(refresh)
    assert fresh.refresh != refresh
    assert auth.sessions.verify(fresh.access).session_id
    assert not is_good(auth.sessions, access)


async def test_parallel_tabs_get_the_same_successor(auth: Auth, ada: Account, clock: ManualClock) -> None:
    _, refresh = await open_session(auth, ada)
    first = await auth.sessions.refresh(refresh)
    clock.advance(29)
    second = await auth.sessions.refresh(refresh)
    assert first.refresh == second.refresh
    assert is_good(auth.sessions, second.access)


async def test_reused_refresh_token_closes_the_session(auth: Auth, ada: Account, clock: ManualClock) -> None:
    _, stolen = await open_session(auth, ada)
    fresh = await auth.sessions.refresh(stolen)
    clock.advance(31)
    with pytest.raises(Unauthenticated):
        await auth.sessions.refresh(stolen)
    assert not is_good(auth.sessions, fresh.access)
    with pytest.raises(Unauthenticated):
        await auth.sessions.refresh(fresh.refresh)


async def test_older_refresh_token_closes_the_session_at_once(auth: Auth, ada: Account) -> None:
    _, oldest = await open_session(auth, ada)
    older = (await auth.sessions.refresh(oldest)).refresh
    await auth.sessions.refresh(older)
    with pytest.raises(Unauthenticated):
        await auth.sessions.refresh(oldest)
    assert await auth.sessions.list(ada.id) == []


async def test_session_ends_after_thirty_unused_days(auth: Auth, ada: Account, clock: ManualClock) -> None:
    _, refresh = await open_session(auth, ada)
    clock.advance(29 * DAY)
    await auth.keys.refresh()
    refresh = (await auth.sessions.refresh(refresh)).refresh
    clock.advance(30 * DAY)
    await auth.keys.refresh()
    with pytest.raises(Unauthenticated):
        await auth.sessions.refresh(refresh)


async def test_session_ends_after_half_a_year_of_use(auth: Auth, ada: Account, clock: ManualClock) -> None:
    _, refresh = await open_session(auth, ada)
    for _ in range(8):
        clock.advance(22 * DAY)
        await auth.keys.refresh()
        refresh = (await auth.sessions.refresh(refresh)).refresh
    clock.advance(5 * DAY)
    with pytest.raises(Unauthenticated):
        await auth.sessions.refresh(refresh)


async def test_sign_out_ends_access_at_once(auth: Auth, ada: Account) -> None:
    access, refresh = await open_session(auth, ada)
    kept, _ = await open_session(auth, ada)
    session_id = auth.sessions.verify(access).session_id
    assert session_id is not None
    await auth.sessions.close(session_id)
    assert not is_good(auth.sessions, access)
    assert is_good(auth.sessions, kept)
    with pytest.raises(Unauthenticated):
        await auth.sessions.refresh(refresh)


async def test_sign_out_everywhere_ends_every_session(auth: Auth, ada: Account, clock: ManualClock) -> None:
    first, second = await open_session(auth, ada), await open_session(auth, ada)
    await auth.sessions.close_all(ada.id)
    assert not is_good(auth.sessions, first[0])
    assert not is_good(auth.sessions, second[0])
    clock.advance(0.001)
    again, _ = await open_session(auth, ada)
    assert is_good(auth.sessions, again)


async def test_sign_out_reaches_other_replicas(auth: Auth, other: Auth, ada: Account) -> None:
    access, _ = await open_session(auth, ada)
    assert is_good(other.sessions, access)
    await auth.sessions.close_all(ada.id)
    await eventually(lambda: not is_good(other.sessions, access))


async def test_sign_out_survives_a_restart(
    auth: Auth, ada: Account, database: Database, bus: Bus, keyring: Keyring, clock: ManualClock
) -> None:
    access, _ = await open_session(auth, ada)
    await auth.sessions.close_all(ada.id)
    restarted = build(database, bus, keyring, clock)
    await restarted.upkeep.open()
    assert not is_good(restarted.sessions, access)
    await restarted.upkeep.close()


async def test_list_tells_where_somebody_is_signed_in(auth: Auth, ada: Account, clock: ManualClock) -> None:
    await open_session(auth, ada)
    clock.advance(60)
    await auth.sessions.open(ada, user_agent="curl\0" + "x" * 300, address=None)
    newest, oldest = await auth.sessions.list(ada.id)
    assert (oldest.user_agent, oldest.address) == ("Firefox", "192.0.2.7")
    assert len(newest.user_agent) <= 200
    assert "\0" not in newest.user_agent


async def test_closing_what_is_closed_does_nothing(auth: Auth, signed_in: object) -> None:
    await auth.sessions.close(uuid4())
    assert is_good(auth.sessions, "x") is False


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "\ud800", "." * 3000, "eyJhbGciOiJub25lIn0.e30."])
async def test_nonsense_is_no_session(auth: Auth, token: str) -> None:
    with pytest.raises(Unauthenticated):
        auth.sessions.verify(token)
    with pytest.raises(Unauthenticated):
        await auth.sessions.refresh(token)


async def test_forged_tokens_are_refused(auth: Auth, ada: Account) -> None:
    access, _ = await open_session(auth, ada)
    head = jwt.get_unverified_header(access)
    claims = jwt.decode(access, options={"verify_signature": False})
    foreign = Ed25519PrivateKey.generate()
    public = auth.keys.current().public.public_bytes_raw()
    forged = [
        jwt.encode(claims, foreign, algorithm="EdDSA", headers={"kid": head["kid"]}),
        jwt.encode(claims, foreign, algorithm="EdDSA", headers={"kid": "unknown"}),
        jwt.encode(claims, public, algorithm="HS256", headers={"kid": head["kid"]}),
        jwt.encode(claims, "", algorithm="none", headers={"kid": head["kid"]}),
    ]
    assert [is_good(auth.sessions, token) for token in forged] == [False] * 4


@pytest.mark.parametrize(
    "change", [{"iss": "http://elsewhere"}, {"aud": "other"}, {"sid": "1"}, {"exp": None}, {"sub": 7}, {"name": None}]
)
async def test_claims_of_others_are_refused(auth: Auth, ada: Account, change: dict[str, object]) -> None:
    access, _ = await open_session(auth, ada)
    claims = jwt.decode(access, options={"verify_signature": False}) | change
    claims = {name: value for name, value in claims.items() if value is not None}
    key = auth.keys.current()
    signed = jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": key.id})
    assert not is_good(auth.sessions, signed)


async def test_a_changed_byte_is_refused(auth: Auth, ada: Account) -> None:
    access, refresh = await open_session(auth, ada)
    head, body, signature = access.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    raised = base64.urlsafe_b64encode(json.dumps(claims | {"is_administrator": True}).encode()).rstrip(b"=").decode()
    assert not is_good(auth.sessions, f"{head}.{raised}.{signature}")
    raw = bytearray(base64.urlsafe_b64decode(refresh))
    raw[19] += 1
    with pytest.raises(Unauthenticated):
        await auth.sessions.refresh(base64.urlsafe_b64encode(raw).decode())
    assert len(await auth.sessions.list(ada.id)) == 1


async def test_refresh_tokens_hold_over_a_change_of_the_secret_key(
    auth: Auth, ada: Account, database: Database, bus: Bus, clock: ManualClock
) -> None:
    old, new = "the old key " * 4, "the new key " * 4
    before = build(database, bus, Keyring((old,)), clock)
    await before.keys.refresh()
    cookies = await before.sessions.open(ada, user_agent="", address=None)
    after = build(database, bus, Keyring((new, old)), clock)
    await after.keys.refresh()
    assert is_good(after.sessions, cookies.access)
    assert (await after.sessions.refresh(cookies.refresh)).access


async def test_issuer_is_the_installation(auth: Auth, ada: Account) -> None:
    access, _ = await open_session(auth, ada)
    claims = jwt.decode(access, options={"verify_signature": False})
    assert claims["iss"] == ISSUER
    assert claims["exp"] - claims["iat"] == pytest.approx(300)


async def test_peeking_spends_nothing(auth: Auth, ada: Account, clock: ManualClock) -> None:
    _, refresh = await open_session(auth, ada)
    for _ in range(3):
        assert (await auth.sessions.peek(refresh)).account == ada
    fresh = await auth.sessions.refresh(refresh)
    assert (await auth.sessions.peek(refresh)).account == ada
    clock.advance(31)
    with pytest.raises(Unauthenticated):
        await auth.sessions.peek(refresh)
    assert (await auth.sessions.peek(fresh.refresh)).account == ada


async def test_peeking_finds_no_closed_session(auth: Auth, ada: Account, clock: ManualClock) -> None:
    _, refresh = await open_session(auth, ada)
    clock.advance(31 * DAY)
    with pytest.raises(Unauthenticated):
        await auth.sessions.peek(refresh)
    _, refresh = await open_session(auth, ada)
    await auth.sessions.close_all(ada.id)
    with pytest.raises(Unauthenticated):
        await auth.sessions.peek(refresh)


async def test_a_refresh_on_its_way_does_not_outlive_a_sign_out(
    auth: Auth, ada: Account, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, refresh = await open_session(auth, ada)
    ready = auth.keys.ready

    async def sign_out_meanwhile() -> SigningKey:
        clock.advance(0.01)
        await auth.sessions.close_all(ada.id)
        clock.advance(0.01)
        return await ready()

    monkeypatch.setattr(auth.keys, "ready", sign_out_meanwhile)
    cookies = await auth.sessions.refresh(refresh)
    assert not is_good(auth.sessions, cookies.access)
