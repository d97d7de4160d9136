"""Connecting to an address that is a number: the loop's own way asks a thread about it first, as if it were a name."""

import asyncio
import os
import select
import socket


async def connect(connection: socket.socket, address: tuple[str, int]) -> None:
    """`connection` must not block. Raises OSError."""
    try:
        connection.connect(address)
    except BlockingIOError:
        # On loopback it is decided by now, and the loop need not be asked to look.
        if not _is_decided(connection):
            await _decision(connection)
        error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error)) from None


def _is_decided(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    return bool(poll.poll(0))


async def _decision(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    decided = loop.create_future()
    loop.add_writer(connection, _settle, decided)
    try:
        await decided
    finally:
        loop.remove_writer(connection)


def _settle(decided: "asyncio.Future[None]") -> None:
    if not decided.done():
        decided.set_result(None)
