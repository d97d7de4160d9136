"""Frames and descriptors over a connected unix socket: written when it takes them, read whole."""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import structlog

Descriptors: TypeAlias = deque[int]

LENGTH = struct.Struct(">I")
LARGEST_FRAME = 16 << 20
READ_AT_ONCE = 256 << 10
MOST_DESCRIPTORS = 64
# What may wait to be sent: so much before whoever can wait is made to, and so much before the other end is given up.
HIGH_WATER, MOST_WAITING = 1 << 20, 64 << 20

_INT = struct.Struct("i")

log = structlog.get_logger()


class Channel:
    """A frame is its length in four bytes and its data; descriptors travel beside the first byte of their frame.

    `take` gets each frame, and the descriptors that have come, oldest first, to take its own from. What it raises
    ends the channel. `ended` is called once.
    """

    def __init__(
        self, connection: socket.socket, *, take: Callable[[bytes, Descriptors], None], ended: Callable[[], None]
    ) -> None:
        self._socket = connection
        self._take = take
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[memoryview, tuple[socket.socket, ...]]] = deque()
        self._waiting_size = 0
        self._writable = asyncio.Event()
        self._writable.set()
        self._received = bytearray()
        self._descriptors: Descriptors = deque()
        self.closed = False
        connection.setblocking(False)
        self._loop.add_reader(connection.fileno(), self._read)

    async def ready(self) -> None:
        """Wait while much waits to be sent."""
        await self._writable.wait()

    def send(self, data: bytes, sockets: tuple[socket.socket, ...] = ()) -> None:
        """`sockets` are closed here once they are sent; nothing is sent where the other end is gone."""
        if self.closed:
            close_all(sockets)
            return
        view = memoryview(LENGTH.pack(len(data)) + data)
        self._waiting.append((view, sockets))
        self._waiting_size += len(view)
        if len(self._waiting) == 1:
            self._write()
        if self._waiting_size > MOST_WAITING:
            log.error("link.given_up", waiting=self._waiting_size)
            self.close()
        elif self._waiting_size > HIGH_WATER:
            self._writable.clear()

    def close(self) -> None:
        """End it, for both sides; what waits to be sent is lost."""
        if self.closed:
            return
        self.closed = True
        self._writable.set()
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
        for _, sockets in self._waiting:
            close_all(sockets)
        self._waiting.clear()
        for descriptor in self._descriptors:
            socket.close(descriptor)
        self._descriptors.clear()
        self._ended()

    def _write(self) -> None:
        while self._waiting:
            view, sockets = self._waiting[0]
            try:
                sent = _send(self._socket, view, sockets)
            except BlockingIOError:
                self._loop.add_writer(self._socket.fileno(), self._write)
                return
            except OSError:
                self.close()
                return
            close_all(sockets)
            self._waiting_size -= sent
            if sent < len(view):
                self._waiting[0] = view[sent:], ()
            else:
                self._waiting.popleft()
        self._loop.remove_writer(self._socket.fileno())
        self._writable.set()

    def _read(self) -> None:
        try:
            data, descriptors = _receive(self._socket)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._descriptors.extend(descriptors)
        self._received += data
        try:
            self._take_frames()
        # Whatever it is: after a frame that cannot be read, none can.
        except Exception as error:
            log.error("link.broken", exc_info=error)
            data = b""
        if not data:
            self.close()

    def _take_frames(self) -> None:
        position = 0
        while not self.closed and len(self._received) >= position + LENGTH.size:
            (size,) = LENGTH.unpack_from(self._received, position)
            if size > LARGEST_FRAME:
                raise ValueError(f"a frame of {size} bytes")
            begin = position + LENGTH.size
            if len(self._received) < begin + size:
                break
            position = begin + size
            self._take(bytes(self._received[begin:position]), self._descriptors)
        del self._received[:position]


def _send(connection: socket.socket, view: memoryview, sockets: tuple[socket.socket, ...]) -> int:
    if sockets:
        return socket.send_fds(connection, [view], [one.fileno() for one in sockets])
    return connection.send(view)


def _receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    space = socket.CMSG_SPACE(MOST_DESCRIPTORS * _INT.size)
    data, ancillary, flags, _ = connection.recvmsg(READ_AT_ONCE, space, socket.MSG_CMSG_CLOEXEC)
    descriptors = [
        found
        for level, kind, items in ancillary
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
        for (found,) in _INT.iter_unpack(items[: len(items) - len(items) % _INT.size])
    ]
    if flags & socket.MSG_CTRUNC:
        for descriptor in descriptors:
            socket.close(descriptor)
        raise OSError("descriptors were lost")
    return data, descriptors


def close_all(sockets: tuple[socket.socket, ...]) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):
            one.close()
