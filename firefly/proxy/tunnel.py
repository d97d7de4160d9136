"""A tunnel: two connections whose bytes are passed on as they are, with back-pressure both ways."""

import asyncio
from collections.abc import MutableSet
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .heads import Head
    from .pool import Slot
    from .seats import Seat


class Pipe(asyncio.Protocol):
    """One end of a tunnel: passes what it receives to `other`."""

    __slots__ = ("_open", "ended", "head", "holder", "other", "passed", "seat", "slot", "transport")

    other: "Pipe"
    head: "Head | None"
    holder: object

    def __init__(self, transport: asyncio.Transport, slot: "Slot", open_pipes: MutableSet["Pipe"]) -> None:
        self.transport = transport
        self.slot = slot
        self.ended = False
        self.passed = 0
        """Bytes that came here and went on."""
        self.head = None
        """The request that opened a preview's tunnel, which the gate may be asked about again."""
        self.holder = None
        """Whose tunnel it is, as the app said that asked for it."""
        self.seat: Seat | None = None
        """What the client's end takes up."""
        self._open = open_pipes

    def data_received(self, data: bytes) -> None:
        size = len(data)
        self.slot.note(size)
        self.passed += size
        self.other.transport.write(data)

    def eof_received(self) -> bool:
        self.ended = True
        other = self.other.transport
        # TLS cannot be half-closed here: the end of one direction is that of both.
        if self.other.ended or not (other.can_write_eof() and self.transport.can_write_eof()):
            return False
        other.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._open:
            self._open.discard(self)
            self.slot.tally.received += self.passed
            if self.seat is not None:
                self.seat.leave()
        else:
            self.slot.open -= 1
            self.slot.tunnels -= 1
            self.slot.tally.sent += self.passed
        if error is None:
            self.other.transport.close()
        else:
            self.other.transport.abort()

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def abort(self) -> None:
        """End both sides, whatever still waits to be sent."""
        self.transport.abort()
        self.other.transport.abort()


def join(
    client: asyncio.Transport, upstream: asyncio.Transport, slot: "Slot", open_pipes: MutableSet[Pipe]
) -> tuple[Pipe, Pipe]:
    """Let both transports feed each other; the client's end is entered in `open_pipes` while it lasts."""
    near, far = Pipe(client, slot, open_pipes), Pipe(upstream, slot, open_pipes)
    near.other, far.other = far, near
    open_pipes.add(near)
    slot.tunnels += 1
    slot.tally.open -= 1
    client.set_protocol(near)
    upstream.set_protocol(far)
    return near, far
