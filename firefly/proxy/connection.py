"""One client connection: reads requests one after another and owns what each of them is doing."""

import asyncio
from typing import TYPE_CHECKING, cast

from . import arrival, counting, delivery, endings, intake, reception, upload
from .bodies import Reader, request_reader
from .forwarded import Visitor
from .heads import Head
from .journal import Look
from .outbox import Sender
from .seats import Seat
from .stage import ANSWERING, HELD, IDLE, SENT, Stage

if TYPE_CHECKING:
    from .attempt import Attempt
    from .context import Context
    from .upstream import Upstream
    from .viewer import Viewer

# Bytes that a client may send ahead of its turn, and that are kept for a second try on a fresh connection.
MOST_AHEAD = 64 * 1024


class Connection(Sender):
    __slots__ = (
        "attempt",
        "body",
        "buffer",
        "context",
        "dress",
        "ended",
        "head",
        "holder",
        "look",
        "mark",
        "moved",
        "onward",
        "reads",
        "request_id",
        "scanned",
        "seat",
        "since",
        "stage",
        "stamp",
        "trusted",
        "upstream",
        "viewer",
        "visitor",
        "waits",
        "write_paused",
    )

    def __init__(self, context: "Context", visitor: Visitor, seat: Seat) -> None:
        super().__init__()
        self.context = context
        self.visitor = visitor
        self.seat = seat
        self.stage = Stage.IDLE
        self.head: Head | None = None
        self.holder: object = None
        """Whose tunnel is being opened, when the app asked for it."""
        self.upstream: Upstream | None = None
        self.body: Reader | None = None
        """Follows the request's body while it still comes."""
        self.buffer = b""
        """What has come and was not yet looked at."""
        self.dress = context.app_dress
        self.onward = b""
        """The request as it was sent upstream, while it may be sent again."""
        self.request_id = b""
        self.trusted = False
        """Whether who asks may see why a target does not run."""
        self.attempt: Attempt | None = None
        """The request's way through the members of its target, if that has several."""
        self.waits: delivery.Wait | None = None
        """The dial that this request waits for."""
        self.viewer: Viewer | None = None
        """The page that this request is answered with while its target is on its way."""
        self.moved = 0
        """Bytes of the request's body that have come."""
        self.mark: tuple[float, int] | None = None
        """Since when the pace of a body is measured, and where it was then."""
        self.ended = False
        self.look: Look | None = None
        """What the journal notes of this request, if it does."""
        self.stamp = self.since = context.now
        self.reads = True
        self.scanned = 0
        """Bytes of the buffer in which no head ends."""
        self.write_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=self.context.limits.high_water)
        self.context.counters["accepted"] += 1
        self.context.connections.add(self)

    def data_received(self, data: bytes) -> None:
        context = self.context
        self.stamp = context.now
        if self.pending:
            self.flush()
        if self.stage is IDLE and not self.write_paused:
            head = None if self.buffer else context.heads.known(data)
            if head is not None:
                self.begin(head)
            else:
                arrival.wait_for_turn(self, data)
        elif self.stage is Stage.SENT and self.body is not None:
            upload.pass_on(self, data)
        elif self.stage is not Stage.LINGER:
            self.buffer += data
            if len(self.buffer) > MOST_AHEAD:
                self.pause()

    def begin(self, head: Head) -> None:
        """Set a request on its way."""
        self.head = head
        self.stage = HELD
        self.since = self.stamp
        reception.receive(self, head)

    def send(self, upstream: "Upstream", onward: bytes) -> None:
        """Give the request to `upstream`: its head, and what has come of its body."""
        head = self.head
        assert head is not None
        self.stage = SENT
        self.upstream = upstream
        upstream.attach(self)
        self.onward = onward
        fields = head.fields
        if fields.plain and not self.write_paused:
            self.context.outbox.put(upstream, onward)
            return
        upstream.transport.write(onward)
        if self.write_paused:
            upstream.pause()
        if fields.upgrade:
            self.pause()
        elif fields.length:
            self.body = request_reader(fields.length)
            self.moved, self.mark = 0, None
            intake.prepare(self, fields.length)
            data, self.buffer = self.buffer, b""
            # First, because what has come may be more than the upstream takes, which pauses again.
            self.resume()
            upload.pass_on(self, data)
            if self.ended and self.body is not None and not self.body.behind:
                # It sent no more while the target was dialed, so the rest never comes.
                self.transport.close()

    def give(self, answer: bytes) -> None:
        """Write a whole answer; with others, if this request is neither the last nor followed by one that waits."""
        head = self.head
        if head is not None and head.keep_alive and not self.buffer and not self.ended and not self.pending:
            self.context.outbox.put(self, answer)
        else:
            self.flush()
            self.transport.write(answer)

    def finish(self, *, reusable: bool) -> None:
        """The answer has ended: let go of the upstream and go on to the next request."""
        upstream, self.upstream = self.upstream, None
        head = self.head
        if upstream is not None:
            upstream.client = None
            upstream.slot.well = True
            if reusable and self.body is None and head is not None and (head.fields.plain or not upstream.unsent):
                if self.write_paused:
                    upstream.resume()
                self.context.pool.release(upstream)
            else:
                upstream.close()
        self.next()

    def next(self) -> None:
        """Wait for the next request, or begin it if it has come already."""
        head, self.head = self.head, None
        if head is None or not head.keep_alive or (self.ended and not self.buffer):
            endings.end(self)
            return
        self.stage = IDLE
        self.onward = b""
        self.holder = self.attempt = None
        self.dress = self.context.app_dress
        if not self.reads:
            self.resume()
        if self.buffer and not self.write_paused:
            data, self.buffer = self.buffer, b""
            arrival.read(self, data)

    def eof_received(self) -> bool:
        self.flush()
        self.ended = True
        # TLS has no half-closed connections here: asyncio ends both directions.
        whole = self.body is None or self.body.behind
        return self.stage in ANSWERING and whole and self.transport.can_write_eof()

    def connection_lost(self, error: Exception | None) -> None:
        counting.leave(self)
        self.stage = Stage.GONE
        # Whatever still happens for this connection finds no request.
        self.head = None
        self.pending = self.buffer = b""
        self.context.connections.discard(self)
        self.seat.leave()
        delivery.give_up(self)
        if self.viewer is not None:
            self.viewer.leave()
        if self.upstream is not None:
            self.upstream.abort()
            self.upstream = None

    def pause(self) -> None:
        if self.reads:
            self.reads = False
            self.transport.pause_reading()

    def resume(self) -> None:
        behind = self.stage is SENT and self.body is not None and self.body.behind
        if not self.reads and not behind and not self.transport.is_closing():
            self.reads = True
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        self.write_paused = True
        self.mark = None
        if self.upstream is not None:
            self.upstream.pause()

    def resume_writing(self) -> None:
        self.write_paused = False
        self.mark = None
        if self.upstream is not None:
            self.upstream.resume()
        elif self.stage is Stage.IDLE and self.buffer:
            data, self.buffer = self.buffer, b""
            arrival.read(self, data)
