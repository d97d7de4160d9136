"""Preview grants: only the browser that asked, on the host that it asked for, for as long as it is allowed."""

import asyncio
import base64
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from firefly.auth import Account, Grant, Holder, Identity, Kind, Revocation
from firefly.errors import Forbidden, Unauthenticated
from firefly.secrets import Keyring
from firefly.testing.clock import ManualClock
from tests.support.waiting import eventually

from .conftest import Auth, build

HOST, NONCE = "site--ada.preview.localhost:8000", "a nonce from the cookie"
PROJECT = UUID(int=7)


async def ticket(auth: Auth, identity: Identity, *, project: UUID = PROJECT, version: int = 3) -> str:
    return await auth.grants.issue_ticket(
        identity, host=HOST, project_id=project, policy_version=version, nonce_hash=auth.grants.hash_nonce(NONCE)
    )


async def grant(auth: Auth, identity: Identity, *, project: UUID = PROJECT, version: int = 3) -> bytes:
    issued = await ticket(auth, identity, project=project, version=version)
    return auth.grants.seal(await auth.grants.redeem_ticket(issued, host=HOST, nonce=NONCE)).encode()


def check(auth: Auth, value: bytes, *, project: UUID = PROJECT, version: int = 3) -> Grant | None:
    return auth.grants.verify(value, project, version)


async def test_ticket_and_nonce_give_a_grant(auth: Auth, signed_in: Identity) -> None:
    found = check(auth, await grant(auth, signed_in))
    assert found is not None
    assert (found.account_id, found.session_id) == (signed_in.account.id, signed_in.session_id)
    assert (found.project_id, found.policy_version) == (PROJECT, 3)


async def test_a_ticket_is_good_once(auth: Auth, signed_in: Identity) -> None:
    issued = await ticket(auth, signed_in)
    results = await asyncio.gather(
        *(auth.grants.redeem_ticket(issued, host=HOST, nonce=NONCE) for _ in range(4)), return_exceptions=True
    )
    assert [isinstance(result, Grant) for result in results].count(True) == 1


@pytest.mark.parametrize(
    ("host", "nonce"), [("other--ada.preview.localhost:8000", NONCE), (HOST, "another nonce"), (HOST, "")]
)
async def test_a_ticket_of_another_host_or_browser_is_spent_in_vain(
    auth: Auth, signed_in: Identity, host: str, nonce: str
) -> None:
    issued = await ticket(auth, signed_in)
    for attempt in ((host, nonce), (HOST, NONCE)):
        with pytest.raises(Unauthenticated):
            await auth.grants.redeem_ticket(issued, host=attempt[0], nonce=attempt[1])


async def test_a_ticket_lives_thirty_seconds(auth: Auth, signed_in: Identity, clock: ManualClock) -> None:
    early, late = await ticket(auth, signed_in), await ticket(auth, signed_in)
    clock.advance(29)
    assert await auth.grants.redeem_ticket(early, host=HOST, nonce=NONCE)
    clock.advance(1)
    with pytest.raises(Unauthenticated):
        await auth.grants.redeem_ticket(late, host=HOST, nonce=NONCE)


async def test_a_token_opens_no_browser(auth: Auth, ada: Account) -> None:
    _, secret = await auth.tokens.create(ada, "script", {"admin"})
    with pytest.raises(Forbidden):
        await ticket(auth, await auth.tokens.verify(secret))


async def test_a_grant_is_for_one_project_at_one_version_of_its_policy(auth: Auth, signed_in: Identity) -> None:
    value = await grant(auth, signed_in)
    assert check(auth, value)
    assert not check(auth, value, project=uuid4())
    assert not check(auth, value, version=2)
    assert not check(auth, value, version=4)


async def test_a_cookie_ends_after_an_hour(auth: Auth, signed_in: Identity, clock: ManualClock) -> None:
    value = await grant(auth, signed_in)
    clock.advance(3599)
    assert check(auth, value)
    clock.advance(1)
    assert not check(auth, value)


