"""What follows from a look at a domain's proof, and when the next one is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from firefly.domains import Domain, Kind, State, schedule
from firefly.domains.proof import Finding
from firefly.domains.schedule import after

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
THERE, ABSENT, UNKNOWN = Finding.THERE, Finding.ABSENT, Finding.UNKNOWN
DAY = timedelta(days=1)


def domain(state: State = State.PENDING) -> Domain:
    return Domain(
        id=uuid4(), project_id=uuid4(), host="www.example.org", kind=Kind.CUSTOM, port=None, state=state, reason="",
        token="the token", by="ada", added_at=NOW, proven_at=None, failing_since=None, checked_at=None,
        next_check=NOW, checks=0,
    )  # fmt: skip


@pytest.mark.parametrize("state", list(State))
def test_a_proof_puts_into_service_whatever_was_before(state: State) -> None:
    found = after(replace(domain(state), checks=7, failing_since=NOW, reason="It was gone."), THERE, "", NOW)
    assert (found.state, found.reason, found.checks, found.failing_since) == (State.ACTIVE, "", 0, None)
    assert (found.checked_at, found.proven_at, found.next_check) == (NOW, NOW, NOW + DAY)


@pytest.mark.parametrize("finding", [ABSENT, UNKNOWN])
def test_looks_at_what_is_pending_come_ever_more_seldom(finding: Finding) -> None:
    found, pauses = domain(), []
    for _ in range(14):
        found = after(found, finding, "Not there.", NOW)
        assert found.next_check is not None
        pauses.append(found.next_check - NOW)
    assert (found.state, found.reason) == (State.PENDING, "Not there.")
    assert pauses[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=12)


def test_nobody_looks_for_ever() -> None:
    found = after(domain(), ABSENT, "Not there.", NOW + 31 * DAY)
    assert (found.state, found.next_check) == (State.PENDING, None)
    assert found.reason.endswith("ask it to.")
    assert after(found, THERE, "", NOW + 90 * DAY).state is State.ACTIVE


@pytest.mark.parametrize(("finding", "days"), [(ABSENT, 3), (UNKNOWN, 14)])
def test_a_lost_proof_is_borne_with_for_some_days(finding: Finding, days: int) -> None:
    found = after(domain(State.ACTIVE), finding, "Not there.", NOW)
    assert (found.state, found.failing_since) == (State.FAILING, NOW)
    assert found.reason.startswith("Not there. The domain goes out of service on 2026-")
    found = after(found, finding, "Not there.", NOW + days * DAY - timedelta(minutes=1))
    assert (found.state, found.failing_since) == (State.FAILING, NOW)
    gone = after(found, finding, "Not there.", NOW + days * DAY)
    assert (gone.state, gone.reason) == (State.SUSPENDED, "Its proof is gone since 2026-11-20. Not there.")
    assert gone.next_check == NOW + days * DAY + schedule.FIRST_PAUSE


def test_a_dns_that_cannot_say_keeps_longer_but_not_what_is_gone() -> None:
    found = after(domain(State.ACTIVE), UNKNOWN, "No answer.", NOW)
    assert after(found, UNKNOWN, "No answer.", NOW + 10 * DAY).state is State.FAILING
    assert after(found, ABSENT, "Not there.", NOW + 10 * DAY).state is State.SUSPENDED


def test_what_is_suspended_is_looked_at_on() -> None:
    found = after(domain(State.SUSPENDED), ABSENT, "Not there.", NOW)
    assert (found.state, found.reason, found.checks) == (State.SUSPENDED, "Not there.", 1)
    assert found.next_check is not None


def test_what_was_taken_and_has_no_proof_any_more_waits_again() -> None:
    assert after(domain(State.TAKEN), ABSENT, "Not there.", NOW).state is State.PENDING
