"""Large bodies of requests: received into one room that all connections share, and passed on from there uncopied."""

import asyncio
from typing import TYPE_CHECKING

from .bodies import Counted
from .stage import SENT

if TYPE_CHECKING:
    from .connection import Connection

# Bodies from this many bytes on are taken in this way.
LARGE = 128 * 1024
SIZE = 256 * 1024
# Less than this is copied: what waits for a slow target would otherwise keep a whole room for each few bytes.
LEAST = SIZE // 4
FRONT = 16 * 1024


class Room:
    """Where bytes are received. What still waits to be sent from it keeps it; then there is another one."""

    __slots__ = ("front", "whole")

    def __init__(self) -> None:
        self.leave()

    def leave(self) -> None:
        self.whole = memoryview(bytearray(SIZE))
        self.front = self.whole[:FRONT]
        """For what is copied: heads, and what comes with them."""


class Intake(asyncio.BufferedProtocol):
    """Stands between transport and connection, from the first large body on."""

    __slots__ = ("_client", "_room")

    def __init__(self, client: "Connection", room: Room) -> None:
        self._client = client
        self._room = room

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._room.whole if self._client.stage is SENT else self._room.front

    def buffer_updated(self, nbytes: int) -> None:
        client = self._client
        part, body, upstream = self._room.whole[:nbytes], client.body, client.upstream
        if nbytes < LEAST or client.stage is not SENT or not isinstance(body, Counted) or nbytes > body.left:
            client.data_received(bytes(part))
        elif upstream is not None:
            client.stamp = client.context.now
            client.moved += nbytes
            body.left -= nbytes
            upstream.slot.use()
            upstream.slot.tally.received += nbytes
            upstream.transport.write(part)
            if upstream.unsent:
                self._room.leave()
            if not body.left:
                client.body = None

    def eof_received(self) -> bool:
        return self._client.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.connection_lost(exc)

    def pause_writing(self) -> None:
        self._client.pause_writing()

    def resume_writing(self) -> None:
        self._client.resume_writing()


def prepare(client: "Connection", length: int) -> None:
    """Take in what comes from here on as suits a body of this length."""
    if length >= LARGE and client.transport.get_protocol() is client:
        client.transport.set_protocol(Intake(client, client.context.room))
