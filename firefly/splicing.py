"""Sockets without streams around them: accepted, and two spliced into one way with back-pressure and half-closes."""

import asyncio
import contextlib
import socket

from . import descriptors

BLOCK = 64 << 10
_REST = 0.1
# A peer that has vanished is noticed after about a minute, however long nobody has said anything.
_ASK_AFTER, _ASK_EVERY, _ASK_TIMES = 30, 10, 3


async def accept(listener: socket.socket) -> socket.socket:
    """The next connection, which does not block; where no descriptor is left for one, it waits a little."""
    while True:
        try:
            return (await asyncio.get_running_loop().sock_accept(listener))[0]
        except OSError as error:
            if error.errno in descriptors.EXHAUSTED:
                await asyncio.sleep(_REST)


async def splice(one: socket.socket, other: socket.socket) -> None:
    """Return when both have ended, or either has failed. Closes neither; both must not block."""
    tasks = [asyncio.create_task(_carry(one, other)), asyncio.create_task(_carry(other, one))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _carry(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while data := await loop.sock_recv(source, BLOCK):
        await loop.sock_sendall(target, data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


async def read_line(source: socket.socket, longest: int) -> bytes:
    """A line with its end, byte by byte, since what follows is somebody else's; less where the line is cut short."""
    loop, line = asyncio.get_running_loop(), bytearray()
    while not line.endswith(b"\n") and len(line) < longest:
        if not (byte := await loop.sock_recv(source, 1)):
            break
        line += byte
    return bytes(line)


def keep_alive(connection: socket.socket) -> None:
    """Have the kernel ask whether the peer is still there, and send small pieces at once."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _ASK_AFTER)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _ASK_EVERY)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _ASK_TIMES)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, (_ASK_AFTER + _ASK_EVERY * _ASK_TIMES) * 1000)
