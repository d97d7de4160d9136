"""What passed, by kind of route: plain numbers that requests add to, and that are read once in a while."""

from collections.abc import Iterator, Sequence
from typing import Final

from firefly.routes import AppTarget, BridgeTarget, PagesTarget, SandboxTarget, Target

# Of requests that ended without an answer of their own: the client left first. No status of HTTP has this number.
LEFT: Final = 499
# Durations are counted by how many bits their microseconds have: up to 2, 4, 8, … µs, and 2^28 µs are 268 s.
SPANS: Final = 29
KINDS: Final = ("app", "preview", "port", "bridge", "none")
"""What requests are for; `none`: the front door answered by itself."""


class Tally:
    """Requests of one kind: `members` and `guests` by status, bytes that were passed on, durations of some."""

    __slots__ = ("guests", "kind", "members", "open", "received", "seconds", "sent", "spans")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.members = [0] * 600
        self.guests = [0] * 600
        self.open = 0
        """Connections to targets that have requests or wait for one; tunnels have their own."""
        self.received = 0
        """Bytes for targets, heads with what was added to them."""
        self.sent = 0
        """Bytes for clients."""
        self.spans = [0] * SPANS
        """How many requests took so long; what was looked at stands for all."""
        self.seconds = 0.0
        """How long those took together."""

    def time(self, seconds: float, weight: int) -> None:
        """So many requests took about so long."""
        self.spans[span(seconds)] += weight
        self.seconds += seconds * weight

    def requests(self) -> Iterator[tuple[str, str, int]]:
        """How many there were of members and guests, by class of status."""
        for visitor, statuses in (("member", self.members), ("guest", self.guests)):
            for first in range(100, 600, 100):
                yield visitor, f"{first // 100}xx", sum(statuses[first : first + 100])

    @property
    def total(self) -> int:
        return sum(self.members) + sum(self.guests)

    @property
    def errors(self) -> int:
        return sum(self.members[500:]) + sum(self.guests[500:])


def kind_of(target: Target) -> str:
    match target:
        case AppTarget():
            return "app"
        case BridgeTarget():
            return "bridge"
        case SandboxTarget(port=None) | PagesTarget():
            return "preview"
        case _:
            return "port"


def span(seconds: float) -> int:
    """Where a duration is counted."""
    return min(int(seconds * 1e6).bit_length(), SPANS - 1)


def at_most(index: int) -> float:
    """The longest duration that is counted there, in seconds."""
    return float(1 << index) / 1e6


def quantile(spans: Sequence[int], part: float) -> float:
    """The duration that `part` of all stayed within, in seconds, evened out inside its span; 0 where there was none."""
    wanted = part * sum(spans)
    for index, number in enumerate(spans):
        if number and wanted <= number:
            low = at_most(index - 1) if index else 0.0
            return low + (at_most(index) - low) * wanted / number
        wanted -= number
    return 0.0
