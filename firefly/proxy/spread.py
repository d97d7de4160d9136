"""Targets of several members: which of them a request goes to, and which has failed too often to get any."""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import structlog

from firefly.routes import SandboxTarget, Spread

if TYPE_CHECKING:
    from .context import Context
    from .dialer import Dialer

# So many failures without an answer in between put a member out of service, for so many seconds at first and at most.
FAILURES = 3
PAUSE, LONGEST_PAUSE = 5.0, 300.0
# Pauses differ by so much, so that what failed together does not come back together.
JITTER = 0.2
# Health checks that fail one after another until a member is ill.
MISSES = 2
# At most this share of the members is out of service for its failures; of two, one may be.
MOST_OUT = 0.5
# One more member is woken when those that are awake have so many requests each.
WORTH_WAKING = 32
OUT = 1_000_000
# Seconds without a request after which the members are no longer looked at, and after which all is forgotten.
IN_USE, KEPT = 60.0, 600.0

log = structlog.get_logger()


class Member:
    __slots__ = ("check_at", "failures", "ill", "instance", "misses", "pause", "picked", "target", "until")

    def __init__(self, target: SandboxTarget) -> None:
        self.target = target
        self.failures = 0
        """Without an answer in between."""
        self.until = 0.0
        """Out of service until then, afterwards on trial; 0: neither."""
        self.pause = 0.0
        """How long it was out of service last."""
        self.ill = False
        """Its health checks fail."""
        self.misses = 0
        """Health checks that failed one after another."""
        self.check_at = 0.0
        """When it is to be looked at next."""
        self.instance: str | None = None
        """The run that all this was seen of; another one begins anew."""
        self.picked = 0
        """Turn in which it got a request last."""

    def begin_anew(self, instance: str) -> None:
        self.instance = instance
        self.failures = self.misses = 0
        self.until = self.pause = 0.0
        self.ill = False


class Balancer:
    """The members of one spread. Load is what is under way, tunnels included; idle connections are none."""

    def __init__(self, spread: Spread, context: "Context", dialer: "Dialer") -> None:
        self.health = spread.health
        self.members = [Member(target) for target in spread.members]
        self.used = context.now
        self._context = context
        self._dialer = dialer
        self._turn = 0

    def pick(self, tried: dict[Member, str | None]) -> Member | None:
        """The member that has least to do, among equals the one that waited longest, but no run that was `tried`.

        It is entered there.
        """
        best, least = None, 0
        for member in self.members:
            if member in tried and tried[member] == self._dialer.instance(member.target):
                continue
            load = self._load(member)
            if best is None or load < least or (load == least and member.picked < best.picked):
                best, least = member, load
        if best is not None:
            self.used = self._context.now
            self._turn += 1
            best.picked = self._turn
            tried[best] = self._dialer.instance(best.target)
        return best

    def could_serve(self, tried: dict[Member, str | None]) -> bool:
        """Whether a member that was not tried is awake and in service."""
        return any(self.serves(member) for member in self.members if member not in tried)

    def serves(self, member: Member) -> bool:
        """Whether it is awake and in service."""
        out = (member.until or member.ill) and not self._is_in_service(member, self._context.pool.load(member.target))
        return not out and self._dialer.is_awake(member.target)

    def failed(self, member: Member, why: str) -> None:
        """Note that a connection or a request to it failed."""
        self._is_another_run(member)
        slot = self._context.pool.slot(member.target)
        if slot is not None and slot.well:
            slot.well = False
            member.failures = 0
        member.failures += 1
        if member.failures >= FAILURES and not self._is_paused(member) and self._can_spare(member):
            self._take_out(member, why)

    def examined(self, member: Member, *, well: bool) -> None:
        """Note how a look at its health ended."""
        self._is_another_run(member)
        member.misses = 0 if well else member.misses + 1
        ill = not well and (member.ill or member.misses >= MISSES)
        if ill is not member.ill:
            member.ill = ill
            log.warning("member.ill" if ill else "member.well", target=repr(member.target))

    def _take_out(self, member: Member, why: str) -> None:
        now = self._context.now
        again = member.pause and now < member.until + member.pause
        member.pause = min(member.pause * 2, LONGEST_PAUSE) if again else PAUSE
        member.until = now + member.pause * random.uniform(1 - JITTER, 1 + JITTER)
        # The first failure after the pause begins the next one.
        member.failures = FAILURES - 1
        self._context.counters["ejected"] += 1
        log.warning("member.ejected", target=repr(member.target), pause=round(member.until - now, 1), why=why)

    def _can_spare(self, member: Member) -> bool:
        out = sum(self._is_paused(other) for other in self.members if other is not member)
        return out < max(1, int(len(self.members) * MOST_OUT)) and out + 1 < len(self.members)

    def _is_paused(self, member: Member) -> bool:
        return member.until > self._context.now

    def _load(self, member: Member) -> int:
        load = self._context.pool.load(member.target)
        if (member.until or member.ill) and not self._is_in_service(member, load):
            return load + OUT
        return load if self._dialer.is_awake(member.target) else load + WORTH_WAKING

    def _is_in_service(self, member: Member, load: int) -> bool:
        """Whether it may get a request though it failed: after its pause one, and all when that was answered."""
        if self._is_another_run(member):
            return True
        if member.ill or self._is_paused(member):
            return False
        slot = self._context.pool.slot(member.target)
        if slot is not None and slot.well:
            member.failures = 0
            member.until = 0.0
            return True
        return load == 0

    def _is_another_run(self, member: Member) -> bool:
        """Whether it is not the run any longer that failed; then nothing is held against it."""
        instance = self._dialer.instance(member.target)
        if instance is None or instance == member.instance:
            return False
        member.begin_anew(instance)
        return True


class Spreads:
    """What is known of all spreads that had requests lately."""

    def __init__(self, context: "Context", dialer: "Dialer") -> None:
        self._context = context
        self._dialer = dialer
        self._balancers: dict[Spread, Balancer] = {}
        self._found: dict[int, tuple[Spread, Balancer]] = {}
        """By `id(spread)`, to spare most requests the hashing of all members."""

    def find(self, spread: Spread) -> Balancer:
        known = self._found.get(id(spread))
        if known is not None and known[0] is spread:
            return known[1]
        balancer = self._balancers.get(spread)
        if balancer is None:
            balancer = self._balancers[spread] = Balancer(spread, self._context, self._dialer)
        self._found[id(spread)] = spread, balancer
        return balancer

    def in_use(self) -> Iterator[Balancer]:
        """Those that had a request just now."""
        return (b for b in self._balancers.values() if self._context.now - b.used < IN_USE)

    def sweep(self) -> None:
        """Forget what nobody asked for lately."""
        self._found.clear()
        for spread, balancer in list(self._balancers.items()):
            if self._context.now - balancer.used > KEPT:
                del self._balancers[spread]