async def test_a_grant_that_is_used_is_renewed_for_twelve_hours(
    auth: Auth, signed_in: Identity, clock: ManualClock
) -> None:
    value = await grant(auth, signed_in)
    first = check(auth, value)
    assert first is not None
    assert not first.is_due
    for _ in range(12):
        clock.advance(3590)
        due = check(auth, value)
        assert due is not None
        assert due.is_due
        assert due.id == first.id
        value = auth.grants.seal(auth.grants.renew(due)).encode()
    clock.advance(119)
    assert check(auth, value)
    clock.advance(1)
    assert not check(auth, value)


async def test_a_grant_at_its_end_is_not_due_for_ever(auth: Auth, signed_in: Identity, clock: ManualClock) -> None:
    made = auth.grants.make(Kind.LINK, PROJECT, 3, ends_at=clock.now() + timedelta(minutes=30))
    value = auth.grants.seal(made).encode()
    clock.advance(1799)
    found = check(auth, value)
    assert found is not None
    assert not found.is_due
    clock.advance(1)
    assert not check(auth, value)


@pytest.mark.parametrize("kind", list(Kind))
async def test_what_a_grant_says_survives_its_cookie(auth: Auth, clock: ManualClock, kind: Kind) -> None:
    account = uuid4() if kind in (Kind.MEMBER, Kind.PERSON) else None
    made = auth.grants.make(kind, PROJECT, 3, source_id=None if kind is Kind.MEMBER else uuid4(), account_id=account)
    found = check(auth, auth.grants.seal(made).encode())
    assert found is not None
    for name in ("id", "kind", "source_id", "account_id", "session_id", "is_member"):
        assert getattr(found, name) == getattr(made, name)
    assert found.is_member is (kind is Kind.MEMBER)
    assert found.ends_at == pytest.approx(made.ends_at, abs=1e-5)


async def test_one_grant_or_all_that_rest_on_something_are_ended_by_id(auth: Auth, clock: ManualClock) -> None:
    link, other = uuid4(), uuid4()
    first, second = (auth.grants.make(Kind.LINK, PROJECT, 3, source_id=link) for _ in range(2))
    third = auth.grants.make(Kind.LINK, PROJECT, 3, source_id=other)
    fourth = auth.grants.make(Kind.LINK, UUID(int=8), 3, source_id=other)
    one, two, three = (auth.grants.seal(made).encode() for made in (first, second, third))
    elsewhere = auth.grants.seal(fourth).encode()
    assert check(auth, one)
    await auth.grants.revoke("this one", grant_id=first.id)
    assert [bool(check(auth, value)) for value in (one, two, three)] == [False, True, True]
    await auth.grants.revoke("the link", grant_id=link)
    assert [bool(check(auth, value)) for value in (one, two, three)] == [False, False, True]
    await auth.grants.revoke("the project", grant_id=PROJECT)
    assert [bool(check(auth, value)) for value in (one, two, three)] == [False, False, False]
    assert check(auth, elsewhere, project=UUID(int=8))


async def test_a_grant_that_ended_cannot_be_recalled_and_one_that_only_expired_can(
    auth: Auth, clock: ManualClock
) -> None:
    made = auth.grants.make(Kind.LINK, PROJECT, 3, source_id=uuid4(), ends_at=clock.now() + timedelta(days=3))
    value = auth.grants.seal(made).encode()
    clock.advance(7200)
    assert not check(auth, value)
    assert auth.grants.recall(value, PROJECT, 3) is not None
    assert auth.grants.recall(value, PROJECT, 4) is None
    assert auth.grants.recall(value, UUID(int=8), 3) is None
    # Not the last character, some of whose bits mean nothing.
    assert auth.grants.recall((b"B" if value.startswith(b"A") else b"A") + value[1:], PROJECT, 3) is None
    await auth.grants.revoke("ended", grant_id=made.id)
    assert auth.grants.recall(value, PROJECT, 3) is None


