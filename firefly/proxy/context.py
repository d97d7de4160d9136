"""What all connections of one front door share: the coarse clock, counters, tasks, and what it was given."""

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

import structlog

from firefly.routes import Target

from .answers import Dress
from .checks import Checks
from .fields import VIA
from .heads import Heads
from .intake import Room
from .outbox import Outbox
from .pool import Pool
from .progress import Watches
from .seams import Seams
from .seats import Seats
from .spread import Spreads
from .tally import KINDS, Tally, kind_of
from .tunnel import Pipe
from .turns import Turns

if TYPE_CHECKING:
    from .connection import Connection

log = structlog.get_logger()

_ENDS = tuple(b"%02x" % number for number in range(256))

COUNTERS = (
    "accepted",
    "asked",
    "dialed",
    "ejected",
    "exhausted",
    "failed",
    "malformed",
    "moved",
    "refused",
    "renewed",
    "retried",
    "sent_to_app",
    "too_slow",
    "turned_away",
)


class Context(Seams):
    """`now` is a monotonic clock in seconds that is set a few times a second: exact enough for limits, and free."""

    own: Tally
    """Counts what is answered without a target."""
    look_at: int
    """Which request is the next that the journal looks at."""
    connections: set["Connection"]
    held: set["Connection"]
    """Connections whose request waits for a target."""
    waiting: dict[Target, int]
    """How many dials there are for each."""
    left: dict[Target, asyncio.Task[None]]
    """Dials that go on although nobody waits for them any longer, one for each target at most."""
    viewers: set["Connection"]
    """Browsers that look at a page which grows while they wait."""
    pipes: set[Pipe]
    cuts: int
    """How often access was taken away from somebody."""
    call_soon: Callable[[Callable[[], None]], asyncio.Handle]

    def __post_init__(self) -> None:
        self.heads = Heads(self.limits)
        self.outbox = Outbox()
        self.room = Room()
        self.turns = Turns()
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.seats = Seats(self.limits, self.proxies)
        self.tallies = {kind: Tally(kind) for kind in KINDS}
        self.own = self.tallies["none"]
        self.journal.open(self.hosts)
        self.look_at = 1
        self.connections = set()
        self.held = set()
        self.waiting = {}
        self.left = {}
        self.pipes = set()
        self.cuts = 0
        self.draining = False
        self.now = 0.0
        self.app_dress = Dress()
        self.preview_dress = Dress(_lines(self.hosts.app_origin), preview=True)
        self.pool = Pool(self, dialer=self.dialer, app_path=self.app_path, limits=self.limits)
        self.watches = Watches(self, self.dialer)
        self.viewers = set()
        self.spreads = Spreads(self, self.dialer)
        self.checks = Checks(self, self.dialer)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server_id = secrets.token_hex(6).encode()
        self._request_prefix = b""
        self.requests = 0

    def request_id(self) -> bytes:
        """A name for one request, on every line that is logged for it from here to the bridge."""
        number = self.requests = self.requests + 1
        # All but the end is the same for many, and to write numbers takes longer than to look them up.
        if not (low := number & 0xFF) or not self._request_prefix:
            self._request_prefix = b"%b%05x" % (self._server_id, number >> 8)
        return self._request_prefix + _ENDS[low]

    def tally(self, target: Target) -> Tally:
        """Where what is for `target` is counted."""
        return self.tallies[kind_of(target)]

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set the clock; called by the loop that will run everything."""
        self.now = time.monotonic()
        self.call_soon = loop.call_soon
        self.outbox.open(loop)
        self.turns.open(loop)

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run `work` in a task that `cancel` ends at the latest."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("proxy.failed", exc_info=error)

    async def cancel(self) -> None:
        """End all tasks that still run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _lines(app_origin: str) -> bytes:
    """What all answers of previews say."""
    ancestors = f"Content-Security-Policy: frame-ancestors 'self' {app_origin}\r\nX-Robots-Tag: noindex\r\n"
    return ancestors.encode() + VIA % b"1"
