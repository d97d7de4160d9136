"""One connection to a target: reads answers strictly and hands them to the client that waits."""

import asyncio
import re
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, cast

from . import answers, delivery, switching
from .answers import PLAIN, Answer, BadAnswer
from .bodies import BadBody, Reader
from .counting import count
from .heads import END, Head
from .outbox import Sender

if TYPE_CHECKING:
    from .connection import Connection
    from .context import Context
    from .pool import Slot


# Answers before the answer (100, 103) to one request.
MOST_INTERIMS = 16


class Upstream(Sender):
    __slots__ = (
        "_context",
        "_error",
        "_held",
        "_interims",
        "client",
        "lost",
        "passed",
        "reader",
        "reused",
        "since",
        "slot",
        "spoken",
        "status",
        "write_paused",
    )

    def __init__(self, context: "Context", slot: "Slot") -> None:
        super().__init__()
        self._context = context
        self._held = b""
        self._interims = 0
        self.slot = slot
        self.client: Connection | None = None
        self.reader: Reader | None = None
        """Follows the body of the answer that is coming."""
        self.spoken = False
        """Whether a byte of the answer has come."""
        self.reused = False
        self.lost = False
        self._error: Exception | None = None
        """With which the connection ended."""
        self.write_paused = False
        self.since = 0.0
        self.status = self.passed = 0
        """Of the answer that is coming, and how many bytes of it have gone on."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=self._context.limits.high_water)
        self.slot.open += 1
        self.slot.tally.open += 1

    def attach(self, client: "Connection") -> None:
        """Expect an answer for `client`."""
        self.client = client
        self.reader = None
        self.spoken = False
        self._interims = 0
        self.slot.use()

    def data_received(self, data: bytes) -> None:
        if self.pending:
            self.flush()
        client = self.client
        if client is None:
            self._leave()
            self.close()
            return
        client.stamp = self._context.now
        try:
            if self.reader is None:
                self._head(client, self._held + data if self._held else data)
            else:
                self.slot.note(len(data))
                self._body(client, self.reader, data)
        except (BadAnswer, BadBody) as error:
            delivery.bad_gateway(client, f"It sent what is not HTTP: {error}.")

    def _head(self, client: "Connection", data: bytes) -> None:
        self.spoken = True
        request = client.head
        assert request is not None
        # A head that comes byte by byte is read once, not for each byte.
        more = self._held and data.find(END, max(0, len(self._held) - 3)) < 0
        found = None if more or request.method == b"HEAD" else PLAIN.match(data)
        if found is None:
            answer = None if more else answers.parse(data, request, preview=client.dress.preview)
        elif self._pass_whole(client, request, found, data):
            return
        else:
            answer = answers.plain(found)
        if answer is None:
            if data.find(END) >= 0 or len(data) > self._context.limits.head * 4:
                raise BadAnswer("its head is malformed or too long")
            self._held = data
            return
        self._held = b""
        self._begin(client, request, answer, data[answer.end :])

    def _pass_whole(self, client: "Connection", request: Head, found: re.Match[bytes], data: bytes) -> bool:
        """Whether this is all of a plain answer, between two that are not the last: passed on with the least effort."""
        begun, status, more, length, rest = found.groups()
        body = data[found.end() :]
        if len(body) != int(length) or not request.keep_alive or client.body is not None or self._context.draining:
            return False
        self._held = b""
        whole = b"".join((begun, more, rest, client.dress.lines, b"\r\n", body))
        client.give(whole)
        self._count(client, int(status), len(whole))
        client.finish(reusable=True)
        return True

    def _count(self, client: "Connection", status: int, sent: int) -> None:
        """As `count` does it, for nearly all requests end here."""
        tally = self.slot.tally
        (tally.members if client.trusted else tally.guests)[status] += 1
        tally.sent += sent
        tally.received += len(client.onward)
        if client.look is not None or status >= 500:
            self._context.journal.end(client, tally, status, sent)

    def _begin(self, client: "Connection", request: Head, answer: Answer, rest: bytes) -> None:
        if answer.status < 200:
            self._interim(client, answer, rest)
        elif answer.own and switching.tunnel(client, self, answer, rest):
            return
        elif answer.length == len(rest) and not answer.bodiless:
            whole = _dress(client, answer) + rest
            client.give(whole)
            self._count(client, answer.status, len(whole))
            client.finish(reusable=answer.keep_alive)
        else:
            self.reader = answer.reader(unwrap=not request.modern)
            begun = _dress(client, answer)
            client.transport.write(begun)
            self.status, self.passed = answer.status, len(begun)
            if client.look is not None:
                client.look.first = monotonic()
            if not answer.keep_alive:
                self.since = -1.0
            self._body(client, self.reader, rest)

    def _interim(self, client: "Connection", answer: Answer, rest: bytes) -> None:
        if answer.status == 101:
            switching.switch(client, self, answer, rest)
            return
        self._interims += 1
        if self._interims > MOST_INTERIMS:
            raise BadAnswer("it announces an answer again and again")
        assert client.head is not None
        if client.head.modern:
            client.transport.write(answer.compose(b""))
        self.spoken = False
        if rest:
            self._head(client, rest)

    def _body(self, client: "Connection", reader: Reader, data: bytes) -> None:
        body, rest = reader.feed(data)
        if body:
            client.transport.write(body)
            self.passed += len(body)
        if rest is not None:
            count(client, self.slot.tally, self.status, self.passed)
            client.finish(reusable=not rest and self.since >= 0)
        elif reader.behind:
            self.pause()
            self._context.call_soon(partial(self._go_on, client, reader))

    def _go_on(self, client: "Connection", reader: Reader) -> None:
        """Pass on what has come of a body, after others had their turn; the end of the connection comes after it."""
        if self.client is not client or self.reader is not reader:
            return
        try:
            self._body(client, reader, b"")
        except BadBody as error:
            delivery.bad_gateway(client, f"It sent what is not HTTP: {error}.")
            return
        if self.lost and self.client is client and not reader.behind:
            self.client = None
            delivery.lost_upstream(client, self, self._error)
        elif not client.write_paused:
            self.resume()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        # What this end closes it takes from the idle ones first; to look for it there costs more the more they are.
        by_itself, self.lost = not self.lost, True
        self.pending = b""
        self.slot.open -= 1
        self.slot.tally.open -= 1
        if self.client is not None and self.reader is not None and self.reader.behind:
            self.since, self._error = -1.0, error
            return
        client, self.client = self.client, None
        if client is None:
            if by_itself:
                self._leave()
            return
        delivery.lost_upstream(client, self, error)

    def _leave(self) -> None:
        """Be idle no more."""
        if self in self.slot.idle:
            self.slot.idle.remove(self)

    def pause(self) -> None:
        if not self.lost:
            self.transport.pause_reading()

    def resume(self) -> None:
        if not self.lost and not (self.reader is not None and self.reader.behind):
            self.transport.resume_reading()

    def pause_writing(self) -> None:
        self.write_paused = True
        if self.client is not None:
            self.client.pause()

    def resume_writing(self) -> None:
        self.write_paused = False
        if self.client is not None:
            self.client.resume()

    @property
    def unsent(self) -> bool:
        """Whether some of a request still waits to be sent."""
        return self.transport.get_write_buffer_size() > 0

    def close(self) -> None:
        """End the connection; what was written still goes out."""
        self.flush()
        self.client = None
        self.lost = True
        self.transport.close()

    def abort(self) -> None:
        self.pending = b""
        self.client = None
        self.lost = True
        self.transport.abort()


def _dress(client: "Connection", answer: Answer) -> bytes:
    """The head of an answer as the client gets it; decides whether the connection lives on."""
    head = client.head
    assert head is not None
    endless = answer.length is None and not answer.chunked and not answer.bodiless
    if answer.chunked and not head.modern:
        answer.unwrap()
    if client.body is not None or endless or client.context.draining or not head.keep_alive:
        head.keep_alive = False
        return answer.compose(client.dress.lines + b"Connection: close\r\n")
    return answer.compose(client.dress.lines)
