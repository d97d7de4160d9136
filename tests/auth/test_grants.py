"""Preview grants: only the browser that asked, on the host that it asked for, for as long as it is allowed."""

import asyncio
import base64
import timeit
from uuid import UUID, uuid4

import pytest

from firefly.auth import Account, Grant, Identity
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
    return (await auth.grants.redeem_ticket(issued, host=HOST, nonce=NONCE)).encode()


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
    assert [isinstance(result, str) for result in results].count(True) == 1


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


async def test_a_grant_ends_after_twelve_hours(auth: Auth, signed_in: Identity, clock: ManualClock) -> None:
    value = await grant(auth, signed_in)
    clock.advance(12 * 3600 - 1)
    assert check(auth, value)
    clock.advance(1)
    assert not check(auth, value)


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


@pytest.mark.parametrize("value", [b"", b"x", b"=", b"\xff\xfe", b"a" * 170, b"a" * 100_000, b"a b", b"-_" * 50])
async def test_nonsense_is_no_grant(auth: Auth, value: bytes) -> None:
    assert check(auth, value) is None


async def test_a_grant_of_another_installation_is_refused(auth: Auth, signed_in: Identity, clock: ManualClock) -> None:
    elsewhere = build(auth.accounts._db, auth.revocations._bus, Keyring(("x" * 40,)), clock)
    value = await grant(auth, signed_in)
    assert elsewhere.grants.verify(value, PROJECT, 3) is None


async def test_a_known_grant_is_checked_in_microseconds(auth: Auth, signed_in: Identity) -> None:
    value = await grant(auth, signed_in)
    seconds = min(timeit.repeat(lambda: check(auth, value), number=2000, repeat=5)) / 2000
    assert seconds < 20e-6


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
