"""What follows from one look at a domain's proof: its next state, why, and when to look again."""

from dataclasses import replace
from datetime import datetime, timedelta

from .model import Domain, State
from .proof import Finding

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=12)
DAILY = timedelta(days=1)
# How long a domain stays in service without its proof; longer where the DNS does not say that it is gone.
GRACE, GRACE_UNKNOWN = timedelta(days=3), timedelta(days=14)
# Whoever has not proven it by then has forgotten it, and asks for a look when he remembers.
PATIENCE = timedelta(days=30)
STOPPED = "Firefly looks no longer by itself: ask it to."


def after(domain: Domain, finding: Finding, reason: str, now: datetime) -> Domain:
    """`reason` says what was found, for whatever is not there."""
    looked = replace(domain, checked_at=now)
    if finding is Finding.THERE:
        return replace(
            looked, state=State.ACTIVE, reason="", checks=0, proven_at=domain.proven_at or now,
            failing_since=None, next_check=now + DAILY,
        )  # fmt: skip
    failed = replace(looked, checks=domain.checks + 1, next_check=now + pause(domain.checks))
    if domain.state.is_served:
        return _without_proof(failed, finding, reason, now)
    if domain.state is State.SUSPENDED:
        return replace(failed, reason=reason)
    if now - domain.added_at > PATIENCE:
        return replace(failed, state=State.PENDING, reason=f"{reason} {STOPPED}", next_check=None)
    return replace(failed, state=State.PENDING, reason=reason)


def _without_proof(domain: Domain, finding: Finding, reason: str, now: datetime) -> Domain:
    since = domain.failing_since or now
    ends = since + (GRACE if finding is Finding.ABSENT else GRACE_UNKNOWN)
    if now >= ends:
        return suspended(
            replace(domain, failing_since=since), f"Its proof is gone since {since:%Y-%m-%d}. {reason}", now
        )
    told = f"{reason} The domain goes out of service on {ends:%Y-%m-%d at %H:%M} UTC unless its proof comes back."
    return replace(domain, state=State.FAILING, failing_since=since, reason=told)


def suspended(domain: Domain, reason: str, now: datetime) -> Domain:
    """Out of service; it comes back when its proof does."""
    return replace(domain, state=State.SUSPENDED, reason=reason, checks=1, checked_at=now, next_check=now + pause(0))


def taken(domain: Domain, now: datetime) -> Domain:
    """Proven, but another project shows it and has its proof too."""
    return replace(
        domain, state=State.TAKEN, checked_at=now, checks=domain.checks + 1, next_check=now + pause(domain.checks),
        reason="Another project shows this host, and has proven it first. Remove it there, or its record in the DNS.",
    )  # fmt: skip


def pause(checks: int) -> timedelta:
    """Growing with the number of failed looks before."""
    return min(FIRST_PAUSE * (1 << min(checks, 16)), LONGEST_PAUSE)
