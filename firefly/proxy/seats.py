"""Seats: what client connections take up, from their acceptance to their end, tunnels included."""

from firefly.addresses import is_loopback, network_of

from .forwarded import UNKNOWN, TrustedProxies
from .limits import Limits


class Tally:
    """How many there are of each name, `most` at one time; names that nobody holds are forgotten."""

    __slots__ = ("_counts", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: dict[str, int] = {}

    def move(self, old: str, new: str) -> bool:
        """One less of `old` and one more of `new`; False, and nothing changes, where `new` has its fill.

        The empty name stands for nobody.
        """
        if old == new:
            return True
        counts = self._counts
        if new:
            count = counts.get(new, 0)
            if count >= self._most:
                return False
            counts[new] = count + 1
        if old:
            counts[old] -= 1
            if not counts[old]:
                del counts[old]
        return True

    def __len__(self) -> int:
        return len(self._counts)


class Seats:
    """All seats of one front door. Those of the machine itself and of trusted proxies are not counted by address."""

    def __init__(self, limits: Limits, proxies: TrustedProxies) -> None:
        self.taken = 0
        self.addresses = Tally(limits.address_connections)
        self.hosts = Tally(limits.host_connections)
        self._most = limits.connections
        self._proxies = proxies

    def take(self, address: str) -> "Seat | None":
        """A seat for a connection from `address`; None where none is left, in all or for this address."""
        seat = Seat(self)
        if self.taken >= self._most or not seat.belong(address):
            return None
        self.taken += 1
        return seat

    def visitor(self, address: str) -> str:
        """What counts as one visitor; empty for what is not counted."""
        if address == UNKNOWN or is_loopback(address) or self._proxies.trusts(address):
            return ""
        return network_of(address)


class Seat:
    """One connection's: counted for one address and one host at a time, those of its latest request."""

    __slots__ = ("_address", "_left", "_seats", "_visitor", "host")

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._address = self._visitor = ""
        self._left = False
        self.host = ""

    def belong(self, address: str) -> bool:
        """Count it for `address`; False, and nothing changes, where that has its fill."""
        if address != self._address:
            visitor = self._seats.visitor(address)
            if not self._seats.addresses.move(self._visitor, visitor):
                return False
            self._address, self._visitor = address, visitor
        return True

    def show(self, host: str) -> bool:
        """Count it for `host`; False, and nothing changes, where that has its fill."""
        if not self._seats.hosts.move(self.host, host):
            return False
        self.host = host
        return True

    def leave(self) -> None:
        """Give it back."""
        if not self._left:
            self._left = True
            self._seats.taken -= 1
            self._seats.addresses.move(self._visitor, "")
            self._seats.hosts.move(self.host, "")
