"""One request's way through the members of a spread: on to the next one where that does no harm."""

from typing import TYPE_CHECKING

from firefly.routes import Spread

from . import delivery

if TYPE_CHECKING:
    from .connection import Connection
    from .spread import Balancer, Member

# Times as many runs as there are members may get a request and end over it, for one that ended may be back as another
# run, and the request may be what ended it. What reached nobody harms nobody: it is tried until its time is over.
ROUNDS = 2


def spread(client: "Connection", target: Spread, onward: bytes) -> None:
    """Send the request to the member that has least to do."""
    client.attempt = attempt = Attempt(client.context.spreads.find(target))
    attempt.go_on(client, onward)


class Attempt:
    __slots__ = ("_balancer", "_left", "_member", "_since", "_tried")

    def __init__(self, balancer: "Balancer") -> None:
        self._balancer = balancer
        self._left = len(balancer.members) * ROUNDS
        self._member: Member | None = None
        self._since = 0.0
        self._tried: dict[Member, str | None] = {}

    def go_on(self, client: "Connection", onward: bytes) -> bool:
        """Send the request to the next member; False when all runs that there are were tried, or enough of them."""
        member = self._balancer.pick(self._tried) if self._left else None
        if member is None:
            return False
        self._member = member
        self._since = client.context.now
        delivery.deliver(client, member.target, onward)
        return True

    def failed(self, why: str) -> None:
        """Note that the member did not answer as it should."""
        if self._member is not None:
            self._balancer.failed(self._member, why)

    def again(self, client: "Connection", onward: bytes, why: str, *, sent: bool) -> bool:
        """Note that the member failed, with the request `sent` or before; try another one. False: there is none."""
        self.failed(why)
        self._left -= sent
        if not self.go_on(client, onward):
            return False
        client.context.counters["moved"] += 1
        return True

    def moves_on(self, client: "Connection") -> bool:
        """Whether the request, which waits for a connection, went to another member because it waited too long."""
        wait, context = client.waits, client.context
        slow = context.now - self._since > context.limits.connect_time
        if wait is None or self._member is None or not slow or not self._balancer.could_serve(self._tried):
            return False
        delivery.give_up(client)
        return self.again(client, wait.onward, "It took no connection.", sent=False)