async def test_ending_a_grant_ends_no_stream_and_no_tunnel_of_the_app(auth: Auth, ada: Account) -> None:
    seen: list[Revocation] = []
    auth.revocations.on_record(seen.append)
    await auth.grants.revoke("this one", grant_id=uuid4())
    assert {revocation.ends(Holder(ada.id, project_id=PROJECT)) for revocation in seen} == {False}


async def test_sign_out_ends_its_grants(auth: Auth, signed_in: Identity) -> None:
    value = await grant(auth, signed_in)
    assert signed_in.session_id
    await auth.sessions.close(signed_in.session_id)
    assert not check(auth, value)


async def test_sign_out_between_ticket_and_grant_counts(auth: Auth, signed_in: Identity, clock: ManualClock) -> None:
    issued = await ticket(auth, signed_in)
    clock.advance(1)
    await auth.sessions.close_all(signed_in.account.id)
    with pytest.raises(Unauthenticated):
        await auth.grants.redeem_ticket(issued, host=HOST, nonce=NONCE)


async def test_leaving_a_project_ends_the_grants_for_it_alone(
    auth: Auth, signed_in: Identity, clock: ManualClock
) -> None:
    elsewhere = UUID(int=8)
    here, there = await grant(auth, signed_in), await grant(auth, signed_in, project=elsewhere)
    await auth.grants.revoke("left", account_id=signed_in.account.id, project_id=PROJECT)
    assert not check(auth, here)
    assert check(auth, there, project=elsewhere)
    clock.advance(0.001)
    assert check(auth, await grant(auth, signed_in))


async def test_a_project_can_end_all_grants_for_it(auth: Auth, signed_in: Identity) -> None:
    value = await grant(auth, signed_in)
    await auth.grants.revoke("made private", project_id=PROJECT)
    assert not check(auth, value)


async def test_revoking_nothing_is_a_mistake(auth: Auth) -> None:
    with pytest.raises(ValueError, match="nothing"):
        await auth.grants.revoke("no reason")


async def test_revocations_reach_other_replicas(auth: Auth, other: Auth, signed_in: Identity) -> None:
    value = await grant(auth, signed_in)
    assert check(other, value)
    await auth.grants.revoke("left", account_id=signed_in.account.id)
    await eventually(lambda: not check(other, value))


async def test_every_changed_byte_is_refused(auth: Auth, signed_in: Identity) -> None:
    value = await grant(auth, signed_in)
    raw = base64.urlsafe_b64decode(value + b"=" * (-len(value) % 4))
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        assert not check(auth, base64.urlsafe_b64encode(changed).rstrip(b"=")), place


@pytest.mark.parametrize("value", [b"", b"x", b"=", b"\xff\xfe", b"a" * 204, b"a" * 100_000, b"a b", b"-_" * 50])
async def test_nonsense_is_no_grant(auth: Auth, value: bytes) -> None:
    assert check(auth, value) is None


async def test_a_grant_of_another_installation_is_refused(auth: Auth, signed_in: Identity, clock: ManualClock) -> None:
    elsewhere = build(auth.accounts._db, auth.revocations._bus, Keyring(("x" * 40,)), clock)
    value = await grant(auth, signed_in)
    assert elsewhere.grants.verify(value, PROJECT, 3) is None


async def test_access_that_ends_between_the_check_and_the_ticket_counts(
    auth: Auth, signed_in: Identity, clock: ManualClock
) -> None:
    clock.advance(1)
    checked_at = clock.now()
    clock.advance(0.01)
    await auth.grants.revoke("access changed", project_id=PROJECT, account_id=signed_in.account.id)
    clock.advance(0.01)
    issued = await auth.grants.issue_ticket(
        signed_in,
        host=HOST,
        project_id=PROJECT,
        policy_version=3,
        nonce_hash=auth.grants.hash_nonce(NONCE),
        checked_at=checked_at,
    )
    with pytest.raises(Unauthenticated):
        await auth.grants.redeem_ticket(issued, host=HOST, nonce=NONCE)
    assert check(auth, await grant(auth, signed_in)) is not None, "a later check stands"
