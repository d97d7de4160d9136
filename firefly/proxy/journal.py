"""The access log, and what else is made of single requests: how long they took, who asks most, what failed last.

Nothing of a query, a cookie, a field or a path that opens something is kept.
"""

import time
from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import structlog

from firefly.log import shown_path
from firefly.routes import Access, Route

from .heads import Head
from .heavy import Talkers
from .sampling import Sampling
from .tally import Tally

if TYPE_CHECKING:
    from .connection import Connection
    from .hosts import Hosts

Mode: TypeAlias = Literal["off", "sampled", "all"]

TICK: Final = 0.25
"""Seconds between two calls of `tick`."""
SLOW: Final = 1.0
"""Seconds from which on every request has a line."""
LONGEST_PATH: Final = 256
LONGEST_REASON: Final = 200
LAST_FAILURES: Final = 50
# Errors and slow requests are written beside the sample: so many times its rate at most.
EXCEPTIONS: Final = 10

_PART: Final = round(10 / TICK)

log = structlog.get_logger()


class Look:
    """What is noted of one request that is looked at; `weight` says how many it stands for, 0: for none but itself."""

    __slots__ = ("began", "first", "reached", "weight")

    def __init__(self, began: float, weight: int) -> None:
        self.began = began
        self.weight = weight
        self.reached = began
        """When its target had been dialed."""
        self.first: float | None = None
        """When the first byte of an answer came that came in parts."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that got no proper answer from its target; `at` in seconds since 1970."""

    at: float
    host: str
    kind: str
    reason: str
    request_id: str


class Journal:
    """`rate` requests a second are looked at, beside those that fail or take long; `mode` says what is written."""

    def __init__(self, mode: Mode = "sampled", *, rate: int = 50) -> None:
        self._writes = mode != "off"
        self._sampling = Sampling(None if mode == "all" else rate, ticks=1 / TICK)
        self._most = round(rate * EXCEPTIONS * TICK) if mode != "all" else None
        self._lines = 0
        self._ticks = 0
        self._hosts: Hosts
        self.left_out = 0
        """Lines of errors and slow requests that were too many."""
        self.hosts = Talkers()
        self.clients = Talkers()
        self.failures: deque[Failure] = deque(maxlen=LAST_FAILURES)

    def open(self, hosts: "Hosts") -> None:
        """Find routes there."""
        self._hosts = hosts

    def look(self, client: "Connection", number: int) -> int:
        """Look at the request that begins, the `number`th; returns the number of the next one."""
        client.look = Look(monotonic(), self._sampling.take(number))
        return self._sampling.following

    def tick(self, number: int) -> int:
        """Set the pace anew, `number` being the last request; returns the number of the next one to look at."""
        self._sampling.tick(number)
        self._lines = 0
        self._ticks += 1
        if self._ticks % _PART == 0:
            self.hosts.turn()
            self.clients.turn()
        return self._sampling.following

    def end(self, client: "Connection", tally: Tally, status: int, sent: int, *, refused: bool = False) -> None:
        """A request has ended that was looked at or failed."""
        now, head = monotonic(), client.head
        look, client.look = client.look or Look(client.since, 0), None
        if look.weight:
            tally.time(now - look.began, look.weight)
        if head is None:
            return
        if look.weight:
            self._count(client, head, look.weight, sent, failed=status >= 500)
        if self._writes and (look.weight or self._is_exception(now - look.began, status)):
            line = _line(client, head, look, now)
            more = {"verdict": "refused"} if refused else _admission(client, self._hosts.resolve(head.host)[1])
            log.info("request", **line, kind=tally.kind, status=status, bytes=sent, **more)

    def failed(self, client: "Connection", kind: str, reason: str) -> None:
        """A target did not answer as it should."""
        host = _host(client.head) if client.head is not None else ""
        request_id = client.request_id.decode()
        self.failures.append(Failure(time.time(), host, kind, reason[:LONGEST_REASON], request_id))

    def _is_exception(self, took: float, status: int) -> bool:
        if status < 500 and took < SLOW:
            return False
        self._lines += 1
        if self._most is None or self._lines <= self._most:
            return True
        self.left_out += 1
        return False

    def _count(self, client: "Connection", head: Head, weight: int, sent: int, *, failed: bool) -> None:
        errors, address = weight if failed else 0, client.visitor.client(head).decode()
        self.hosts.add(_host(head), weight, sent=sent * weight, errors=errors)
        self.clients.add(address, weight, sent=sent * weight, errors=errors)


def _line(client: "Connection", head: Head, look: Look, now: float) -> dict[str, object]:
    """What a line says of every request."""
    line: dict[str, object] = {
        "host": _host(head),
        "method": head.method.decode(),
        "path": shown_path(head.path.decode("ascii"))[:LONGEST_PATH],
        "seconds": round(now - look.began, 6),
        "peer": client.visitor.address,
        "client": client.visitor.client(head).decode(),
        "request_id": client.request_id.decode(),
        "sampled": look.weight,
    }
    if client.onward:
        line["upstream_seconds"] = round((look.first or now) - look.reached, 6)
    return line


def _admission(client: "Connection", route: Route | None) -> dict[str, object]:
    """Whose preview was shown, and as whom the visitor came in."""
    if route is None or not client.dress.preview:
        return {}
    verdict = "member" if client.trusted else "public" if route.access is Access.PUBLIC else "guest"
    return {"project": str(route.project_id), "verdict": verdict}


def _host(head: Head) -> str:
    return head.host.decode("ascii").lower().partition(":")[0]
